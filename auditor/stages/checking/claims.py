"""A model's claim becomes a finding, or a reason why it does not.

What has to hold: every citation reads as quoted; the place is on the way of the endpoint; an effect of the kind that is claimed lies there,
or below a call there (a loop, for plain work); the words name nothing that is not in the code and state no figures; and no rule has
found the same already. The cost of such a finding comes from the trace, never from the model.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from auditor.model.report import MAX_RELATED, Evidence, Finding, Place, TermAtStake
from auditor.stages.checking.quoting import Cited
from auditor.stages.checking.wording import sentence, wording_problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.model.report import Effect
    from auditor.stages.answers.analysis import Claim
    from auditor.stages.checking.grounds import Grounds

CONFIDENCE: Final = 0.5
"""Of what a model alone claims: its place was checked, its judgement was not."""
_FOR_NOTHING: Final = frozenset(
    {"deferrable-work", "derivable-query", "slice-in-python", "work-before-guard"}
)
"""Say that work need not be done, or not for these rows; a finding that says how to do it in less is another one."""
_ABOUT_SQL: Final = frozenset({"sql", "rows", "rows_read", "session", "transaction"})


def claimed(claim: Claim, grounds: Grounds, known: Iterable[Finding], /, *, model: str) -> Finding | str:
    """The finding that `claim` is; else why it is dropped. `known` are the findings that there are already."""
    places = _places(claim, grounds)
    if isinstance(places, str):
        return places
    function = grounds.function_at(places[0])
    name = function.qualname if function else grounds.class_at(places[0])
    if name is None or not any(grounds.function_at(place) for place in places):
        return "cites code that no request of the endpoint comes through"
    effects = grounds.effects_at(places, claim.cost)
    if claim.cost == "cpu":
        if not grounds.has_loop(places):
            return "claims work in a loop where there is no loop"
    elif not effects:
        return f"claims an effect of the kind {claim.cost}, and the trace has none at the place"
    about_sql = claim.cost in _ABOUT_SQL or bool(grounds.effects_at(places, "sql"))
    names = grounds.names()
    for text in (claim.title, claim.reason, claim.could_be_wrong):
        problem = wording_problem(text, names, about_sql=about_sql)
        if problem is not None:
            return problem
    if not claim.title.strip() or not claim.reason.strip():
        return "says nothing"
    same = _same(claim, places[0], effects, known, grounds)
    if same is not None:
        return f"is the finding {same} again"
    return _finding(claim, places, name, effects, grounds, model)


def _places(claim: Claim, grounds: Grounds) -> tuple[Cited, ...] | str:
    if not claim.citations:
        return "cites nothing"
    places: list[Cited] = []
    for citation in claim.citations:
        place = grounds.cited(citation)
        if isinstance(place, str):
            return place
        places.append(place)
    return tuple(places)


def _same(
    claim: Claim, place: Cited, effects: tuple[Effect, ...], known: Iterable[Finding], grounds: Grounds
) -> str | None:
    """The finding that says this already: of the same statement, and of the same operations as far as both have any."""
    said = frozenset(effect.id for effect in effects)
    for finding in known:
        meets = finding.file == place.file and (
            finding.line <= place.end_line and place.line <= finding.end_line
        )
        kind = finding.cost_term.kind if finding.cost_term else None
        if finding.rule != claim.bottleneck and claim.bottleneck in _FOR_NOTHING:
            continue
        if meets and (finding.rule == claim.bottleneck or kind == claim.cost):
            of_finding = grounds.effects_of(finding)
            stretch = (finding.line, finding.end_line) == (place.line, place.end_line)
            if said and of_finding:
                repeats = not said.isdisjoint(of_finding)
            else:  # the operations of one are not known: a fault of another kind in a part of the statement is another
                repeats = finding.rule == claim.bottleneck or stretch
            if repeats:
                return finding.id
    return None


def _finding(
    claim: Claim,
    places: tuple[Cited, ...],
    function: str,
    effects: tuple[Effect, ...],
    grounds: Grounds,
    model: str,
) -> Finding:
    first = places[0]
    statement = " ".join("".join(grounds.lines(first.file)[first.line - 1 : first.end_line]).split())
    identity = f"said\0{claim.bottleneck}\0{claim.cost}\0{function}\0{statement}"
    return Finding(
        id=f"F-{hashlib.sha256(identity.encode()).hexdigest()[:10]}",
        rule=claim.bottleneck,
        title=sentence(claim.title),
        file=first.file,
        line=first.line,
        end_line=first.end_line,
        function=function,
        endpoints=(grounds.endpoint.id,),
        severity=claim.severity,
        confidence=CONFIDENCE,
        related=tuple(
            Place(file=one.file, line=one.line, end_line=one.end_line, role="read") for one in places[1:]
        )[:MAX_RELATED],
        evidence=(
            Evidence(kind="note", text=sentence(claim.reason)),
            *(
                Evidence(kind="chain", text=sentence(" → ".join(frame.function for frame in effect.chain)))
                for effect in [one for one in effects if _leads_through(one, first)][:1]
            ),
        ),
        cost_term=_term(claim, effects),
        could_be_wrong=sentence(claim.could_be_wrong),
        fix=sentence(claim.remedy),
        said_by=model,
    )


def _leads_through(effect: Effect, place: Cited) -> bool:
    """Whether the way that is told of an effect is one through the place."""
    return any(
        frame.file == place.file and place.line <= frame.line <= place.end_line for frame in effect.chain
    )


def _term(claim: Claim, effects: tuple[Effect, ...]) -> TermAtStake | None:
    """What the trace has at the place: the highest product of sizes, and all effects with it."""
    if not effects:
        return None
    worst = max(effects, key=lambda effect: len(effect.sizes))
    alike = tuple(effect.id for effect in effects if effect.sizes == worst.sizes)
    return TermAtStake(kind=claim.cost, low=len(alike), high=len(alike), sizes=worst.sizes, effects=alike)
