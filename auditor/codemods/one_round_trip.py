"""Asks for several single rows with one statement

## What it does
Lookups of one row each (`session.get`, `.first()`, `.one()` by the primary key), in one function or in helpers that do
nothing but look rows up in the session given and say something about them, become one SELECT: every row is joined, from
the left, to a row that is always there, so that each is found or None, as before. What a helper said about its rows is
said in its place.

## What it never does
It acts only where nothing is written, what every lookup rests on is known before the first, at most one row can come of
each, and a row that is "some row" is only asked whether it is there.

## What it leaves to a person
Whether the helper's question is better asked here than in the helper, and requests that used to end after the first lookup.
"""

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from auditor.codemods.deciders import Decider, decider_of
from auditor.codemods.imports import add_names
from auditor.codemods.lookups import Lookup, clause, lookup_of, names_read
from auditor.codemods.outcome import Declined, Written
from auditor.codemods.places import block_of, free_name, names_bound, parents, statement_at
from auditor.codemods.session_sharing import managed, writes
from auditor.codemods.single_names import bindings, loads
from auditor.codemods.standing import standing
from auditor.codemods.versions import older
from auditor.index.symbols import External
from auditor.rules import session_sprawl

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.index.symbols import Function as Known
    from auditor.model.report import Finding
    from auditor.rules.scene import Scene

NAME: Final = "one_round_trip"
RULES: Final = ("serial-lookups",)
_LEAST: Final = 3
_TURNING: Final = (
    ast.For, ast.While, ast.AsyncFor, ast.Lambda, ast.FunctionDef, ast.AsyncFunctionDef, ast.Try,
    ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
)  # fmt: skip
"""What is evaluated more than once, or at another time, or catches what goes wrong."""
_MISSING: Final = "No row was found when one was required"
"""What SQLAlchemy's own `one()` says."""


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


def propose(finding: "Finding", source: "Source") -> Written | Declined:
    """The function of the finding, with one statement for its lookups."""
    at = standing(finding, source)
    if at is None:
        return Declined(NAME, "the function and what is known of it are not at hand")
    spans, function, known = at.spans, at.function, at.known
    if isinstance(function, ast.AsyncFunctionDef) or older(source, "sqlalchemy", (1, 4)):
        return Declined(NAME, "lookups that are awaited, or of an old SQLAlchemy, are left alone")
    if writing := writes(known, at.scene):
        return Declined(NAME, f"something is written (`{writing}`), which a lookup made before would not see")
    if reason := _odd(known, at.scene) or _other_queries(source):
        return Declined(NAME, reason)
    first = statement_at(function, finding.line)
    session = _session(function, first, source)
    if first is None or not session:
        return Declined(NAME, "the first lookup is not plain to see")
    if how := managed(function, session):
        return Declined(NAME, f"the session is used for more than asking (`{how}`)")
    if any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in ast.walk(function)):
        return Declined(NAME, "part of it may run later")
    block = block_of(function, first)
    plan = _plan(function, block[block.index(first) :], session, source, finding.file)
    if len(plan.rows) < _LEAST or len(plan.statements) + len(plan.answers) < _LEAST:
        return Declined(NAME, "too few lookups could be made beforehand")
    reason = _write(plan, function, first, session, path=finding.file, spans=spans, source=source)
    if reason:
        return Declined(NAME, reason)
    return Written(
        codemod=NAME,
        title=f"Look {len(plan.rows)} single rows up with one statement",
        files={finding.file: spans.result()},
        promises=("sql",),
        verify=("Requests that used to end after the first lookup",),
    )


def _odd(known: "Known", scene: "Scene") -> str:
    """The helper that a function calls, and that opens a session of its own although this one has one."""
    summary = scene.trace.machine.summaries.get(id(known))
    called = {(c.callee.module.path, c.callee.line) for c in (() if summary is None else summary.calls)}
    for made in session_sprawl.find(scene):
        home = made.spot.function
        if home is not None and (home.module.path, home.line) in called:
            return f"`{home.qualname}` opens a session of its own: first let it use that of its caller"
    return ""


def _other_queries(source: "Source") -> str:
    """What makes one kind of query another thing than the other: criteria that are added to all of them."""
    assert source.scene is not None
    for module in source.scene.project.modules:
        text = source.read(module.path) if module.role != "library" else None
        for word in ("query_cls", "with_loader_criteria", "do_orm_execute", "before_compile"):
            if text is not None and word in text:
                return f"`{word}` in {module.path} changes queries on their way"
    return ""


def _session(function: "Function", first: ast.stmt | None, source: "Source") -> str:
    """The session that the lookups of the function itself are made in, if it is one and bound once."""
    found = {
        lookup.session
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and (lookup := lookup_of(node.value, source)) is not None
    }
    name = found.pop() if len(found) == 1 else ""
    bound = bindings(function, name)
    return name if first is not None and len(bound) == 1 and _line(bound[0]) < first.lineno else ""


def _line(node: ast.AST) -> int:
    return int(getattr(node, "lineno", 0))


def _plan(function: "Function", block: list[ast.stmt], session: str, source: "Source", path: str) -> Plan:
    """Everything from the first lookup on that can be asked beforehand."""
    plan = Plan()
    early = _known_before(function, block[0])
    local = names_bound(function)
    taken = {*local, *(node.id for node in ast.walk(function) if isinstance(node, ast.Name))}
    above = parents(function)
    desks = _desks(function)
    for statement in block:
        for node in ast.walk(statement):
            if isinstance(node, ast.Assign) and node in block:
                _take_statement(plan, node, function, session, source, early=early, local=local)
            elif isinstance(node, ast.Call) and not _turns(node, function, above):
                made = decider_of(node, session, desks, source, path)
                if made is not None:
                    _take_answer(plan, made, early=early, local=local, taken=taken)
    return plan


def _known_before(function: "Function", first: ast.stmt) -> frozenset[str]:
    """Names bound once, and before the first lookup."""
    found: set[str] = set()
    for name in names_bound(function):
        bound = bindings(function, name)
        if len(bound) == 1 and _line(bound[0]) < first.lineno:
            found.add(name)
    return frozenset(found)


def _desks(function: "Function") -> dict[str, str]:
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


def _write(
    plan: Plan,
    function: "Function",
    first: ast.stmt,
    session: str,
    *,
    path: str,
    spans: "Spans",
    source: "Source",
) -> str:
    """Edits the function; the reason where it can't."""
    for node, _, _ in plan.statements:
        if spans.comments(node):
            return "a comment stands inside a lookup"
    if reason := _import(plan, path, spans, source):
        return reason
    spans.insert_lines_before(first, _statement(plan, session, spans))
    for node, lookup, name in plan.statements:
        target = ast.unparse(node.targets[0])
        lines = [] if target == name else [f"{target} = {name}"]
        if lookup.end == "one":
            lines = [f"if {name} is None:", f'    raise NoResultFound("{_MISSING}")', *lines]
        if not lines:
            spans.remove_lines(node)
        else:
            spans.replace(node, f"\n{spans.indent(node)}".join(lines))
    above = parents(function)
    _unwrap(plan, function, spans)
    for call, answer in plan.answers:
        alone = isinstance(above.get(call), (ast.Assign, ast.Return, ast.keyword))
        said = quoted_as(spans, answer)
        spans.replace(call, said if alone else f"({said})")
    return ""


def _unwrap(plan: Plan, function: "Function", spans: "Spans") -> None:
    """Takes what stands in the `with` of a desk that nobody asks any more out of it."""
    gone = {id(node) for call, _ in plan.answers for node in ast.walk(call)}
    for node in ast.walk(function):
        match node:
            case ast.With(items=[ast.withitem(optional_vars=ast.Name(id=desk))], body=body) if desk in _desks(
                function
            ):
                asked = [read for read in loads(function, desk) if id(read) not in gone]
                texts = [
                    one
                    for part in body
                    for one in ast.walk(part)
                    if isinstance(one, (ast.Constant, ast.JoinedStr)) and one.lineno != one.end_lineno
                ]
                if (
                    not asked
                    and not texts
                    and body[0].lineno > node.lineno
                    and len(loads(function, desk)) > 0
                ):
                    spans.take_out(node)
            case _:
                pass


def _statement(plan: Plan, session: str, spans: "Spans") -> list[str]:
    """The lines of the one statement."""
    joins = [line for row in plan.rows for line in _join(row.lookup)]
    options = [ast.unparse(one) for row in plan.rows for one in row.lookup.options]
    made = [
        f"{', '.join(row.name for row in plan.rows)} = (",
        f"    {session}.execute(",
        f"        select({', '.join(row.lookup.entity for row in plan.rows)})",
        "        .select_from(select(literal(1)).subquery())",
        *joins,
        *([f"        .options({', '.join(options)})"] if options else []),
        "    )",
        "    .unique()",
        "    .one()",
        ")",
    ]
    return [quoted_as(spans, line) for line in made]


def _join(lookup: Lookup) -> list[str]:
    lines = clause(lookup)
    if len(lines) == 1:
        return [f"        .outerjoin({lookup.entity}, {lines[0]})"]
    inner = [f"            {line}" for line in lines]
    return ["        .outerjoin(", f"            {lookup.entity},", *inner[:-1], f"{inner[-1]},", "        )"]


def quoted_as(spans: "Spans", text: str) -> str:
    """With the quotes that the file prefers."""
    double = spans.text.count('"') >= spans.text.count("'")
    return re.sub(r"'([^'\"\\\\]*)'", r'"\1"', text) if double and '"' not in text else text


def _import(plan: Plan, path: str, spans: "Spans", source: "Source") -> str:
    """Imports what the statement names; the reason where it can't."""
    assert source.scene is not None
    wanted: dict[str, list[str]] = {"sqlalchemy": ["literal", "select"]}
    if any(lookup.end == "one" for _, lookup, _ in plan.statements):
        wanted["sqlalchemy.exc"] = ["NoResultFound"]
    project = source.scene.project
    module = next(one for one in project.modules if one.path == path)
    here = {name for node in spans.tree.body for name in _bound_by(node)}
    for known, name in plan.free:
        there = project.resolve(known.module, name)
        if isinstance(there, External) and there.name.startswith("builtins.") and name not in here:
            continue
        if name in here:
            if there is None or project.resolve(module, name) != there:
                return f"`{name}` is the name of something else in this module"
            continue
        origin = _imported(known, name, source)
        if origin is None:
            return f"`{name}` can't be imported here"
        if name not in wanted.setdefault(origin, []):
            wanted[origin].append(name)
    for origin, names in wanted.items():
        if add_names(spans, origin, sorted(names)) != sorted(names):
            return f"`{min(names)}` is the name of something else in this module"
    return ""


def _imported(known: "Known", name: str, source: "Source") -> str | None:
    """From which module a helper's module imports a name under which it is known there too."""
    home = source.spans(known.module.path)
    for node in [] if home is None else home.tree.body:
        if (
            isinstance(node, ast.ImportFrom)
            and not node.level
            and any(alias.name == name and alias.asname is None for alias in node.names)
        ):
            return node.module
    return None


def _bound_by(node: ast.stmt) -> set[str]:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name}
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
