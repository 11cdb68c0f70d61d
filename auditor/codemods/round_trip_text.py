"""The statement that makes several lookups at once, as source, and what takes the place of each."""

import ast
import re
from typing import TYPE_CHECKING, Final

from auditor.codemods.imports import add_names
from auditor.codemods.lookups import Lookup, clause
from auditor.codemods.places import parents
from auditor.codemods.round_trip_plan import Plan, desks_of
from auditor.codemods.single_names import loads
from auditor.index.symbols import External

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.index.symbols import Function as Known

_MISSING: Final = "No row was found when one was required"
"""What SQLAlchemy's own `one()` says."""


def write(
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
    if reason := add_imports(plan, path, spans, source):
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
            case ast.With(items=[ast.withitem(optional_vars=ast.Name(id=desk))], body=body) if (
                desk in desks_of(function)
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


def add_imports(plan: Plan, path: str, spans: "Spans", source: "Source") -> str:
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
