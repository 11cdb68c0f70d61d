"""The same computation on every turn

## What it finds
Inside a loop, work in plain Python that comes to the same result on every turn: a helper with a loop of its own whose
arguments do not change (also where a function in between hands them on), or rows that are sorted, added up or copied into a
set again though nothing adds to them.

## Why it is slow
The helper walks its data once per turn: what takes a millisecond takes a second for a thousand items, and no query shows it.

## When it does not matter
The helper remembers its answers, the data are a handful, or each turn needs a copy of its own to change.

## Example
```py
for day in days:
    slots = slot_grid(settings)
    strip.append(free(slots, day))
```

## Instead
```py
slots = slot_grid(settings)
for day in days:
    strip.append(free(slots, day))
```

## How to verify
Time the endpoint with twice the items: the processor time grows by less than before. What is shared now must not be changed
by anybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.values import Many, Query
from auditor.model.report import Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import names, turns
from auditor.rules.audience import audience, believable
from auditor.rules.claim import Claim, place
from auditor.rules.collection import few
from auditor.rules.grown_lists import is_constant
from auditor.rules.loop_invariant_call import is_asked_in_turn, is_guarded
from auditor.rules.loop_names import per_item, the_loop, turning
from auditor.rules.query_in_loop import is_fixed
from auditor.rules.scene import Spot, repeating, spot_of
from auditor.trace.cost import sizes
from auditor.trace.flow import GUARDED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Call, Loop, Use

RULE = RuleInfo(
    id="repeated-work",
    group="loops",
    phase=5,
    severity=Severity.LOW,
    title="the same computation on every turn",
    playbook="hoist-call",
    docs=__doc__,
)

_LEVELS: Final = 3
"""Functions that hand an argument on, from the loop to the helper."""
_WAITED: Final = frozenset({"request", "task"})
_WHOLE: Final = frozenset({"sort", "aggregate", "materialise"})
_MOVING: Final = frozenset(
    "now today utcnow time monotonic perf_counter random randint choice shuffle sample uuid4 uuid1 next token_hex".split()
)
_LEAVING: Final = frozenset({ir.RETURN, ir.RAISE, ir.BREAK})
_STORING: Final = frozenset(
    "append add extend update insert pop remove clear setdefault sort reverse".split()
)


@dataclass(frozen=True, slots=True, eq=False)
class Handed:
    """A call in a loop that passes the same things down to a helper each time."""

    outer: Call
    loops: tuple[Loop, ...]


def find(scene: Scene) -> Iterator[Claim]:
    """Helpers called with the same arguments; then rows gone through again."""
    above = scene.calls_of
    seen: set[tuple[str, int]] = set()
    for scope in scene.scopes:
        for call in scope.calls:
            if (
                call.frames
                or call.node is None
                or call.site.function is None
                or not is_helper(scene, call.callee)
            ):
                continue
            if call.remembered or call.deferred or call.guessed:
                continue
            key = (call.site.module.path, call.site.line)
            handed = None if key in seen else same_each_time(scene, call, above)
            if handed is not None and audience(scene, spot_of(call.site)) in _WAITED:
                seen.add(key)
                made = claim(call, handed)
                if believable(scene, made):
                    yield made
    for _, use in scene.uses():
        if use.how in _WHOLE and (loops := repeating(use.loops)):
            made_rows = gone_through(scene, use, loops)
            if made_rows is not None and believable(scene, made_rows):
                yield made_rows


# -- helpers --------------------------------------------------------------------------------------------------


def is_helper(scene: Scene, function: Function) -> bool:
    """Whether a function computes something of its arguments alone, going through them."""
    if (
        function.module.role != "app"
        or function.is_generator
        or function.is_async
        or function.owner is not None
    ):
        return False
    if scene.costs.function(function) or scene.trace.machine.is_memoised(function) or function.decorators:
        return False
    if turns.changes_what_it_is_given(function):
        return False
    gives = works = False
    for node in turns.nodes(function.body):
        if node[0] == ir.RETURN and node[3] is not None:
            gives = True
        elif (node[0] == ir.FOR and not is_constant(node[4])) or (
            node[0] == ir.COMP and not is_constant(node[4][0][1])
        ):
            works = True
        elif node[0] == ir.CALL and turns.name_of(node[2]) in _MOVING:
            return False
    return gives and works


def same_each_time(scene: Scene, call: Call, above: dict[int, list[Call]]) -> Handed | None:
    """The loop that makes this call again and again with the same arguments, in its own function or further up."""
    node, function = call.node, call.site.function
    if node is None or function is None or node[0] != ir.CALL or not node[3] + node[4]:
        return None
    if not is_only_read(scene, function, node):
        return None
    loops = repeating(call.loops)
    if loops and loops[-1].site.function is function:
        return Handed(call, loops) if is_same(loops[-1], node, node) else None
    if call.loops or any(arm != GUARDED for _, arm in call.branch):
        return None
    reads = scene.texts.of(function)
    needed = turns.free_names(node) & reads.params
    local = {n for n in turns.free_names(node) if n in reads.bindings}
    if local or not needed:
        return None
    return climbed(scene, function, frozenset(needed), above, 0)


def climbed(
    scene: Scene, function: Function, needed: frozenset[str], above: dict[int, list[Call]], level: int
) -> Handed | None:
    """A loop around a call of `function` in which the arguments for these parameters stay the same."""
    calls = above.get(id(function), [])
    for call in calls[:8] if level < _LEVELS else ():
        node, caller = call.node, call.site.function
        if node is None or caller is None or call.guessed:
            continue
        given = [names.passed(node, function, name) for name in sorted(needed)]
        if any(g is None for g in given):
            continue
        loops = repeating(call.loops)
        passed = tuple(g for g in given if g is not None)
        if loops and loops[-1].site.function is caller:
            if is_same(loops[-1], node, passed):
                return Handed(call, loops)
            continue
        reads = scene.texts.of(caller)
        free = frozenset(n for g in passed for n in turns.free_names(g))
        if not call.loops and free and free <= reads.params and not free & reads.bindings.keys():
            found = climbed(scene, caller, free, above, level + 1)
            if found is not None:
                return found
    return None


def is_same(loop: Loop, call: Node, given: Node | tuple[Node, ...]) -> bool:
    """Whether no turn changes what is given, and every turn makes the call."""
    if loop.node is None or is_fixed(loop) or turns.is_retry(loop) or not is_asked_in_turn(loop, call):
        return False
    if is_guarded(loop.node, call[1]) or (loop.size is not None and loop.size.bound is not None):
        return False
    body = loop.node[5] if loop.node[0] == ir.FOR else ()
    if turns.leads_to(body, call[1], _LEAVING):
        return False
    free = {n[2] for n in turns.nodes(given) if n[0] == ir.NAME}
    return bool(free) and not free & turns.bound_names(loop.node)


def is_only_read(scene: Scene, function: Function, call: Node) -> bool:
    """Whether nobody changes or keeps what the call gives, so that all turns can share it."""
    reads = scene.texts.of(function)
    for flow in reads.flows(call) or ():
        if flow.role == "escape":
            parent = reads.parent(flow.node)
            if parent is None or parent[0] != ir.CALL or turns.name_of(parent[2]) in _STORING:
                return False
        if flow.role.startswith(".") and flow.role[1:].removesuffix("()") in _STORING:
            return False
        if flow.role in {"delete", "index"} and is_stored_into(reads.parent(flow.node), reads):
            return False
    parent = reads.parent(call)
    return parent is not None and parent[0] not in {ir.RETURN, ir.EXPR}


def is_stored_into(item: Node | None, reads: names.Reads) -> bool:
    """Whether `x[...]` stands where something is assigned."""
    above = None if item is None else reads.parent(item)
    return item is not None and above is not None and names.is_target(above, item, reads.parents)


def claim(call: Call, handed: Handed) -> Claim:
    """What is told of a helper."""
    loop = handed.loops[-1]
    helper = call.callee
    direct = handed.outer is call
    return Claim(
        spot=spot_of(call.site),
        title=f"`{helper.name}` computes the same once {per_item(loop)}",
        evidence=[
            turning(loop),
            Evidence(
                kind="code",
                text="nothing it is given changes in the loop"
                if direct
                else f"what it is given is handed on from `{handed.outer.site.module.path}:{handed.outer.site.line}`, and does not change in the loop",
            ),
            Evidence(
                kind="code", text=f"`{helper.module.path}:{helper.line}` goes through its data each time"
            ),
        ],
        confidence=0.7 if direct else 0.65,
        related=[
            place(spot_of(loop.site), "loop"),
            *([] if direct else [place(spot_of(handed.outer.site), "call")]),
            place(Spot(helper.module, helper, helper.line, helper.line, helper.line), "definition"),
        ],
        subject=helper.name,
        cost_term=TermAtStake(kind="cpu", sizes=sizes(handed.loops)),
        could_be_wrong="Somebody changes what it gives, or it goes through a handful of items.",
        fix=f"Call it once before {the_loop(loop)} and hand its result on.",
    )


# -- rows -----------------------------------------------------------------------------------------------------


def gone_through(scene: Scene, use: Use, loops: tuple[Loop, ...]) -> Claim | None:
    """The claim about rows that are sorted, added up or copied again on each turn."""
    node, loop, value = use.node, loops[-1], use.value
    if node is None or node[0] != ir.CALL or loop.node is None or loop.site.function is not use.site.function:
        return None
    rows = value.source if isinstance(value, Many) else value
    size = value.size if isinstance(value, Many) else None
    if isinstance(value, Query) or (isinstance(rows, Query) and few(rows)):
        return None
    if size is None or size.table is None or size.bound is not None or not is_same(loop, node, node):
        return None
    if loop.size is None or loop.size.table is None or audience(scene, spot_of(use.site)) not in _WAITED:
        return None
    what = {"sort": "sorted", "aggregate": "gone through"}.get(use.how, "copied")
    return Claim(
        spot=spot_of(use.site),
        title=f"the same `{size.name}` are {what} once {per_item(loop)}",
        evidence=[
            turning(loop),
            Evidence(kind="code", text="nothing is added to them in the loop"),
        ],
        confidence=0.7,
        related=[place(spot_of(loop.site), "loop")],
        subject=size.name,
        cost_term=TermAtStake(kind="cpu", sizes=(*sizes(loops), size.name)),
        could_be_wrong=f"There are never more than a few `{size.name}`, or each turn changes its own copy.",
        fix=f"Do it once before {the_loop(loop)}.",
    )
