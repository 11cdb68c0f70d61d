"""Where a statement can be put before a query without coming before anything else that may change what the query sees."""

import ast
from collections.abc import Mapping
from typing import Final

_REDUCING: Final = frozenset({"sum", "min", "max", "any", "all", "len"})
CONSUMING: Final = frozenset({"list", "tuple", "set", "frozenset", "dict", "sorted"})
_READING: Final = frozenset(
    "all filter exclude order_by values values_list count exists first get isoformat strftime date lower upper strip "
    "format join scalars scalar scalar_one one one_or_none query select items keys".split()
)
_PLAIN: Final = frozenset(
    "len str int float bool sum min max sorted list tuple set dict any all round abs select".split()
)


def place_before(node: ast.AST, up: Mapping[ast.AST, ast.AST], /) -> tuple[ast.stmt, bool] | None:
    """The statement around a place, and whether the place is one that only an expression can be put in; `up` has the parents."""
    before = _statement(node, up)
    if before is not None:
        return before, False
    at: ast.AST | None = node
    while at is not None and not isinstance(at, ast.stmt):
        above = up.get(at)
        is_late = isinstance(above, ast.GeneratorExp) and not is_used_up(above, up.get(above))
        if isinstance(above, ast.Lambda) or is_late:
            return None
        at = above
    return None if at is None else (at, True)


def _statement(node: ast.AST, up: Mapping[ast.AST, ast.AST]) -> ast.stmt | None:
    """The statement around the place, if what is put before it comes before nothing else."""
    at: ast.AST | None = node
    while at is not None and not isinstance(at, ast.stmt):
        above = up.get(at)
        match above:
            case ast.Lambda() | ast.IfExp() | ast.BoolOp():
                return None
            case ast.comprehension(iter=walked) if walked is not at:
                return None
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp() if (
                above.generators[0] is not at
            ):
                return None
            case ast.Call() | ast.Dict() | ast.List() | ast.Tuple() | ast.Set() | ast.keyword():
                if not all(_only_reads(one) for one in _before(above, at)):
                    return None
            case _:
                pass
        at = above
    is_simple = isinstance(at, (ast.Assign, ast.Return, ast.For, ast.Expr, ast.AnnAssign))
    return at if is_simple and isinstance(at, ast.stmt) else None


def _before(around: ast.AST, at: ast.AST) -> list[ast.AST]:
    """The parts of an expression that are worked out before one of them."""
    match around:
        case ast.Call(func=func, args=args, keywords=keywords):
            parts: list[ast.AST] = [func, *args, *keywords]
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            parts = [one for pair in pairs for one in pair if one is not None]
        case ast.List(elts=elts) | ast.Tuple(elts=elts) | ast.Set(elts=elts):
            parts = list(elts)
        case _:
            return []
    return parts[: parts.index(at)]


def _only_reads(node: ast.AST) -> bool:
    """Whether working something out changes nothing that a query would see: what it calls is known to read."""
    for one in ast.walk(node):
        if isinstance(one, (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)):
            return False
        match one:
            case ast.Call(func=ast.Attribute(attr=name)) if name in _READING:
                pass
            case ast.Call(func=ast.Name(id=name)) if name in _PLAIN:
                pass
            case ast.Call():
                return False
            case _:
                pass
    return True


def is_used_up(made: ast.GeneratorExp, by: ast.AST | None, /) -> bool:
    """Whether what a generator gives is all taken, or no more wanted, where it is made."""
    match by:
        case ast.Call(func=ast.Name(id=name), args=[first, *_]):
            return first is made and name in CONSUMING | _REDUCING
        case ast.Call(func=ast.Attribute(attr="join"), args=[first]):
            return first is made
        case _:
            return False
