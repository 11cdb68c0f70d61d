"""Copies of expressions with parts exchanged, and how they are laid out as source."""

import ast
import io
import textwrap
import tokenize
from collections.abc import Mapping
from typing import Final, TypeVar

from auditor.codemods.chains import chain

_WIDTH: Final = 100
_STEP: Final = "    "
Node = TypeVar("Node", bound=ast.AST)


def rewritten(node: Node, swaps: Mapping[ast.AST, ast.AST], /) -> Node:
    """A copy of a tree in which each node that is a key stands exchanged for its value, in that value too."""
    if node in swaps:
        return rewritten(swaps[node], swaps)  # type: ignore[return-value]  # the caller exchanges like for like
    copied = type(node)(
        **{
            name: [rewritten(one, swaps) if isinstance(one, ast.AST) else one for one in value]
            if isinstance(value, list)
            else rewritten(value, swaps)
            if isinstance(value, ast.AST)
            else value
            for name, value in ast.iter_fields(node)
        }
    )
    return ast.copy_location(copied, node)


def laid_out(node: ast.expr, before: str, indent: str, /) -> str:
    """Source of an expression that begins behind `before` on a line indented by `indent`: broken where it is too long."""
    text = ast.unparse(node)
    if len(indent) + len(before) + len(text) <= _WIDTH:
        return text
    one = chain(node)
    calls = sum(step.call is not None for step in one.steps)
    if calls > 1:
        inner = indent + _STEP
        return f"(\n{inner}{_chained(node, inner)}\n{indent})"
    if isinstance(node, ast.Call):
        return _called(node, indent)
    return text


def in_quotes_of(example: str, text: str, /) -> str:
    """New source with the quotes that a file's own strings have, where no string needs the others."""
    if example.count("'") > example.count('"'):
        return text
    lines = text.split("\n")
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(textwrap.dedent(text) + "\n").readline))
    except (tokenize.TokenError, SyntaxError, IndentationError):
        return text
    margin = len(lines[0]) - len(textwrap.dedent(text).split("\n")[0])
    for token in reversed(tokens):
        inner = token.string[1:-1]
        is_single = token.type == tokenize.STRING and token.string[:1] == "'" and token.string[:3] != "'''"
        if is_single and '"' not in inner and "\\" not in inner and token.start[0] == token.end[0]:
            row, start, end = token.start[0] - 1, token.start[1] + margin, token.end[1] + margin
            lines[row] = f'{lines[row][:start]}"{inner}"{lines[row][end:]}'
    return "\n".join(lines)


def _chained(node: ast.expr, indent: str) -> str:
    """One call a line, the first with what it is called on."""
    match node:
        case ast.Call(func=ast.Attribute(value=below, attr=name)) if any(
            step.call is not None for step in chain(below).steps
        ) or isinstance(chain(below).root, ast.Call):
            return f"{_chained(below, indent)}\n{indent}.{name}{_arguments(node, indent, len(name) + 1)}"
        case ast.Call() if len(indent) + len(ast.unparse(node)) > _WIDTH:
            return _called(node, indent)
        case _:
            return ast.unparse(node)


def _called(node: ast.Call, indent: str) -> str:
    func = ast.unparse(node.func)
    return f"{func}{_arguments(node, indent, len(func))}"


def _arguments(call: ast.Call, indent: str, used: int) -> str:
    given = [*call.args, *call.keywords]
    flat = f"({', '.join(ast.unparse(one) for one in given)})"
    if len(indent) + used + len(flat) <= _WIDTH or not given:
        return flat
    inner = indent + _STEP
    lines = [
        f"{inner}{laid_out(one, '', inner) if isinstance(one, ast.expr) else ast.unparse(one)},"
        for one in given
    ]
    return "(\n" + "\n".join(lines) + f"\n{indent})"
