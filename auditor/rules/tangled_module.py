"""Modules that import each other in a circle

## What it finds
Modules that need each other so much that some of their imports had to be put inside functions, where requests pass
through several of them.

## Why it is slow
What a request does is spread over the circle: nobody sees that three of its modules each load the same row, and no helper
that batches for all of them has a place to stand. Imports inside functions are looked up on every call besides.

## When it does not matter
The circle is two modules that are one thing, or a framework wants it so.

## Example
```py
# orders.py
def total(order):
    from shop.pricing import price_of
    return sum(price_of(line) for line in order.lines)

# pricing.py
from shop.orders import lines_of
```

## Instead
Take what both need into a module below both, or pass it in; then give the module on top the one query that serves all.

## How to verify
The imports stand at the top of their files again, and the statements of a request are counted before and after.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import inner_blocks
from auditor.model.report import Evidence
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import turns
from auditor.rules.claim import Claim, place
from auditor.rules.scene import Spot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.index.ir import Node
    from auditor.index.symbols import Function, Module
    from auditor.rules.scene import Scene

RULE = RuleInfo(
    id="tangled-module",
    group="structure",
    phase=7,
    severity=Severity.LOW,
    title="modules that import each other in a circle",
    docs=__doc__,
)

_LEAST: Final = 3
"""Modules of a circle, and imports inside functions that keep it from breaking, from which on it is a habit."""
_TOLD: Final = 2
_KINDS: Final = frozenset({"sql", "http", "llm", "cache"})
_STARTING: Final = re.compile(r"init|create_app|make_app|setup|register|ready|main|includeme|configure|load_")
"""Functions that put an application together, where imports stand late by design."""


@dataclass(frozen=True, slots=True, eq=False)
class Import:
    """One module needing another."""

    source: Module
    target: Module
    line: int
    function: Function | None
    """Where it stands inside a function."""


def find(scene: Scene) -> Iterator[Claim]:
    """One claim a circle, on the module with most imports inside functions; of many circles, the worst two."""
    imports = [i for m in scene.project.modules if m.role == "app" for i in imports_of(scene, m)]
    circles = components({id(m): m for m in scene.project.modules if m.role == "app"}, imports)
    active = operations(scene)
    found: list[tuple[int, int, list[Import]]] = []
    for circle in circles:
        members = {id(m) for m in circle}
        if len(circle) < _LEAST or sum(id(m) in active for m in circle) < 2:
            continue
        by_module: dict[int, list[Import]] = {}
        for i in imports:
            if (
                i.function is not None
                and not _STARTING.match(i.function.name)
                and id(i.source) in members
                and id(i.target) in members
            ):
                by_module.setdefault(id(i.source), []).append(i)
        tied = [inner for key, inner in by_module.items() if len(inner) >= _LEAST and key in active]
        worst = max(tied, key=lambda inner: (len(inner), inner[0].source.path), default=None)
        if worst is not None:
            found.append((len(worst), len(circle), worst))
    for _, size, inner in sorted(found, key=lambda f: (-f[0], f[2][0].source.path))[:_TOLD]:
        yield claim(inner, size, active[id(inner[0].source)])


def operations(scene: Scene) -> dict[int, int]:
    """By identity of a module: places in it that query or call outside for a known endpoint."""
    found: dict[int, set[int]] = {}
    for _, effect in scene.effects():
        function = effect.site.function
        if function is not None and effect.kind in _KINDS and scene.trace.endpoints_of(function):
            found.setdefault(id(function.module), set()).add(effect.site.line)
    return {key: len(sites) for key, sites in found.items()}


def imports_of(scene: Scene, module: Module) -> Iterator[Import]:
    """The modules of the target that a module imports, those for types alone left out."""
    for function, node in [(None, n) for n in statements(module.body)] + [
        (f, n) for f in module.functions for n in statements(f.body)
    ]:
        for target in targets(scene, module, node):
            if target is not module and target.role == "app":
                yield Import(module, target, node[1], function)


def statements(block: Sequence[Node]) -> Iterator[Node]:
    """The import statements of a block's own code."""
    for s in block:
        if s[0] in {ir.IMPORT, ir.FROM}:
            yield s
        elif s[0] not in {ir.DEF, ir.CLASS} and not (s[0] == ir.IF and is_for_types(s[3])):
            for inner in inner_blocks(s):
                yield from statements(inner)


def is_for_types(condition: Node) -> bool:
    return turns.name_of(condition) == "TYPE_CHECKING"


def targets(scene: Scene, module: Module, node: Node) -> list[Module]:
    """The modules that an import statement loads."""
    if node[0] == ir.IMPORT:
        found = [scene.project.module(dotted, module) for dotted, _ in node[3]]
    else:
        level, name, imported = node[3:6]
        base = absolute(module, level, name)
        parts = [scene.project.module(f"{base}.{n}", module) for n, _ in imported if n != "*"]
        found = [p for p in parts if p is not None] or [scene.project.module(base, module)]
    return [m for m in found if m is not None]


def absolute(module: Module, level: int, name: str) -> str:
    """The dotted name that a relative import means."""
    if not level:
        return name
    parts = module.name.split(".")
    parts = parts[: len(parts) - level + (1 if module.is_package else 0)]
    return ".".join((*parts, name)) if name else ".".join(parts)


def components(modules: dict[int, Module], imports: list[Import]) -> list[list[Module]]:
    """The circles: sets of modules of which each leads to each other (Tarjan, without recursion)."""
    edges: dict[int, list[int]] = {}
    for i in imports:
        edges.setdefault(id(i.source), []).append(id(i.target))
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    found: list[list[Module]] = []
    for start in modules:
        if start in index:
            continue
        work = [(start, iter(edges.get(start, ())))]
        index[start] = low[start] = len(index)
        stack.append(start)
        on_stack.add(start)
        while work:
            at, following = work[-1]
            step = next((n for n in following if n in modules), None)
            if step is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[at])
                if low[at] == index[at]:
                    circle = []
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        circle.append(modules[member])
                        if member == at:
                            break
                    if len(circle) > 1:
                        found.append(circle)
            elif step not in index:
                index[step] = low[step] = len(index)
                stack.append(step)
                on_stack.add(step)
                work.append((step, iter(edges.get(step, ()))))
            elif step in on_stack:
                low[at] = min(low[at], index[step])
    return found


def claim(inner: list[Import], size: int, operations_: int) -> Claim:
    """What is told of it."""
    first = inner[0]
    module = first.source
    names = list(dict.fromkeys(i.target.name for i in inner))
    told = ", ".join(f"`{n}`" for n in names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    payers = {id(i.function): i.function for i in inner if i.function is not None}
    return Claim(
        spot=Spot(module, first.function, first.line, first.line, first.line),
        title=f"`{module.name}` is one of {size} modules that import each other: {told} only inside functions",
        evidence=[
            Evidence(
                kind="count", text=f"{len(inner)} imports of the circle stand inside functions of this module"
            ),
            Evidence(kind="count", text=f"{operations_} places in it query or call something outside"),
        ],
        confidence=0.7,
        related=[place(Spot(module, i.function, i.line, i.line, i.line), "call") for i in inner[1:4]],
        could_be_wrong="The imports are inside functions to make starting faster.",
        fix="Take what both sides need into a module below both.",
        payers=tuple(payers.values()),
    )
