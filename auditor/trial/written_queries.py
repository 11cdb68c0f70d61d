"""What a change writes into the text of a query: a value that whoever asks has chosen writes the query, too.

No workload shows it, for whoever asks there asks for what there is. Told is a value that was handed to the function and stands where SQL
has a value: within quotes, or behind a comparison. Names of tables and columns, and rows of placeholders, have no other way into a text.
"""

import ast
import re
from collections.abc import Iterator
from typing import Final

from auditor.trial.constraints.edited import Edited

_SQL: Final = re.compile(
    r"\b(SELECT\s.*\bFROM|INSERT\s+INTO|UPDATE\s.*\bSET|DELETE\s+FROM|WHERE|HAVING|CALL)\b",
    re.IGNORECASE | re.DOTALL,
)
_TAKES_SQL: Final = frozenset(
    "text execute executemany executescript exec_driver_sql raw RawSQL literal_column fetch fetchrow fetchval fetch_all fetch_one".split()
)
"""What is called with SQL, be it a part of a statement alone."""
_QUOTED: Final = re.compile(r"['\"]%?$")
_COMPARED: Final = re.compile(r"(?:[=<>]|\bI?LIKE)\s*$", re.IGNORECASE)
_GOES_ON: Final = re.compile(r"^[.(\w]")
"""Behind a name of SQL's own: `= {table}.id`."""
_SAFE: Final = frozenset(
    {"int", "float", "len", "bool", "Identifier", "quote_name", "quote_ident", "literal"}
)
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def written_into_queries(file: Edited, /) -> tuple[str, ...]:
    """A sentence for each value that the new version writes into a query and the old one did not."""
    if file.trees is None:
        return ()
    was, now = (dict.fromkeys(_written(tree)) for tree in file.trees)
    return tuple(f"puts `{one}` into the text of a query" for one in now if one not in was)


def _written(tree: ast.Module) -> Iterator[str]:
    for function in ast.walk(tree):
        if isinstance(function, _Function):
            handed = _handed(function)
            for text, holes in _texts(function):
                for (literal, behind), hole in zip(text, holes, strict=True):
                    if _is_value(literal, behind) and _root(hole) in handed and not _is_safe(hole):
                        yield ast.unparse(hole)


def _handed(function: _Function) -> set[str]:
    """Names whose value came in from outside: parameters, and what is made of them without a call that makes it safe."""
    arguments = function.args
    listed = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    found = {one.arg for one in listed if not _is_number(one.annotation)} | {"request"}
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                if _root(value) in found and not _is_safe(value):
                    found.add(name)
                elif name not in {one.arg for one in listed}:
                    found.discard(name)
            case _:
                pass
    return found


def _is_number(annotation: ast.expr | None) -> bool:
    return isinstance(annotation, ast.Name) and annotation.id in {
        "int",
        "float",
        "bool",
        "UUID",
        "date",
        "datetime",
    }


def _texts(function: _Function) -> Iterator[tuple[list[tuple[str, str]], list[ast.expr]]]:
    """Texts of SQL with values in them: what stands before and behind each value, and the values."""
    sql = {
        id(node.args[0])
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and node.args and _name(node.func) in _TAKES_SQL
    }
    for node in ast.walk(function):
        parts = _parts(node)
        if parts is None or not any(not isinstance(one, str) for one in parts):
            continue
        whole = "".join(one if isinstance(one, str) else "?" for one in parts)
        if id(node) not in sql and not _SQL.search(whole):
            continue
        around, holes = [], []
        for at, one in enumerate(parts):
            if not isinstance(one, str):
                before = parts[at - 1] if at else ""
                behind = parts[at + 1] if at + 1 < len(parts) else ""
                around.append(
                    (before if isinstance(before, str) else "", behind if isinstance(behind, str) else "")
                )
                holes.append(one)
        yield around, holes


def _parts(node: ast.AST) -> list[str | ast.expr] | None:
    """A text that is put together, literals and values in turn."""
    match node:
        case ast.JoinedStr(values=values):
            return [
                str(one.value) if isinstance(one, ast.Constant) else one.value
                for one in values
                if isinstance(one, ast.Constant | ast.FormattedValue)
            ]
        case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Mod(), right=right):
            given = list(right.elts) if isinstance(right, ast.Tuple) else [right]
            return _filled(re.split(r"%s|%r", text), given)
        case ast.Call(
            func=ast.Attribute(value=ast.Constant(value=str(text)), attr="format"), args=args, keywords=[]
        ):
            return _filled(re.split(r"\{\d*\}", text), args)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return [*(_parts(left) or [_plain(left)]), *(_parts(right) or [_plain(right)])]
        case _:
            return None


def _plain(node: ast.expr) -> str | ast.expr:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else node


def _filled(literals: list[str], values: list[ast.expr]) -> list[str | ast.expr] | None:
    if len(literals) != len(values) + 1:
        return None
    filled: list[str | ast.expr] = [literals[0]]
    for value, literal in zip(values, literals[1:], strict=True):
        filled += [value, literal]
    return filled


def _is_value(before: str, behind: str) -> bool:
    if _QUOTED.search(before):
        return "'" in before[-2:] or not behind.startswith('"')
    return _COMPARED.search(before) is not None and not _GOES_ON.match(behind)


def _root(node: ast.expr) -> str:
    """The name that a value is read from, through attributes, items and methods of its own."""
    while True:
        match node:
            case ast.Attribute(value=inner) | ast.Subscript(value=inner) | ast.Await(value=inner):
                node = inner
            case ast.Call(func=ast.Attribute(value=inner)):
                node = inner
            case ast.Name(id=name):
                return name
            case _:
                return ""


def _is_safe(node: ast.expr) -> bool:
    return (isinstance(node, ast.Call) and _name(node.func) in _SAFE) or (
        isinstance(node, ast.Attribute) and node.attr in {"id", "pk"}
    )


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
