"""Finds what a finding speaks of in the syntax tree of its file."""

import ast
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

Function = ast.FunctionDef | ast.AsyncFunctionDef
Loop = ast.For | ast.AsyncFor | ast.While


def parents(tree: ast.AST, /) -> dict[ast.AST, ast.AST]:
    """Each node's parent."""
    return {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}


def statement_at(tree: ast.AST, line: int, end_line: int | None = None, /) -> ast.stmt | None:
    """The innermost statement that begins at `line`, or else the innermost that holds it."""
    best: ast.stmt | None = None
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt) or node.end_lineno is None:
            continue
        if node.lineno <= line <= node.end_lineno and (end_line is None or end_line <= node.end_lineno):
            smaller = best is None or (node.end_lineno - node.lineno) <= (
                (best.end_lineno or 0) - best.lineno
            )
            if smaller:
                best = node
    return best


def function_at(tree: ast.AST, line: int, /) -> Function | None:
    """The innermost function that holds a line."""
    found: Function | None = None
    for node in ast.walk(tree):
        holds = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.lineno <= line <= (
            node.end_lineno or 0
        )
        if holds and (found is None or node.lineno >= found.lineno):  # type: ignore[attr-defined]  # a function
            found = node  # type: ignore[assignment]  # as above
    return found


def block_of(function: Function, statement: ast.stmt, /) -> list[ast.stmt]:
    """The statements among which one stands: itself alone where it is no part of a block."""
    above = parents(function).get(statement)
    for field in ("body", "orelse", "finalbody"):
        block = getattr(above, field, None)
        if isinstance(block, list) and statement in block:
            return block
    return [statement]


def inside(node: ast.AST, line: int, end_line: int, /) -> Iterator[ast.expr]:
    """Expressions below `node` that lie within the lines, outermost first."""
    for one in ast.walk(node):
        if isinstance(one, ast.expr) and line <= one.lineno and (one.end_lineno or one.lineno) <= end_line:
            yield one


def names_bound(function: Function, /) -> frozenset[str]:
    """Every name that the function binds, parameters included."""
    names = {argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)}
    names |= {
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    names |= {
        node.name
        for node in ast.walk(function)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    }
    for node in ast.walk(function):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    return frozenset(names)


def free_name(wanted: str, taken: AbstractSet[str], /) -> str:
    """`wanted`, or with a number behind it where that is taken."""
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}_{number}", number + 1
    return name


def name_given(statement: ast.stmt, value: ast.expr, /) -> str:
    """The name that a statement gives a value, when it does nothing else; "" for none."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=given) if given is value:
            return name
        case _:
            return ""


def dotted(node: ast.expr, /) -> str:
    """`a.b.c` of names and attributes; empty for anything else."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=owner, attr=attr):
            before = dotted(owner)
            return f"{before}.{attr}" if before else ""
        case _:
            return ""


def header_end(tree: ast.AST, line: int, /) -> int:
    """The last line of the condition of an `if` or `while` that begins at `line`; `line` itself for anything else."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.If, ast.While)) and node.lineno == line:
            return node.test.end_lineno or line
    return line
