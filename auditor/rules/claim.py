"""From claims to findings: places, stable ids, endpoints, confidence."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.origin import LIBRARY_ROOT
from auditor.index.symbols import Class, inner_blocks
from auditor.model.report import Evidence, Finding, Place, TermAtStake
from auditor.rules import staff
from auditor.rules.by_hand import is_started_by_name
from auditor.trace.analysis import TRACED_ROLES

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.model.rule import RuleInfo
    from auditor.model.severity import Severity
    from auditor.rules.scene import Scene, Spot
    from auditor.trace.summary import Summary

_RELATED: Final = 4
_OWN_RELATED: Final = 2
_FOLDED: Final = 6
_ASIDE: Final = 3
"""Claims in one finding of a file that no request waits for: it has places for two more beside its own."""
_SCRIPTS: Final = 4
"""Claims in one finding of scripts, and of what many functions do by calling the same."""
_MANY: Final = 3
"""Functions from which on they are told together because what they call does it."""
_COMMANDS: Final = "/management/commands/"
_BACKGROUND: Final = ("TASK ", "COMMAND ")
"""How the ids of the entry points begin that no request waits for."""
_SHOWN_ROLES: Final = TRACED_ROLES | {"config"}
_MOST_EVIDENCE: Final = 8
LEAST_CONFIDENCE: Final = 0.5
"""What is more likely wrong than right is not said."""
UNREACHED_PENALTY: Final = 0.1
"""What confidence loses where no known endpoint reaches the place: it may be a script that runs once a year."""
GUESSED_PENALTY: Final = 0.35
"""What it loses where a type was guessed from a name."""


@dataclass(slots=True)
class Claim:
    """What a rule says; `spot` is the statement at fault."""

    spot: Spot
    title: str
    evidence: list[Evidence]
    confidence: float
    severity: Severity | None = None
    related: list[Place] = field(default_factory=list)
    subject: str = ""
    cost_term: TermAtStake | None = None
    could_be_wrong: str = ""
    fix: str = ""
    guessed: bool = False
    indirect: bool = False
    """The statement does it by calling what does; where nothing known serves a request, that is not said."""
    payers: tuple[Function, ...] = ()
    """Functions beside the spot's own that pay for it: their endpoints are the finding's too."""
    cause: tuple[Hashable, ...] = ()
    """What functions that do the same by calling it have in common; empty where each has to be mended by itself."""
    scopes: tuple[Summary, ...] = ()
    """Evaluations in which it was seen: their endpoints pay, not all that the spot's function serves."""


def place(spot: Spot, role: str) -> Place:
    return Place(file=spot.module.path, line=spot.start, end_line=spot.end, role=role)  # type: ignore[arg-type]  # closed set


def findings(scene: Scene, rule: RuleInfo, claims: Iterable[Claim]) -> list[Finding]:
    """One finding per function and rule: the surest claim, with the places of the others."""
    best: dict[tuple[str, int, str], Claim] = {}
    for claim in claims:
        if claim.spot.module.role not in _SHOWN_ROLES:
            continue
        key = (*claim.spot.key, claim.subject)
        known = best.get(key)
        if known is None:
            best[key] = claim
        else:
            surer, other = (claim, known) if claim.confidence > known.confidence else (known, claim)
            best[key] = together_with(surer, other)
    worth = [claim for claim in best.values() if is_worth_saying(scene, claim)]
    sure = [c for c in worth if not staff.option_of(c)]
    optional = staff.by_cause(rule.id, (c for c in worth if staff.option_of(c)))
    scripts = [c for c in sure if is_of_script(scene, c)]
    by_hand = {id(c) for c in scripts}
    commands = [c for c in sure if id(c) not in by_hand and is_of_command(scene, c)]
    by_hand |= {id(c) for c in commands}
    aside = [] if rule.by_file else [c for c in sure if not is_waited_for(scene, c) and id(c) not in by_hand]
    set_aside = by_hand | {id(c) for c in aside}
    waited = [c for c in sure if id(c) not in set_aside]
    own = 0 if rule.by_file else _OWN_RELATED
    by_function = by_file(waited) if rule.by_file else together(waited)
    alone, many = of_one_cause(by_function)
    groups = [*alone, *by_file(aside, most=_ASIDE)]
    made = [told(scene, rule, folded(group, own=own)) for group in groups]
    for group in many:
        among = "other tables" if group[0].spot.function is None else "other functions"
        made.append(told(scene, rule, folded(group, own=1, among=among)))
    made += [
        told(scene, rule, folded(group, own=1, among="scripts that are run by hand"))
        for group in in_groups(scripts, _SCRIPTS)
    ]
    made += [
        told(scene, rule, folded(group, own=1, among="commands")) for group in in_groups(commands, _SCRIPTS)
    ]
    made += [told(scene, rule, folded(group, own=1, among="the admin")) for group in optional]
    return made


def told(scene: Scene, rule: RuleInfo, claim: Claim) -> Finding:
    """The finding, with an id of its rule, its function and its statement."""
    name = qualname(claim.spot)
    return finding(scene, rule, claim, name, f"{rule.id}\0{name}\0{normalised(claim.spot)}")


def together_with(claim: Claim, other: Claim) -> Claim:
    """A claim with what another says of the same statement where that was evaluated for other endpoints."""
    if not (claim.scopes and other.scopes):
        return claim
    return replace(
        claim,
        evidence=[*claim.evidence, *(e for e in other.evidence if e not in claim.evidence)][:_MOST_EVIDENCE],
        related=[*claim.related, *(p for p in other.related if p not in claim.related)],
        scopes=tuple({id(s): s for s in (*claim.scopes, *other.scopes)}.values()),
    )


def is_worth_saying(scene: Scene, claim: Claim) -> bool:
    """More likely right than wrong; and what is only reached by calls, reached from something that serves."""
    reached = bool(endpoints_of(scene, claim))
    taken = (GUESSED_PENALTY if claim.guessed else 0) + (0 if reached else UNREACHED_PENALTY)
    return round(claim.confidence - taken, 2) >= LEAST_CONFIDENCE and (not claim.indirect or reached)


def is_waited_for(scene: Scene, claim: Claim) -> bool:
    """Whether a request waits for it; True also for what stands in no function, a model's columns or settings.

    What only workers, people at a prompt and the admin's pages run is told once a file: it is read, and mended, when
    somebody is there.
    """
    staffs = scene.once(staff.admin_pages)
    return claim.spot.function is None or any(
        not e.startswith(_BACKGROUND) and e not in staffs for e in endpoints_of(scene, claim)
    )


def of_one_cause(groups: Iterable[list[Claim]]) -> tuple[list[list[Claim]], list[list[Claim]]]:
    """Groups as they are, and those that many functions share the cause of, a few functions in each."""
    alone: list[list[Claim]] = []
    shared: dict[Hashable, list[Claim]] = {}
    for group in groups:
        if len(group) == 1 and group[0].cause:
            shared.setdefault(group[0].cause, []).append(group[0])
        else:
            alone.append(group)
    alone += [[claim] for claims in shared.values() if len(claims) < _MANY for claim in claims]
    many = [claims for claims in shared.values() if len(claims) >= _MANY]
    return alone, [group for claims in many for group in in_groups(claims, _SCRIPTS)]


def is_of_script(scene: Scene, claim: Claim) -> bool:
    """Whether it stands in a file that a person starts by its name, and no known entry point leads to it.

    Of such files a project has dozens, of which most ran once: what is alike in them is told together.
    """
    found = claim.spot.function is not None and is_started_by_name(claim.spot.module)
    return found and not endpoints_of(scene, claim)


def is_of_command(scene: Scene, claim: Claim) -> bool:
    """Whether it stands in a command's own file, and nobody but who types that command waits for it.

    Django's commands are scripts by another name: most of them filled a column once.
    """
    own = claim.spot.function is not None and _COMMANDS in f"/{claim.spot.module.path}"
    return own and all(e.startswith("COMMAND ") for e in endpoints_of(scene, claim))


def together(claims: Iterable[Claim]) -> list[list[Claim]]:
    """The claims of one function (or class body) in one group, the surest first: they are read and mended together."""
    groups: dict[tuple[str, str], list[Claim]] = {}
    for claim in claims:
        groups.setdefault((claim.spot.module.path, qualname(claim.spot)), []).append(claim)
    return [
        sorted(groups[key], key=lambda c: (-round(c.confidence, 2), c.guessed, c.spot.start, c.subject))
        for key in sorted(groups)
    ]


def by_file(claims: Iterable[Claim], *, most: int = 1 + _RELATED) -> list[list[Claim]]:
    """The claims of one file in groups of at most as many as a finding has places for, the surest first."""
    files: dict[str, list[Claim]] = {}
    for claim in claims:
        files.setdefault(claim.spot.module.path, []).append(claim)
    return [group for path in sorted(files) for group in in_groups(files[path], most)]


def in_groups(claims: Iterable[Claim], most: int) -> list[list[Claim]]:
    """Claims in groups of at most so many, the surest first."""
    ordered = sorted(
        claims,
        key=lambda c: (
            -round(c.confidence, 2),
            c.guessed,
            c.spot.module.path,
            c.spot.start,
            c.subject,
        ),
    )
    return [ordered[n : n + most] for n in range(0, len(ordered), most)]


def folded(group: list[Claim], *, own: int = _OWN_RELATED, among: str = "this file") -> Claim:
    """The surest claim of a group, with the places and titles of the others; `own` places of its own come first."""
    first, *others = group
    if not others:
        return first
    spots = {c.spot.key: c for c in others if c.spot.key != first.spot.key}
    elsewhere = {c.spot.key for c in others if qualname(c.spot) != qualname(first.spot)}
    return replace(
        first,
        title=f"{first.title}; {len(elsewhere)} more like it in {among}"
        if elsewhere and own
        else first.title,
        evidence=[
            *first.evidence,
            *(
                Evidence(kind="code", text=f"and at `{c.spot.module.path}:{c.spot.line}`: {c.title}")
                for c in sorted(others, key=lambda c: c.spot.start)[:_FOLDED]
            ),
        ],
        related=[
            *first.related[:own],
            *(place(c.spot, "call") for c in spots.values()),
            *first.related,
        ],
        payers=tuple(
            {
                id(f): f
                for c in group
                for f in (*c.payers, *(() if c.scopes else (c.spot.function,)))
                if f is not None
            }.values()
        ),
        scopes=tuple({id(s): s for c in group for s in c.scopes}.values()),
    )


def endpoints_of(scene: Scene, claim: Claim) -> tuple[str, ...]:
    """Ids of the endpoints that pay for it, sorted: where it is known in which evaluations it was seen, theirs alone."""
    seen = {e for scope in claim.scopes for e in _endpoints_in(scene, scope)}
    payers = claim.payers if claim.scopes else (claim.spot.function, *claim.payers)
    return tuple(sorted(seen | {e.id for f in payers for e in scene.trace.endpoints_of(f)}))


def _endpoints_in(scene: Scene, scope: Summary) -> tuple[str, ...]:
    """Ids of the endpoints that an evaluation is of: an endpoint's own, else those that reach its function."""
    own = scene.entries_of.get(id(scope))
    if own is not None:
        return own
    function = scene.orphan_of.get(id(scope), scope.function)
    return tuple(e.id for e in scene.trace.endpoints_of(function))


def finding(scene: Scene, rule: RuleInfo, claim: Claim, name: str, identity: str) -> Finding:
    endpoints = endpoints_of(scene, claim)
    confidence = (
        claim.confidence - (0 if endpoints else UNREACHED_PENALTY) - (GUESSED_PENALTY if claim.guessed else 0)
    )
    places = {(p.file, p.line): p for p in reversed(claim.related)}
    places.pop((claim.spot.module.path, claim.spot.start), None)
    ours = (
        p for p in claim.related if not p.file.startswith(LIBRARY_ROOT)
    )  # what we say of libraries is in no tree
    related = [p for p in ours if places.get((p.file, p.line)) is p]
    return Finding(
        id=f"F-{hashlib.blake2b(identity.encode(), digest_size=5).hexdigest()}",
        rule=rule.id,
        title=claim.title,
        file=claim.spot.module.path,
        line=claim.spot.start,
        end_line=max(claim.spot.start, claim.spot.end),
        function=name,
        endpoints=endpoints,
        severity=staff.weight(scene, endpoints, claim.severity or rule.severity, claim),
        confidence=round(min(max(confidence, 0.05), 0.99), 2),
        related=tuple(related[:_RELATED]),
        evidence=(*claim.evidence, *staff.waiting(scene, endpoints)),
        playbook=rule.playbook,
        subject=claim.subject,
        cost_term=claim.cost_term,
        could_be_wrong=claim.could_be_wrong,
        fix=staff.advice(rule.id, claim) or claim.fix,
    )


def qualname(spot: Spot) -> str:
    """Dotted name of the function, or of the class or module whose body the statement is in."""
    if spot.function is not None:
        return spot.function.qualname
    cls: Class | None = None
    for candidate in spot.module.classes:
        if candidate.line <= spot.start <= candidate.end_line:
            cls = candidate
    return spot.module.name if cls is None else cls.qualname


def normalised(spot: Spot) -> str:
    """The statement without its lines, so that an id survives an edit above it."""
    body = spot.module.body if spot.function is None else spot.function.body
    node = _at(body, spot.start)
    return "" if node is None else strip(node)


def _at(body: tuple[Node, ...], line: int) -> Node | None:
    for s in body:
        if s[1] <= line <= s[2]:
            inner = body_of(s)
            found = next((f for block in inner if (f := _at(block, line)) is not None), None)
            return found or (s if s[0] < ir.IF or s[0] > ir.TRY else s[:4])
    return None


def body_of(s: Node) -> list[tuple[Node, ...]]:
    if s[0] == ir.DEF:
        return [s[6]]
    return [s[7]] if s[0] == ir.CLASS else list(inner_blocks(s))


def strip(node: object) -> str:
    """IR as text, without line numbers."""
    if isinstance(node, tuple):
        if node and isinstance(node[0], int) and len(node) > 1 and isinstance(node[1], int):
            start = 3 if node[0] >= ir.ASSIGN else 2
            return f"({node[0]} {' '.join(strip(n) for n in node[start:])})"
        return f"[{' '.join(strip(n) for n in node)}]"
    return repr(node)


def guilty(function: Function | None) -> str:
    return "" if function is None else function.name
