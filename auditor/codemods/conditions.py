"""A condition in Python over a row, said to the database so that it is true of the same rows."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from auditor.codemods.condition_leaves import Leaf, Leaves, UnpushableError, row_reads
from auditor.codemods.single_names import bindings

if TYPE_CHECKING:
    from auditor.codemods.value_kinds import Values

_JOINED: Final = {"and": " & ", "or": " | "}


@dataclass(frozen=True, slots=True)
class Part:
    """An expression, or its negation."""

    node: ast.expr
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Pushed:
    """What one part of a condition becomes."""

    call: str
    """What is put behind the query: `.filter(...)`."""
    when: str = ""
    """Python source of when it is asked for; always, where empty."""


@dataclass(slots=True)
class Conditions:
    """The conditions on one row variable."""

    leaves: Leaves
    values: "Values"
    uses_q: bool = False
    """Django's `Q` is needed."""
    _given: set[str] = field(default_factory=set)
    """What is known not to be None, as source."""

    def pushed(self, parts: list[Part], /) -> tuple[list[Pushed], list[Part], str]:
        """What goes into the query, what is left for Python, and why nothing more goes.

        Only what comes first may go: what is left is then evaluated for the same rows as before. Parts that read no
        row are left, and those behind them may go on condition of them.
        """
        found: list[Pushed] = []
        left: list[Part] = []
        reason = ""
        when: list[str] = []
        for n, part in enumerate(parts):
            try:
                if self.is_closed(part.node):
                    left.append(part)
                    when.append(stated(part))
                    self._given |= not_none(part)
                    continue
                made = self._one(part)
                conditions = [*when, made.when] if made.when else when
                found.append(Pushed(made.call, " and ".join(conditions)))
                self._given |= not_none(part)
            except UnpushableError as odd:
                reason = str(odd)
                left += parts[n:]
                break
        return found, left, reason

    def is_closed(self, node: ast.expr) -> bool:
        """Whether an expression reads no row, and says the same without doing anything whenever it is asked."""
        for one in ast.walk(node):
            match one:
                case ast.Name(id=name) if name == self.leaves.variable:
                    return False
                case ast.Attribute() if self.values.of(one) is None:
                    return False
                case ast.Compare(ops=ops) if not all(
                    isinstance(op, (ast.Is, ast.IsNot, ast.Eq, ast.NotEq)) for op in ops
                ):
                    return False
                case ast.Name(id=name) if len(bindings(self.values.function, name)) > 1:
                    return False
                case (
                    ast.Name()
                    | ast.Attribute()
                    | ast.Constant()
                    | ast.UnaryOp(op=ast.Not())
                    | ast.BoolOp()
                    | ast.Compare()
                    | ast.boolop()
                    | ast.unaryop()
                    | ast.cmpop()
                    | ast.expr_context()
                ):
                    pass
                case _:
                    return False
        return True

    def _one(self, part: Part) -> Pushed:
        """A part as one condition of the query, asked for unless what reads no row is true of itself."""
        unless: list[str] = []
        leaves: list[Leaf] = []
        before = set(self._given)
        try:
            for one in alternatives(part):
                if self.is_closed(one.node):
                    unless.append(stated(Part(one.node, not one.negated)))
                else:
                    leaves.append(self._leaf(one))
                self._given |= not_none(Part(one.node, not one.negated))
        finally:
            self._given = before
        return Pushed(self._call(leaves), " and ".join(unless))

    def _leaf(self, part: Part) -> Leaf:
        """A part without alternatives: several that hold together, or one test."""
        together = list(conjuncts(part))
        if together != [part]:
            before = set(self._given)
            found: list[Leaf] = []
            try:
                for one in together:
                    found.append(self._joined(one))
                    self._given |= not_none(one)
            finally:
                self._given = before
            return self._combined("and", found)
        return self.leaves.test(part.node, frozenset(self._given), negated=part.negated)

    def _joined(self, part: Part) -> Leaf:
        several = list(alternatives(part))
        if several == [part]:
            return self._leaf(part)
        before = set(self._given)
        found: list[Leaf] = []
        try:
            for one in several:
                if not row_reads(one.node, self.leaves.variable):
                    raise UnpushableError(
                        f"`{ast.unparse(one.node)}` reads no row and stands among what does"
                    )
                found.append(self._leaf(one))
                self._given |= not_none(Part(one.node, not one.negated))
        finally:
            self._given = before
        return self._combined("or", found)

    def _combined(self, how: str, leaves: list[Leaf]) -> Leaf:
        if len(leaves) == 1:
            return leaves[0]
        self.uses_q |= self.leaves.is_django
        return Leaf(_JOINED[how].join(one.operand(how) for one in leaves), joined=how)

    def _call(self, leaves: list[Leaf]) -> str:
        whole = self._combined("or", leaves)
        if not self.leaves.is_django:
            return f".{self.leaves.method}({whole.text})"
        if whole.joined:
            return f".filter({whole.text})"
        return f".{'exclude' if whole.negated else 'filter'}({whole.text})"


def conjuncts(part: Part, /) -> Iterator[Part]:
    """Parts that all have to hold, in the order in which they are asked."""
    match part.node:
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            if _is_joined(inner):
                yield from conjuncts(Part(inner, not part.negated))
            else:
                yield Part(inner, not part.negated)
        case ast.BoolOp(op=op, values=values) if isinstance(op, ast.Or if part.negated else ast.And):
            for one in values:
                yield from conjuncts(Part(one, part.negated))
        case ast.Compare(left=left, ops=[first, *ops], comparators=[middle, *rest]) if (
            ops and not part.negated and isinstance(middle, (ast.Name, ast.Attribute, ast.Constant))
        ):
            yield Part(ast.Compare(left, [first], [middle]))
            yield from conjuncts(Part(ast.Compare(middle, ops, rest)))
        case _:
            yield part


def alternatives(part: Part, /) -> Iterator[Part]:
    """Parts of which one has to hold, in the order in which they are asked."""
    for negated in conjuncts(Part(part.node, not part.negated)):
        yield Part(negated.node, not negated.negated)


def stated(part: Part, /) -> str:
    """A part as source, without a double negation."""
    match part:
        case Part(node=ast.UnaryOp(op=ast.Not(), operand=inner)):
            return stated(Part(inner, not part.negated))
        case Part(node=ast.Compare(left=left, ops=[ast.Is()], comparators=[right]), negated=True):
            return f"{ast.unparse(left)} is not {ast.unparse(right)}"
        case Part(node=ast.Compare(left=left, ops=[ast.IsNot()], comparators=[right]), negated=True):
            return f"{ast.unparse(left)} is {ast.unparse(right)}"
        case Part(negated=True):
            return ast.unparse(ast.UnaryOp(ast.Not(), part.node))
        case _:
            text = ast.unparse(part.node)
            return f"({text})" if isinstance(part.node, ast.BoolOp) else text


def not_none(part: Part, /) -> set[str]:
    """What can't be None where a part holds, as source."""
    found: set[str] = set()
    for one in conjuncts(part):
        match one:
            case Part(node=ast.Name() | ast.Attribute(), negated=False):
                found.add(ast.unparse(one.node))
            case (
                Part(
                    node=ast.Compare(left=left, ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]),
                    negated=False,
                )
                | Part(
                    node=ast.Compare(left=left, ops=[ast.Is()], comparators=[ast.Constant(value=None)]),
                    negated=True,
                )
            ):
                found.add(ast.unparse(left))
            case Part(
                node=ast.Compare(
                    left=left, ops=[ast.Lt() | ast.LtE() | ast.Gt() | ast.GtE()], comparators=[right]
                )
            ):
                found |= {ast.unparse(left), ast.unparse(right)}
            case _:
                pass
    return found


def _is_joined(node: ast.expr) -> bool:
    return isinstance(node, ast.BoolOp) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not))
