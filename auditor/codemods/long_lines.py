"""Calls that are put behind a query, laid out as the file lays out its own: on one line while there is room."""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods.places import free_name, names_bound

if TYPE_CHECKING:
    from auditor.codemods.spans import Spans

_USUAL_LENGTH: Final = 88
"""What a line may have where the file's own are all shorter."""
_MOST_LENGTH: Final = 120
Added = list[tuple[str, list[str]]]
"""Names of methods, with the texts that each is given."""


def append(spans: "Spans", node: ast.expr, added: Added, /) -> None:
    """Puts the calls behind `node`, on lines of their own where its line would become too long."""
    flat = "".join(f".{called(*one)}" for one in added)
    if indent := indent_of(spans, node):
        spans.insert_after(node, "".join(f"\n{indent}.{fitted(spans, *one, indent)}" for one in added))
        return
    held = _held(spans.tree, node)
    if held is None or len(spans.lines[node.lineno - 1]) + len(flat) <= length(spans):
        spans.insert_after(node, flat)
        return
    statement, value = held
    outer = spans.indent(statement)
    inner = f"{outer}    "
    spans.insert(spans.span(value)[0], f"(\n{inner}")
    for before in _calls_before(node):
        spans.insert_after(before, f"\n{inner}")
    spans.insert_after(node, "".join(f"\n{inner}.{fitted(spans, *one, inner)}" for one in added))
    if value is not node:
        spans.insert_after(value, f"\n{outer})")
    else:
        spans.insert(spans.span(value)[1], f"\n{outer})")


def for_actions(spans: "Spans", node: ast.expr, added: Added, actions: tuple[str, ...], /) -> bool:
    """Puts the calls behind a view set's query for these actions only; False where the query's statement is more than it.

    `queryset = …` is followed by `if self.action == "list": queryset = queryset.select_related(…)`, and a `return …`
    is taken apart for it.
    """
    found = _enclosing(spans.tree, node)
    if found is None:
        return False
    function, statement = found
    match statement:
        case ast.Return(value=value):
            name = free_name("queryset", names_bound(function))
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            pass
        case _:
            return False
    if value is not node or not function.args.args or spans.comments(statement):
        return False
    outer, view = spans.indent(statement), function.args.args[0].arg
    test = (
        f'== "{actions[0]}"' if len(actions) == 1 else "in (" + ", ".join(f'"{one}"' for one in actions) + ")"
    )
    inner = f"{outer}    "
    flat = f"{inner}{name} = {name}" + "".join(f".{called(*one)}" for one in added)
    if len(flat) > length(spans):
        deep = f"{inner}    "
        calls = "".join(f"\n{deep}.{fitted(spans, *one, deep)}" for one in added)
        flat = f"{inner}{name} = (\n{deep}{name}{calls}\n{inner})"
    guarded = f"\n{outer}if {view}.action {test}:\n{flat}"
    if isinstance(statement, ast.Return):
        spans.replace(statement, f"{name} = {spans.source(node)}{guarded}\n{outer}return {name}")
    else:
        spans.insert_after(statement, guarded)
    return True


def called(method: str, names: list[str], /) -> str:
    """`method("a", "b")`."""
    return f"{method}({', '.join(quoted(name) for name in names)})"


def fitted(spans: "Spans", method: str, names: list[str], indent: str, /) -> str:
    """The same, each name on a line of its own where one line is too long for them."""
    flat = called(method, names)
    if len(indent) + 1 + len(flat) <= length(spans):
        return flat
    return f"{method}(\n" + "".join(f"{indent}    {quoted(name)},\n" for name in names) + f"{indent})"


def quoted(name: str, /) -> str:
    """As a literal."""
    return f'"{name}"'


def length(spans: "Spans", /) -> int:
    """How long a line of the file may be: as long as its longest, within reason."""
    return min(max(_USUAL_LENGTH, *(len(line) for line in spans.lines)), _MOST_LENGTH)


def indent_of(spans: "Spans", node: ast.expr, /) -> str:
    """The white space before the last call of a chain that begins its line: `    .filter(...)`; "" for others."""
    at = node.func if isinstance(node, ast.Call) else node
    if not isinstance(at, ast.Attribute) or at.end_lineno is None:
        return ""
    line = spans.lines[at.end_lineno - 1]
    text = line.lstrip()
    return line[: len(line) - len(text)] if text.startswith(f".{at.attr}") else ""


def _calls_before(node: ast.expr) -> list[ast.expr]:
    """Of a chain, the calls that another one of it stands behind: each of these begins a line, as formatters have it."""
    found: list[ast.expr] = []
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        node = node.func.value
        if isinstance(node, ast.Call):
            found.append(node)
    return found


def _held(tree: ast.Module, node: ast.expr) -> tuple[ast.stmt, ast.expr] | None:
    """The statement on one line whose value begins with a chain, and that value."""
    for statement in ast.walk(tree):
        if not isinstance(statement, (ast.Assign, ast.AnnAssign, ast.Return, ast.For)):
            continue
        value = statement.iter if isinstance(statement, ast.For) else statement.value
        if value is None or value.lineno != value.end_lineno or statement.lineno != value.lineno:
            continue
        begun: ast.expr = value
        while begun is not node and isinstance(begun, (ast.Call, ast.Attribute, ast.Subscript)):
            begun = begun.func if isinstance(begun, ast.Call) else begun.value
        if begun is node:
            return statement, value
    return None


def _enclosing(tree: ast.Module, node: ast.expr) -> "tuple[ast.FunctionDef, ast.stmt] | None":
    """The statement of a function's own body that holds a node, and the function."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            for statement in function.body:
                if any(one is node for one in ast.walk(statement)):
                    return function, statement
    return None
