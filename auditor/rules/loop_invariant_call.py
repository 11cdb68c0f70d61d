"""A call that gives the same on every turn of a loop

## What it finds
Inside a loop, a call that reads from a database, a cache, a file or another service, or that builds
something dear (a client, a compiled template), although neither its arguments nor what it is called on
change from turn to turn.

## Why it is slow
The answer was known after the first turn; all other turns pay for it again.

## When it does not matter
The loop turns once or twice, the answer is expected to change while the loop runs (a clock, a queue, rows
written by the loop itself), or the callee remembers its answers.

## Example
```py
for item in items:
    rates = load_rates(currency)
    totals.append(item.amount * rates[item.kind])
```

## Instead
```py
rates = load_rates(currency)
for item in items:
    totals.append(item.amount * rates[item.kind])
```

## How to verify
Count the operations of one request with one item and with twenty. With no items at all, the call must not
fail or do harm, since it now runs all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.model.report import CostTerm, Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import turns
from auditor.rules.audience import believable
from auditor.rules.claim import Claim, is_worth_saying, place
from auditor.rules.loop_names import per_item, the_loop
from auditor.rules.scene import Spot, repeating, spot_of
from auditor.trace.cost import sizes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.model.effect import EffectKind
    from auditor.rules.scene import Looped, Scene
    from auditor.trace.summary import Effect, LibraryCall, Loop

RULE = RuleInfo(
    id="loop-invariant-call",
    group="queries",
    phase=5,
    severity=Severity.MEDIUM,
    title="call that gives the same on every turn",
    playbook="hoist-call",
    docs=__doc__,
)

_KINDS: Final[tuple[EffectKind, ...]] = ("sql", "http", "llm", "cache", "subprocess", "file")
_WRITING: Final = frozenset(
    kind + how for kind in "wax" for how in ("", "b", "t", "+", "b+", "+b", "t+", "+t")
)
"""Modes of `open` in which a file is written."""
_CONFIDENCE: Final = {"sql": 0.85, "http": 0.85, "llm": 0.7, "cache": 0.75, "subprocess": 0.7, "file": 0.65}
_MOVING: Final = frozenset(
    "now today utcnow time random randint choice uuid4 next poll read readline recv receive pop popleft get_nowait "
    "acquire sleep wait refresh refresh_from_db reload fetchone fetchmany nextval seek tell".split()
)
"""Names of what gives something else each time it is asked, whatever its arguments."""
_CHOSEN: Final = 0.25
"""What confidence loses where a condition on the item stands before: it may hold for one of them."""
_ASKED: Final = 0.35
"""The same where the item is asked itself: `if node.is_root():`."""
_PICKED: Final = 0.45
"""The same where the item is the one that is looked for: `if chosen == wanted:`."""
_ACTS: Final = ("mail", "task", "lock", "sleep")
_OUTSIDE: Final = frozenset({"sql", "http", "llm", "cache", "mail"})
_COSTLY: Final = frozenset(
    "jinja2.Environment jinja2.Template django.template.Template django.template.loader.get_template "
    "django.template.Engine boto3.client boto3.resource boto3.session.Session sqlalchemy.create_engine "
    "tiktoken.get_encoding tiktoken.encoding_for_model spacy.load joblib.load lxml.etree.XSLT "
    "lxml.etree.XMLSchema jsonschema.Draft7Validator jsonschema.Draft202012Validator google.cloud.storage.Client".split()
)
_MAKERS: Final = frozenset(
    {"create", "compile", "build", "from_file", "from_config", "from_settings", "connect"}
)
"""Names of class methods that make something which is meant to be kept."""


def find(scene: Scene) -> Iterator[Claim]:
    """Reads that every turn repeats; then what is built anew on every turn."""
    best: dict[tuple[str, int], Claim] = {}
    for looped, effect in candidates(scene):
        made = claim(looped, effect)
        known = best.get(looped.spot.key)
        if believable(scene, made) and (known is None or made.confidence > known.confidence):
            best[looped.spot.key] = made
    for scope in scene.scopes:
        for call in scope.library_calls:
            loops = repeating(call.loops)
            spot = spot_of(call.site)
            if loops and spot.key not in best and is_built_anew(scene, call, loops[-1]):
                made = construction(call, spot, loops)
                if believable(scene, made):
                    best[spot.key] = made
    yield from best.values()


def hoisted_statements(scene: Scene) -> frozenset[tuple[str, int]]:
    """Statements that are told to run once before their loop: nothing else has to be said of their queries."""
    return frozenset(
        made.spot.key
        for made in find(scene)
        if made.cost_term is not None and made.cost_term.kind == "sql" and is_worth_saying(scene, made)
    )


def candidates(scene: Scene) -> Iterator[tuple[Looped, Effect]]:
    """Reads in a loop's own code, direct or through a call, that depend on nothing the loop changes."""
    for looped in scene.looped_effects():
        effect = looped.effect
        if (
            effect is None
            or effect.kind not in _KINDS
            or effect.cause in {"lazy-load", "deferred-column", "widget"}
        ):
            continue
        if effect.offloaded or is_opened_to_write(effect):
            continue
        if effect.operation == "write":
            deletes = effect.label.startswith("DELETE ") and effect.row is None
            repeated = deletes and is_same_again(looped, effect.node)
        elif effect.frames and effect.site.function is not looped.loop.site.function:
            asked = asked_through(looped)
            repeated = asked is not None and is_invariant(scene, looped, asked)
        else:
            repeated = is_invariant(scene, looped, effect.node)
        if repeated:
            yield looped, effect
    for kind in _KINDS:
        for looped in scene.looped_calls(kind):
            call = looped.call
            if call is None or call.deferred or call.offloaded or not is_invariant(scene, looped, call.node):
                continue
            if turns.changes_what_it_is_given(call.callee):
                continue
            below = scene.effects_below(call.callee, kind)
            if below and not changes_anything(scene, looped):
                yield looped, below[0][0]


def is_opened_to_write(effect: Effect) -> bool:
    """`open(path, "ab")`: what each turn writes comes behind what the turn before wrote."""
    node = effect.node
    if node is None or node[0] != ir.CALL or turns.name_of(node[2]) != "open":
        return False
    given = [v for key, v in node[4] if key == "mode"] or [a for a in node[3][:2] if a[0] == ir.CONST]
    return any(a[0] == ir.CONST and a[2] in _WRITING for a in given[-1:])


def asked_through(looped: Looped) -> Node | None:
    """The call in the loop's own function by which a query further down is reached, if it does nothing but read.

    None where two calls of that line have the name, or a function on the way changes an object that it was given.
    """
    effect, home = looped.effect, looped.loop.site.function
    if effect is None or home is None:
        return None
    ways = [n for n, (function, _) in enumerate(effect.frames) if function is home]
    if not ways:
        return None
    line = effect.frames[ways[-1]][1]
    below = [function for function, _ in effect.frames[ways[-1] + 1 :]]
    if effect.site.function is None or any(
        turns.changes_what_it_is_given(f) for f in (*below, effect.site.function)
    ):
        return None
    name = (*below, effect.site.function)[0].name
    calls = [
        n
        for n in turns.nodes(looped.loop.node)
        if n[0] == ir.CALL and n[1] == line and turns.name_of(n[2]) == name
    ]
    writes = any(
        other.operation == "write" or other.kind in _ACTS
        for other in looped.scope.effects
        if shares(other.loops, looped.loop) and (home, line) in other.frames
    )
    return calls[0] if len(calls) == 1 and not writes else None


def changes_anything(scene: Scene, looped: Looped) -> bool:
    """Whether the callee writes somewhere, or sends something, so that calling it again is the point."""
    if looped.call is None:
        return False
    found = (e for kind in (*_KINDS, *_ACTS) for e, _ in scene.effects_below(looped.call.callee, kind, 8))
    return any(e.operation == "write" or e.kind in _ACTS for e in found)


def is_invariant(scene: Scene, looped: Looped, call: Node | None) -> bool:
    """Whether every turn makes the same call, with the same arguments on the same object, for its result."""
    loop = looped.loop
    if call is None or loop.node is None or call[0] not in {ir.CALL, ir.ATTR}:
        return False
    if turns.is_retry(loop) or turns.is_last(looped) or not is_asked_in_turn(loop, call):
        return False
    if is_in_handler(loop.node, call) or turns.pauses(loop.node):
        return False
    names = turns.free_names(call)
    moving = any(turns.name_of(n[2]) in _MOVING for n in turns.nodes(call) if n[0] == ir.CALL)
    if moving or names & turns.bound_names(loop.node) or is_guarded(loop.node, looped.spot.line):
        return False
    return not writes_meanwhile(scene, looped)


def is_same_again(looped: Looped, call: Node | None) -> bool:
    """Whether every turn deletes what the one before has deleted already."""
    loop = looped.loop
    if call is None or loop.node is None or loop.node[0] != ir.FOR or turns.is_last(looped):
        return False
    inside = any(n is call for n in turns.nodes(loop.node[5]))
    return inside and not turns.free_names(call) & turns.bound_names(loop.node)


def is_asked_in_turn(loop: Loop, call: Node) -> bool:
    """Whether the call stands where every turn evaluates it, and its result is used."""
    node = loop.node
    if node is None or node[0] not in {ir.FOR, ir.COMP}:
        return False
    if node[0] == ir.COMP:
        parts = (*node[3], *(c for clause in node[4] for c in clause[2]), *(c[1] for c in node[4][1:]))
        return any(id(call) in turns.identities(part) for part in parts)
    return id(call) in turns.identities(node[5]) and id(call) not in turns.results_unused(node[5])


def is_in_handler(loop_node: Node, call: Node) -> bool:
    """Whether only an exception leads to it."""
    return any(
        id(call) in turns.identities(handler)
        for node in turns.nodes(loop_node)
        if node[0] == ir.TRY
        for handler in node[4]
    )


def is_guarded(loop_node: Node, line: int) -> bool:
    """Whether the place runs only while something is still missing: `if x is None: x = load()`."""
    for node in turns.nodes(loop_node):
        if node[0] == ir.IF and any(s[1] <= line <= s[2] for s in node[4]):
            tested = {n[2] for n in turns.nodes(node[3]) if n[0] == ir.NAME}
            tested |= {n[3] for n in turns.nodes(node[3]) if n[0] == ir.ATTR}
            stored = {
                turns.name_of(t)
                for s in turns.nodes(node[4])
                if s[0] == ir.ASSIGN and s[1] <= line <= s[2]
                for t in s[3]
            }
            if tested & stored:
                return True
    return False


def writes_meanwhile(scene: Scene, looped: Looped) -> bool:
    """Whether the same loop writes to a database, so that what is read may change from turn to turn."""
    for effect in looped.scope.effects:
        if effect.operation == "write" and effect.kind == "sql" and shares(effect.loops, looped.loop):
            return True
    for call in looped.scope.calls:
        if (
            shares(call.loops, looped.loop)
            and call is not looped.call
            and scene.writes(call.callee, commits=False)
        ):
            return True
    return False


def shares(loops: tuple[Loop, ...], loop: Loop) -> bool:
    """Whether the loop is among those, whichever caller it was seen from."""
    return any(x.node is loop.node for x in loops)


def is_built_anew(scene: Scene, call: LibraryCall, loop: Loop) -> bool:
    """Whether a turn makes a client or compiles something from what no turn changes."""
    if loop.node is None or turns.is_retry(loop) or not is_asked_in_turn(loop, call.node):
        return False
    if turns.free_names(call.node) & turns.bound_names(loop.node) or is_guarded(loop.node, call.site.line):
        return False
    made = scene.knowledge.types.get(scene.knowledge.made_by.get(call.name, ""))
    if made is not None and call.name.rpartition(".")[2][:1].isupper():
        return any(fact.effect in _OUTSIDE for fact in made.methods.values())
    if call.name in _COSTLY:
        return True
    owner, _, name = call.name.rpartition(".")
    return name in _MAKERS and owner.rpartition(".")[2][:1].isupper() and len(call.node[3]) > 1


def construction(call: LibraryCall, spot: Spot, loops: tuple[Loop, ...]) -> Claim:
    """What is told of it."""
    loop = loops[-1]
    known = call.name in _COSTLY or call.name.rpartition(".")[2] not in _MAKERS
    return Claim(
        spot=spot,
        title=f"`{call.name}` is made anew once {per_item(loop)}",
        evidence=[
            Evidence(kind="loop", text=f"{the_loop(loop)} starts at line {loop.site.start}"),
            Evidence(kind="code", text="nothing it is made from changes in the loop"),
        ],
        confidence=0.8 if known else 0.6,
        severity=Severity.LOW,
        related=[place(spot_of(loop.site), "loop")],
        cost_term=TermAtStake(kind="cpu", sizes=sizes(loops)),
        could_be_wrong="It is cheap to make, or using one for all items is not safe.",
        fix=f"Make it once before {the_loop(loop)}.",
    )


def chosen(looped: Looped) -> float:
    """What confidence loses because a condition on the loop's own item stands before."""
    node = looped.loop.node
    if node is None or node[0] != ir.FOR:
        return 0.0
    items = turns.targets_of(node[3])
    tests = [
        s[3]
        for s in turns.nodes(node[5])
        if s[0] == ir.IF and any(x[1] <= looped.spot.line <= x[2] for x in (*s[4], *s[5]))
    ]
    on_item = [test for test in tests if items & turns.free_names(test)]
    if any(is_one_of(items, part) for test in on_item for part in parts_of(test)):
        return _PICKED
    asked = any(
        n[0] == ir.CALL and turns.root_name(n) in items for test in on_item for n in turns.nodes(test)
    )
    return _ASKED if asked else _CHOSEN if on_item else 0.0


def parts_of(test: Node) -> Iterator[Node]:
    """The conditions that all have to hold."""
    if test[0] == ir.BOOL and test[2] == "and":
        for part in test[3]:
            yield from parts_of(part)
    else:
        yield test


def is_one_of(items: frozenset[str] | set[str], test: Node) -> bool:
    """Whether a test compares the item itself with something: `if chosen == wanted`, `if str(chosen) == str(wanted)`."""
    if test[0] != ir.CMP or tuple(test[2]) != ("==",):
        return False
    bare = (o[3][0] if o[0] == ir.CALL and len(o[3]) == 1 and not o[4] else o for o in test[3])
    return any(o[0] == ir.NAME and o[2] in items for o in bare)


def claim(looped: Looped, effect: Effect) -> Claim:
    """What is told of it."""
    name = looped.call.callee.name if looped.call is not None else effect.label
    branch = looped.call.branch if looped.call is not None else effect.branch
    conditional = bool(turns.conditions_inside(looped.loop, branch))
    outer = looped.loops[:-1]
    verb = "does" if effect.operation == "write" else "gives"
    penalty = (chosen(looped) or 0.15 if conditional else 0) + (0.05 if looped.call is not None else 0)
    penalty += 0.2 if effect.operation == "write" else 0
    return Claim(
        spot=looped.spot,
        title=f"`{name}` {verb} the same every time, once {per_item(looped.loop)}",
        evidence=[
            Evidence(kind="loop", text=f"{the_loop(looped.loop)} starts at line {looped.loop.site.start}"),
            Evidence(kind="code", text="neither its arguments nor what it is called on change in the loop"),
            Evidence(
                kind="query",
                text=f"each time it runs `{effect.label}` at `{effect.site.module.path}:{effect.site.line}`",
            ),
        ],
        confidence=_CONFIDENCE[effect.kind] - penalty,
        severity=Severity.HIGH if effect.kind in {"sql", "http", "llm"} else Severity.MEDIUM,
        related=[place(spot_of(effect.site), "query"), place(spot_of(looped.loop.site), "loop")],
        subject="",
        cost_term=TermAtStake(
            kind=effect.kind, sizes=sizes(looped.loops), after=CostTerm(sizes=sizes(outer))
        ),
        could_be_wrong="What it reads changes while the loop runs, or the loop turns only once.",
        fix=f"Call it once before {the_loop(looped.loop)} and keep the result.",
        guessed=effect.guessed or (looped.call is not None and looped.call.guessed),
    )
