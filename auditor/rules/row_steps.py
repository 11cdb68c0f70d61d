"""Rows that go through several steps in one function: some are left out, the others sorted, a page cut out of them.

    rows = fetch(...)
    if status:
        rows = [r for r in rows if r.status == status]
    rows.sort(key=lambda r: r.created_at)
    page = rows[:20]

A loop that appends some of its rows to an empty list leaves the others out, too.

Each step alone reads the rows "also elsewhere"; together they are one query, if nothing else reads what lies between.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from auditor.index import ir
from auditor.rules import names
from auditor.rules.collection import collected, in_own_loop, serves_many
from auditor.rules.row_paths import conjuncts, disjuncts, tested_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from auditor.index.ir import Node
    from auditor.rules.collection import Collection
    from auditor.rules.names import Reads
    from auditor.rules.scene import Scene

_HOWS: Final = frozenset({"filter", "iterate", "sort", "slice"})
_FREE: Final = frozenset({"len", "truth", "none-test"})
"""Roles in which no row is read."""


@dataclass(frozen=True, slots=True, eq=False)
class RowStep:
    """One step; `node` is the comprehension, the call that sorts, or the cut."""

    kind: Literal["sieve", "sort", "cut"]
    node: Node
    source: Node
    """The rows that go in."""

    @property
    def line(self) -> int:
        return int(self.node[1])


@dataclass(frozen=True, slots=True)
class Reader:
    """One place that reads rows; `name` is the last that they had, "" where they never had one."""

    line: int
    name: str
    behind: frozenset[int]
    """Identities of the nodes of the steps that lead to it without a name in between."""


@dataclass(frozen=True, slots=True)
class RowSteps:
    """What becomes of the rows of one expression in its function, by line, and where single rows are read."""

    steps: tuple[RowStep, ...]
    readers: tuple[Reader, ...]
    names_after: Mapping[int, frozenset[str]]
    """Step's node, by identity → the names that what it gives is bound to."""

    @property
    def cut(self) -> RowStep | None:
        """Where a page is cut out."""
        return next((s for s in self.steps if s.kind == "cut"), None)

    def before(self, step: RowStep, kind: str) -> list[RowStep]:
        """The steps of a kind that come before another one."""
        earlier = self.steps[: self.steps.index(step)]
        return [one for one in earlier if one.kind == kind]

    def serves_all(self, step: RowStep) -> bool:
        """Whether whoever reads rows reads those that a step gives."""
        return all(self.is_after(reader, step) for reader in self.readers)

    def is_after(self, reader: Reader, step: RowStep) -> bool:
        """Whether what is read there has been through a step."""
        if id(step.node) in reader.behind:
            return True
        return reader.line > step.line and reader.name in self.named_after(step)

    def named_after(self, step: RowStep) -> frozenset[str]:
        """The names of what a step gives; a sort in place gives the rows the name that they have."""
        found = self.names_after[id(step.node)]
        if names.method_of(step.node) == "sort" and step.source[0] == ir.NAME:
            found |= {str(step.source[2])}
            for later in self.steps:
                if later.line > step.line and later.source[0] == ir.NAME and later.source[2] in found:
                    found |= self.names_after[id(later.node)]
        return found


def row_steps(reads: Reads, root: Node) -> RowSteps | None:
    """The steps of the rows that `root` gives; None where a name of theirs stands for something else, too."""
    walk = _Walk(reads)
    walk.follow(root, "")
    steps = tuple(sorted(walk.steps.values(), key=lambda s: (s.line, s.kind == "cut")))
    if not walk.is_sound or len(steps) < 2 or any(reads.loops(s.node) for s in steps):
        return None
    if sum(s.kind == "cut" for s in steps) > 1:
        return None
    after = {id(s.node): frozenset(walk.names_after.get(id(s.node), ())) for s in steps}
    return RowSteps(steps, tuple(walk.readers), after)


class _Walk:
    """Follows rows through names and steps."""

    def __init__(self, reads: Reads) -> None:
        self.reads = reads
        self.steps: dict[int, RowStep] = {}
        self.readers: list[Reader] = []
        self.names_after: dict[int, set[str]] = {}
        self.is_sound = True
        self._behind: tuple[int, ...] = ()
        self._made: set[int] = set()
        """Values that the rows' names may be bound to."""
        self._named: set[str] = set()

    def follow(self, node: Node, name: str) -> None:
        """Where the value of one expression goes; `name` is what it is read by."""
        self._made.add(id(node))
        parent = self.reads.parent(node)
        if parent is None:
            return
        if parent[0] == ir.AWAIT or names.is_wrapper(parent, node) or is_arm(parent, node):
            self.follow(parent, name)
        elif (
            parent[0] in {ir.ASSIGN, ir.ANN}
            and names.bound_value(parent) is node
            and (bound := names.bound_name(parent)) is not None
        ):
            self._follow_name(bound)
        elif (
            parent[0] == ir.FOR
            and parent[4] is node
            and (sieve := loop_sieve(parent)) is not None
            and (empty := begun(self.reads, sieve.kept)) is not None
        ):
            self._made.add(id(empty))
            self.steps[id(parent)] = RowStep("sieve", parent, node)
            before, self._behind = self._behind, (*self._behind, id(parent))
            self._follow_name(sieve.kept)
            self._behind = before
        elif (step := step_at(self.reads, node)) is not None:
            self._step(step, name)
        elif self.reads.role(node) not in _FREE and parent[0] != ir.EXPR:
            self.readers.append(Reader(int(node[1]), name, frozenset(self._behind)))

    def _step(self, step: RowStep, name: str) -> None:
        self.steps[id(step.node)] = step
        if names.method_of(step.node) == "sort":
            return
        before = self._behind
        self._behind = (*before, id(step.node))
        self.follow(step.node, name)
        self._behind = before

    def _follow_name(self, name: str) -> None:
        for step in self._behind:
            self.names_after.setdefault(step, set()).add(name)
        if name in self._named:
            return
        self._named.add(name)
        before, self._behind = self._behind, ()
        for load in self.reads.loads.get(name, []):
            if not is_appended_to(self.reads, load):
                self.follow(load, name)
        self._behind = before
        bound = self.reads.bindings.get(name, [])
        if name in self.reads.params or not all(map(self._is_ours, bound)):
            self.is_sound = False

    def _is_ours(self, statement: Node) -> bool:
        """Whether a statement binds a name to the rows, or to what a step makes of them."""
        value = names.bound_value(statement) if statement[0] in {ir.ASSIGN, ir.ANN} else None
        return value is not None and self._is_made(value)

    def _is_made(self, value: Node) -> bool:
        if id(value) in self._made or id(names.unwrapped(value)) in self._made:
            return True
        return bool(value[0] == ir.IFEXP and all(self._is_made(v) for v in value[3:5]))


@dataclass(frozen=True, slots=True)
class LoopSieve:
    """A loop that does nothing but append those of its rows for which conditions hold, or do not, to a list."""

    variable: str
    conditions: tuple[Node, ...]
    kept: str
    """The name of the list."""


def loop_sieve(loop: Node) -> LoopSieve | None:
    """What a loop leaves out: by `continue` in front, by an `if` around the one `append`; None for any other loop."""
    if loop[0] != ir.FOR or loop[3][0] != ir.NAME or loop[6]:
        return None
    target, block = loop[3], loop[5]
    conditions: list[Node] = []
    while block and block[0][0] == ir.IF and not block[0][5]:
        first = block[0]
        if len(first[4]) == 1 and first[4][0][0] == ir.CONTINUE:
            conditions += disjuncts(first[3])
            block = block[1:]
        elif len(block) == 1:
            conditions += conjuncts(first[3])
            block = first[4]
        else:
            return None
    call = block[0][3] if len(block) == 1 and block[0][0] == ir.EXPR else None
    if call is None or not conditions or names.method_of(call) != "append" or len(call[3]) != 1:
        return None
    given, holder = call[3][0], call[2][2]
    if given[0] != ir.NAME or given[2] != target[2] or holder[0] != ir.NAME:
        return None
    return LoopSieve(str(target[2]), tuple(conditions), str(holder[2]))


def begun(reads: Reads, name: str) -> Node | None:
    """The one empty list that a name is bound to first; None where there is none, or a loop begins it anew."""
    found = [
        b
        for b in reads.bindings.get(name, [])
        if (value := names.bound_value(b)) is not None
        and value[0] == ir.SEQ
        and value[2] == "list"
        and not value[3]
    ]
    return names.bound_value(found[0]) if len(found) == 1 and not reads.loops(found[0]) else None


def is_appended_to(reads: Reads, load: Node) -> bool:
    """Whether a name stands there to have something appended."""
    attribute = reads.parent(load)
    return attribute is not None and attribute[0] == ir.ATTR and attribute[3] == "append"


def is_arm(parent: Node, node: Node) -> bool:
    """Whether a conditional expression may give the value of one of its parts."""
    return bool(parent[0] == ir.IFEXP and parent[2] is not node)


def step_at(reads: Reads, node: Node) -> RowStep | None:
    """The step that takes the rows of an expression where it stands."""
    parent = reads.parent(node)
    if parent is None:
        return None
    if parent[0] == ir.COMP:
        return RowStep("sieve", parent, node) if is_sieve(parent, node) else None
    if parent[0] == ir.CALL and names.is_call_of(parent, "sorted") and parent[3] and parent[3][0] is node:
        return RowStep("sort", parent, node)
    if parent[0] == ir.ATTR and parent[3] == "sort":
        call = reads.parent(parent)
        return RowStep("sort", call, node) if call is not None and names.method_of(call) == "sort" else None
    if parent[0] == ir.SUB and parent[2] is node and parent[3][0] == ir.SLICE and is_page(parent[3]):
        return RowStep("cut", parent, node)
    return None


def is_sieve(comp: Node, rows: Node) -> bool:
    """Whether a comprehension gives the rows themselves, some left out."""
    if comp[2] not in {"list", "gen"} or len(comp[4]) != 1:
        return False
    target, given, conditions, _ = comp[4][0]
    item = comp[3][0]
    return bool(
        given is rows and conditions and target[0] == ir.NAME and item[0] == ir.NAME and item[2] == target[2]
    )


def is_page(cut: Node) -> bool:
    """Whether a slice ends somewhere and goes forward."""
    return cut[3] is not None and cut[4] is None and cut[3][0] != ir.UNARY


@dataclass(frozen=True, slots=True, eq=False)
class Stepped:
    """Fetched rows, and the steps that they go through."""

    found: Collection
    steps: RowSteps

    def is_sieved_by_columns(self, scene: Scene) -> bool:
        """Whether the database could leave out what is left out."""
        conditions = sieves_of(s for s in self.steps.steps if s.kind == "sieve")
        return all(tested_columns(scene, self.found.query, name, c) for name, c in conditions)


def stepped(scene: Scene) -> list[Stepped]:
    """Every such collection that a query gives to one function; ask for it `once`."""
    told: dict[int, Stepped] = {}
    for _, use in scene.uses():
        function, node = use.site.function, use.node
        source = None if node is None or use.how not in _HOWS else source_of(node)
        if function is None or source is None:
            continue
        found = collected(scene, use, source, sieved=True)
        if found is None or id(found.root) in told or is_elsewhere(scene, found):
            continue
        steps = row_steps(found.reads, found.root)
        if steps is not None:
            told[id(found.root)] = Stepped(found, steps)
    return list(told.values())


def is_elsewhere(scene: Scene, found: Collection) -> bool:
    """Whether others want the rows, too, or they are those of another row: who fetched that may have loaded them."""
    return (
        found.is_relation
        or found.by_default
        or serves_many(scene, found)
        or in_own_loop(found)
        or names.unwrapped(found.root)[0] == ir.NAME
    )


def source_of(node: Node) -> Node | None:
    """The rows that a step takes."""
    if node[0] == ir.FOR:
        return node[4] if loop_sieve(node) is not None else None
    if node[0] == ir.COMP and len(node[4]) == 1:
        return node[4][0][1]  # type: ignore[no-any-return]  # an expression
    if names.is_call_of(node, "sorted") and node[3]:
        return node[3][0]  # type: ignore[no-any-return]  # likewise
    if names.method_of(node) == "sort":
        return node[2][2]  # type: ignore[no-any-return]  # likewise
    return node[2] if node[0] == ir.SUB else None


def sieves_of(steps: Iterable[RowStep]) -> Iterator[tuple[str, Node]]:
    """(variable, condition) of every condition of these steps."""
    for step in steps:
        if (loop := loop_sieve(step.node)) is not None:
            yield from ((loop.variable, condition) for condition in loop.conditions)
        else:
            target, _, conditions, _ = step.node[4][0]
            yield from ((target[2], condition) for condition in conditions)
