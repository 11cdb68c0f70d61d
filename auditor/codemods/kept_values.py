"""Writes code that keeps what a query gives, for each database of the process, until it is five minutes old."""

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.codemods.imports import add_modules
from auditor.codemods.places import dotted
from auditor.codemods.plain_values import escape, is_shallow
from auditor.codemods.single_names import bindings

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.index.values import Query

KEPT_S: Final = 300
_SCOPED: Final = "db.session"
"""How Flask-SQLAlchemy's session goes by: a registry, which gives the session itself when it is called."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The name of the function that gives what is kept."""

    name: str


def kept_function(
    spans: "Spans", function: "Function", query: "Query", /, *, source: "Source", path: str
) -> Kept | str:
    """Has a function that only reads the table and makes values of it keep them; a reason where it is none."""
    if (
        function not in spans.tree.body
        or isinstance(function, ast.AsyncFunctionDef)
        or function.decorator_list
    ):
        return "the function is a method, decorated or asynchronous"
    given = [*function.args.posonlyargs, *function.args.args]
    others = [function.args.vararg, function.args.kwarg, *function.args.kwonlyargs, *function.args.defaults]
    if len(given) > 1 or any(others):
        return "the function is given more than a session"
    if reason := escape(function.body, query, names={one.arg for one in given}, source=source, path=path):
        return reason
    session = session_of(function, query)
    if (
        session is None
        or (given and session != given[0].arg)
        or any(isinstance(node, ast.Name) and node.id == function.name for node in ast.walk(function))
    ):
        return "which database it asks is not plain"
    inner = f"_read_{function.name.lstrip('_')}"
    lines = _memo(
        spans,
        function.name,
        session,
        query,
        reading=f"{inner}({given[0].arg if given else ''})",
        copied="deep",
    )
    if lines is None or inner in _names(spans.tree):
        return "a name that is needed is taken"
    header = f"def {function.name}({ast.unparse(function.args)})"
    header += f" -> {ast.unparse(function.returns)}:" if function.returns is not None else ":"
    start = spans.span(function)[0]
    at = re.compile(r"def\s+").match(spans.text, start)
    assert at is not None, "a function begins with its name"
    spans.replace_span(at.end(), at.end() + len(function.name), inner)
    constants, body = lines
    doc = f'    """What `{inner}` gives, at most {constants[0].partition(" ")[0]} old."""'
    new = ["", "", *constants, "", "", header, doc, *body]
    end = spans.line_end(function)
    lead = "" if spans.text[:end].endswith("\n") else "\n"
    spans.insert(end, lead + "".join(f"{line}\n" for line in new))
    return Kept(function.name)


def kept_statement(
    spans: "Spans", function: "Function", statement: ast.stmt | None, query: "Query", /, *, source: "Source"
) -> Kept | str:
    """Moves a statement `name = {… for row in query}` into a function that keeps its value; a reason where it is none."""
    match statement:
        case ast.Assign(
            targets=[ast.Name(id=name)], value=ast.DictComp() | ast.ListComp() | ast.SetComp() as value
        ):
            pass
        case _:
            return "the statement is not a comprehension over the rows that gets a name"
    if isinstance(function, ast.AsyncFunctionDef) or spans.comments(value):
        return "the statement is awaited, or holds a comment"
    session = session_of(statement, query)
    wanted: list[ast.stmt] = [ast.Expr(value)]
    roots = set() if session is None else {session.partition(".")[0]}
    if reason := escape(wanted, query, names=roots, source=source, path=""):
        return reason
    home = next((one for one in spans.tree.body if function in set(ast.walk(one))), None)
    made = f"kept_{name}"
    if session is None or not is_plain_session(function, session, query):
        return "which database it asks is not plain"
    if home is None or made in _names(spans.tree):
        return "a name that is needed is taken"
    is_given = "." not in session
    parameter = "session" if is_given else ""
    text = _moved(spans, statement, value, session if is_given else "")
    kind = {ast.DictComp: "dict", ast.ListComp: "list", ast.SetComp: "set"}[type(value)]
    copied = kind if is_shallow(value, source) else "deep"
    lines = _memo(spans, name, parameter or session, query, reading=text, copied=copied)
    if lines is None:
        return "a name that is needed is taken"
    constants, body = lines
    doc = f'    """What {query.model.name} rows say, at most {constants[0].partition(" ")[0]} old."""'
    spans.insert_lines_before(home, [*constants, "", "", f"def {made}({parameter}):", doc, *body, "", ""])
    spans.replace(value, f"{made}({session if is_given else ''})")
    return Kept(made)


def session_of(node: ast.AST, query: "Query", /) -> str | None:
    """What the query is asked of, as source: a session, `Model.query` or `Model.objects`; None if that is not plain."""
    model = query.model.cls.name
    found: set[str] = set()
    for one in ast.walk(node):
        if not isinstance(one, (ast.Call, ast.Attribute)):
            continue
        match one:
            case ast.Call(func=ast.Attribute(value=owner, attr="query" | "scalars" | "execute")) if dotted(
                owner
            ):
                if model in {n.id for n in ast.walk(one) if isinstance(n, ast.Name)} | {
                    n.attr for n in ast.walk(one) if isinstance(n, ast.Attribute)
                }:
                    found.add(dotted(owner))
            case ast.Attribute(value=owner, attr="query" | "objects" as attr) if dotted(owner).endswith(
                model
            ):
                found.add(f"{dotted(owner)}.{attr}")
            case _:
                pass
    return found.pop() if len(found) == 1 else None


def is_plain_session(function: "Function", session: str, query: "Query", /) -> bool:
    """Whether it is a session that the function got or opened, Flask-SQLAlchemy's, or the model's own way to one."""
    if "." in session:
        return session == _SCOPED or session.endswith(
            (f"{query.model.cls.name}.query", f"{query.model.cls.name}.objects")
        )
    return bool(bindings(function, session))


def _memo(
    spans: "Spans", name: str, session: str, query: "Query", *, reading: str, copied: str
) -> tuple[list[str], list[str]] | None:
    """The module's constants and the function's body; None where a name is taken."""
    plain = name.lstrip("_")
    seconds, kept = f"{plain.upper()}_KEPT_SECONDS", f"_{plain}_kept"
    is_weak = query.orm == "sqlalchemy"
    wanted = [*(["copy"] if copied == "deep" else []), "time", *(["weakref"] if is_weak else [])]
    modules = None if {seconds, kept} & _names(spans.tree) else add_modules(spans, wanted)
    if modules is None:
        return None
    called = dict(zip(wanted, modules, strict=True))
    key, made = '"default"', "{}"
    if is_weak:
        begin = f"{session}.session" if session.endswith(".query") else session
        begin = f"{begin}()" if begin == _SCOPED else begin
        key = f"{begin}.get_bind({_written_name(spans.tree, query)}.__mapper__)"
        made = f"{called['weakref']}.WeakKeyDictionary()"
    value = "kept[1]"
    handed = f"{called['copy']}.deepcopy({value})" if copied == "deep" else f"{copied}({value})"
    return [f"{seconds} = {KEPT_S}", f"{kept} = {made}"], [
        f"    now, where = {called['time']}.monotonic(), {key}",
        f"    kept = {kept}.get(where)",
        f"    if kept is None or now - kept[0] >= {seconds}:",
        f"        kept = now, {reading}",
        f"        {kept}[where] = kept",
        f"    return {handed}",
    ]


def _written_name(tree: ast.Module, query: "Query") -> str:
    """How the module calls the model: `Setting`, or `models.Setting`."""
    name = query.model.cls.name
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == name and dotted(node):
            return dotted(node)
    return name


def _moved(spans: "Spans", statement: ast.Assign, value: ast.expr, session: str) -> str:
    """The text of the value with the session as `session`, its lines as far to the right as in the new place."""
    start, end = spans.span(value)
    edits = [
        spans.span(node)
        for node in ast.walk(value)
        if session and isinstance(node, (ast.Name, ast.Attribute)) and dotted(node) == session
    ]
    text = spans.text[start:end]
    for left, right in sorted(edits, reverse=True):
        text = f"{text[: left - start]}session{text[right - start :]}"
    return text.replace(f"\n{spans.indent(statement)}", "\n        ")


def _names(tree: ast.Module) -> set[str]:
    """Every name of the module."""
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    found |= {
        n.name for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    }
    return found | {
        a.asname or a.name
        for n in ast.walk(tree)
        if isinstance(n, (ast.Import, ast.ImportFrom))
        for a in n.names
    }
