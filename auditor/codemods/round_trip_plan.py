"""Which lookups of a function can be made beforehand by one statement, and what then stands in their places."""

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from auditor.codemods.deciders import Decider, decider_of
from auditor.codemods.lookups import Lookup, lookup_of, names_read
from auditor.codemods.places import free_name, names_bound, parents
from auditor.codemods.single_names import bindings, loads

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.index.symbols import Function as Known

_TURNING: Final = (
    ast.For, ast.While, ast.AsyncFor, ast.Lambda, ast.FunctionDef, ast.AsyncFunctionDef, ast.Try, ast.TryStar,
    ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
)  # fmt: skip
"""What is evaluated more than once, or at another time, or catches what goes wrong."""


@dataclass(slots=True)
class Asked:
    """One row of the statement."""

    lookup: Lookup
    name: str
    key: str
    """Equal for lookups of the same row."""


@dataclass(slots=True)
class Plan:
    """What becomes of a function."""

    rows: list[Asked] = field(default_factory=list)
    statements: list[tuple[ast.Assign, Lookup, str]] = field(default_factory=list)
    """Lookups of the function itself: the assignment, and the row's name in the statement."""
    answers: list[tuple[ast.Call, str]] = field(default_factory=list)
    """Calls of helpers, and what they come to."""
    free: "list[tuple[Known, str]]" = field(default_factory=list)
    """Names of the modules of helpers that the statement needs."""


def plan_of(function: "Function", block: list[ast.stmt], session: str, source: "Source", path: str) -> Plan:
    """Everything from the first lookup on that can be asked beforehand."""
    plan = Plan()
    early = _known_before(function, block[0])
    local = names_bound(function)
    taken = {*local, *(node.id for node in ast.walk(function) if isinstance(node, ast.Name))}
    above = parents(function)
    desks = desks_of(function)
    for statement in block:
        for node in ast.walk(statement):
            if isinstance(node, ast.Assign) and node in block:
                _take_statement(plan, node, function, session, source, early=early, local=local)
            elif isinstance(node, ast.Call) and not _turns(node, function, above):
                made = decider_of(node, session, desks, source, path)
                if made is not None:
                    _take_answer(plan, made, early=early, local=local, taken=taken)
    return plan


def line_of(node: ast.AST) -> int:
    return int(getattr(node, "lineno", 0))


def _known_before(function: "Function", first: ast.stmt) -> frozenset[str]:
    """Names bound once, and before the first lookup."""
    found: set[str] = set()
    for name in names_bound(function):
        bound = bindings(function, name)
        if len(bound) == 1 and line_of(bound[0]) < first.lineno:
            found.add(name)
    return frozenset(found)


def desks_of(function: "Function") -> dict[str, str]:
    """`with Desk(session=session) as desk`: the session's name by that of the desk."""
    found: dict[str, str] = {}
    for node in ast.walk(function):
        match node:
            case ast.withitem(
                context_expr=ast.Call(
                    args=[], keywords=[ast.keyword(arg="session", value=ast.Name(id=session))]
                ),
                optional_vars=ast.Name(id=name),
            ):
                found[name] = session
            case _:
                pass
    return found


def _turns(node: ast.AST, function: "Function", above: dict[ast.AST, ast.AST]) -> bool:
    """Whether a place is evaluated more than once, at another time, or where an exception is caught."""
    at: ast.AST | None = above.get(node)
    while at is not None and at is not function:
        if isinstance(at, _TURNING):
            return True
        at = above.get(at)
    return False


def _take_statement(
    plan: Plan,
    node: ast.Assign,
    function: "Function",
    session: str,
    source: "Source",
    *,
    early: frozenset[str],
    local: frozenset[str],
) -> None:
    lookup = lookup_of(node.value, source)
    target = node.targets[0]
    if (
        lookup is None
        or lookup.session != session
        or len(node.targets) != 1
        or not isinstance(target, ast.Name)
    ):
        return
    if len(bindings(function, target.id)) != 1 or not _is_early(lookup, early, local):
        return
    if (
        lookup.end == "first"
        and lookup.key is None
        and not lookup.order
        and not _only_tested(function, target.id)
    ):
        return
    row = _row(plan, lookup, target.id)
    if row is not None:
        plan.statements.append((node, lookup, row.name))


def _take_answer(
    plan: Plan, made: Decider, *, early: frozenset[str], local: frozenset[str], taken: set[str]
) -> None:
    if made.free & local or any(not _is_early(lookup, early, local) for _, lookup in made.lookups):
        return
    if any(
        lookup.key is None and not lookup.order and not _is_tested(made.answer, name)
        for name, lookup in made.lookups
    ) or any(lookup.end == "one" for _, lookup in made.lookups):
        return
    names: dict[str, str] = {}
    for name, lookup in made.lookups:
        wanted = free_name(name, taken)
        row = _row(plan, lookup, wanted)
        if row is None:
            return
        taken.add(row.name)
        names[name] = row.name
    plan.answers.append((made.call, ast.unparse(_Renamed(names).visit(made.answer))))
    plan.free += [(made.known, name) for name in sorted(made.free)]


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self._names.get(node.id, node.id), node.ctx)


def _row(plan: Plan, lookup: Lookup, name: str) -> Asked | None:
    """The row of a lookup in the statement, a new one if need be; None where its table would stand there twice."""
    key = "\0".join([lookup.entity, *(ast.unparse(one) for one in lookup.inputs)])
    for row in plan.rows:
        if row.key == key:
            return row
    if any(row.lookup.entity == lookup.entity for row in plan.rows):
        return None
    plan.rows.append(Asked(lookup, name, key))
    return plan.rows[-1]


def _is_early(lookup: Lookup, early: frozenset[str], local: frozenset[str]) -> bool:
    """Whether everything that a lookup rests on is known before the first."""
    names = names_read(lookup)
    return names is not None and not (names & local) - early


def _only_tested(function: "Function", name: str) -> bool:
    """Whether a row is only asked whether it is there."""
    return all(_is_tested_at(read, parents(function)) for read in loads(function, name))


def _is_tested(answer: ast.expr, name: str) -> bool:
    above = parents(answer)
    return all(
        _is_tested_at(node, above)
        for node in ast.walk(answer)
        if isinstance(node, ast.Name) and node.id == name
    )


def _is_tested_at(read: ast.Name, above: dict[ast.AST, ast.AST]) -> bool:
    match above.get(read):
        case ast.Compare(ops=[ast.Is() | ast.IsNot()], comparators=[ast.Constant(value=None)]):
            return True
        case ast.UnaryOp(op=ast.Not()):
            return True
        case ast.If(test=test) | ast.IfExp(test=test):
            return test is read
        case _:
            return False
