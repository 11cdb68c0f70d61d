"""What one function does, as a function of its arguments.

A summary holds what is certain (effects, calls, uses) and, as `residual`, the operations whose outcome depends
on an argument; a caller replays those with what it passes. Loops are kept as the objects they are, so that a
replay can exchange a loop over a parameter for the loop over what was passed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.symbols import Function, Module
    from auditor.index.values import Query, Row, Site, Size, Sym, Value
    from auditor.knowledge.facts import CallFact
    from auditor.model.effect import EffectKind

Cause: TypeAlias = Literal[
    "query", "lazy-load", "call", "write", "flush", "commit", "deferred-column", "widget"
]
"""`flush`: a session writes by itself what was set on a row, when it next asks or commits; rules look for that themselves. `widget`: a library's field shows the one row that is chosen, whatever is around it."""
Operation: TypeAlias = Literal["read", "write"]
Branch: TypeAlias = tuple[tuple[int, int], ...]
"""The arms a place lies in, outermost first: (identity of the `if`, number of the arm)."""
Frames: TypeAlias = "tuple[tuple[Function, int], ...]"
"""Calls between the summary's own function and the place, outermost first: (caller, line of the call)."""


@dataclass(frozen=True, slots=True, eq=False)
class Guard:
    """A condition whose arms `Branch` numbers."""

    node: Node
    """The IF, IFEXP, BOOL, COMP or TRY node; its identity is the number in `Branch`."""
    function: Function | None
    module: Module

    @property
    def line(self) -> int:
        return int(self.node[1])


@dataclass(slots=True, eq=False)
class Loop:
    """A loop that a place lies in."""

    site: Site
    size: Size | None
    over: Value | None
    node: Node | None
    """The FOR, WHILE or COMP node; None for `map` and the like."""
    kind: Literal["for", "while", "comprehension", "call", "serializer", "template"]
    repeats: bool = True
    """False for a loop over a few constants, and for one that walks in batches."""
    batch: bool = False
    branch: Branch = ()
    """The arms that the loop itself lies in, as its own function sees them."""
    turns: tuple[int, int] | None = None
    """Of a loop over constants of the source: how often it turns, at least and at most."""


def repeating(loops: tuple[Loop, ...]) -> tuple[Loop, ...]:
    """Those whose turns depend on the data, or on a long list of the source."""
    for loop in loops:
        if not loop.repeats:
            return tuple(x for x in loops if x.repeats)
    return loops


@dataclass(slots=True, eq=False)
class Effect:
    """An operation outside the function's own CPU."""

    kind: EffectKind
    label: str
    operation: Operation | None
    cause: Cause
    site: Site
    loops: tuple[Loop, ...]
    branch: Branch
    frames: Frames
    node: Node | None = None
    """The IR expression that caused it."""
    query: Query | None = None
    """The query that is executed; for a lazy load, the one that loads the relation."""
    row: Row | None = None
    """For a lazy load: the row it is read from; its `origin` is the query that could have loaded it."""
    relation: str = ""
    """For a lazy load: the relation's path from the origin's rows (`author.profile`)."""
    fact: CallFact | None = None
    target: str = ""
    """Dotted name of the library call."""
    remembered: bool = False
    """Below a memoised function."""
    guessed: bool = False
    """Rests on a type guessed from a name."""
    arguments: tuple[Value, ...] = ()
    offloaded: bool = False
    """Runs in another thread or process, or later: whoever asked for it does not wait in line."""
    around: tuple[Loop, ...] = ()
    """`loops`, and those over a few constants between them."""


@dataclass(slots=True, eq=False)
class Call:
    """A call of a project function."""

    callee: Function
    site: Site
    loops: tuple[Loop, ...]
    branch: Branch
    frames: Frames
    node: Node | None
    receiver: Value | None
    arguments: tuple[Value, ...]
    remembered: bool = False
    guessed: bool = False
    deferred: bool = False
    """Runs after the response: a background task, an on-commit hook."""
    offloaded: bool = False
    """Runs in another thread or process, or later."""
    around: tuple[Loop, ...] = ()
    """`loops`, and those over a few constants between them."""
    given: tuple[tuple[Loop, Loop | None], ...] = ()
    """Loops of the callee over what it was passed, each with what the caller knows of it; None where it turns once."""


@dataclass(slots=True, eq=False)
class Use:
    """A value consumed in a way that a rule may object to."""

    how: Literal[
        "len",
        "bool",
        "iterate",
        "index",
        "slice",
        "sort",
        "member",
        "filter",
        "aggregate",
        "materialise",
        "unique",
    ]
    value: Value
    site: Site
    loops: tuple[Loop, ...]
    branch: Branch
    frames: Frames
    node: Node | None
    detail: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class LibraryCall:
    """A library call inside a loop that has no effect of its own: making a client, compiling a pattern."""

    name: str
    site: Site
    loops: tuple[Loop, ...]
    branch: Branch
    node: Node


@dataclass(slots=True, eq=False)
class Residual:
    """An operation that waits for an argument."""

    op: Literal["attr", "call", "iterate", "use", "store", "set"]
    sym: Sym | None
    """The value it defines."""
    base: Value
    detail: Any
    site: Site
    loops: tuple[Loop, ...]
    branch: Branch
    frames: Frames
    node: Node | None
    offloaded: bool = False
    remembered: bool = False


@dataclass(slots=True, eq=False)
class Summary:
    """One function's behaviour."""

    function: Function | None
    params: list[Sym] = field(default_factory=list)
    free: dict[str, Sym] = field(default_factory=dict)
    """Names of enclosing functions that it reads."""
    effects: list[Effect] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    residual: list[Residual] = field(default_factory=list)
    """While calls are followed; once that is settled, those of its own code."""
    library_calls: list[LibraryCall] = field(default_factory=list)
    """Of the function's own code, inside loops."""
    returns: Value | None = None
    yields: Value | None = None
    stores: dict[str, Value] = field(default_factory=dict)
    """Attributes set on the first parameter."""
    kept: dict[object, Value] = field(default_factory=dict)
    """What it read of what a framework keeps for the request: one object for each name."""
    call_count: int = 0
    resolved_count: int = 0
    unresolved: list[tuple[str, int]] = field(default_factory=list)
    waiting: list[tuple[str, int, int]] = field(default_factory=list)
    """Calls on what a parameter decides: text, line, identity of the node."""
    callers: int = 0
    """Calls from project code that were resolved to this function."""
    recursive: bool = False
    truncated: bool = False
    done: bool = False
