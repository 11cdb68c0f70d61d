"""What CPython's own parser says a source means, in the tuples of `ir`: the oracle of the lowering."""

import ast
import warnings
from collections.abc import Iterable
from typing import Any

from auditor.index import ir
from auditor.index.lower import MAX_ELIFS
from auditor.index.lower_expressions import MAX_CHAIN, MAX_ITEMS, MAX_STRING


class Anything:
    """Equal to whatever it is compared with: where the lowering is free to choose."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "…"


class Names(frozenset[str]):
    """Equal to a tuple of the same names in any order."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, tuple) and set(other) == set(self)

    __hash__ = frozenset.__hash__


ANY = Anything()
_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.MatMult: "@", ast.Div: "/", ast.Mod: "%", ast.Pow: "**",
    ast.LShift: "<<", ast.RShift: ">>", ast.BitOr: "|", ast.BitXor: "^", ast.BitAnd: "&", ast.FloorDiv: "//",
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Is: "is",
    ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
_COMPREHENSIONS = {ast.ListComp: "list", ast.SetComp: "set", ast.GeneratorExp: "gen", ast.DictComp: "dict"}


def body_of(source: str) -> tuple[Any, ...]:
    """The `body` that `lower` must give; raises SyntaxError."""
    with warnings.catch_warnings(action="ignore"):  # of escapes that are none
        return block(ast.parse(source).body)


def block(statements: Iterable[ast.stmt]) -> tuple[Any, ...]:
    return tuple(lowered for s in statements if (lowered := statement(s)) is not None)


def optional(node: ast.expr | None) -> Any:
    return None if node is None else expression(node)


def expressions(nodes: Iterable[ast.expr]) -> tuple[Any, ...]:
    return tuple(expression(node) for node in nodes)


def statement(node: ast.stmt) -> Any:
    span = (node.lineno, node.end_lineno)
    match node:
        case ast.Expr(ast.Name() | ast.JoinedStr()):
            return None
        case ast.Expr(ast.Constant(value=str() | bytes() | int() as v)) if not isinstance(v, bool):
            return None
        case ast.Expr(ast.Constant(value=v)) if v is ...:
            return None
        case ast.Expr(ast.Tuple([only])) if not is_parenthesised(node.value):
            return statement(ast.copy_location(ast.Expr(only), node))  # a comma that does nothing
        case ast.Expr(value):
            return (ir.EXPR, *span, expression(value))
        case ast.Assign(targets, value):
            return (ir.ASSIGN, *span, expressions(targets), expression(value))
        case ast.AugAssign(target, op, value):
            return (ir.AUG, *span, expression(target), _OPERATORS[type(op)] + "=", expression(value))
        case ast.AnnAssign(target, annotation, value):
            return (ir.ANN, *span, expression(target), expression(annotation), optional(value))
        case ast.Return(value):
            return (ir.RETURN, *span, optional(value))
        case ast.If():
            return if_(node, span)
        case ast.For(target, iterable, body, orelse) | ast.AsyncFor(target, iterable, body, orelse):
            parts = (expression(target), expression(iterable), block(body), block(orelse))
            return (ir.FOR, *span, *parts, isinstance(node, ast.AsyncFor))
        case ast.While(test, body, orelse):
            return (ir.WHILE, *span, expression(test), block(body), block(orelse))
        case ast.With(items, body) | ast.AsyncWith(items, body):
            pairs = tuple((expression(i.context_expr), optional(i.optional_vars)) for i in items)
            return (ir.WITH, *span, pairs, block(body), isinstance(node, ast.AsyncWith))
        case ast.Try(body, handlers, orelse, final) | ast.TryStar(body, handlers, orelse, final):
            caught = tuple((optional(h.type), h.name, block(h.body)) for h in handlers)
            return (ir.TRY, *span, block(body), caught, block(orelse), block(final))
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return function(node, span)
        case ast.ClassDef(name, bases, keywords, body, decorators):
            named = tuple((k.arg, expression(k.value)) for k in keywords)
            return (ir.CLASS, *span, name, expressions(bases), named, expressions(decorators), block(body))
        case ast.ImportFrom("__future__", level=0):
            return None
        case ast.Import(names):
            return (ir.IMPORT, *span, tuple((n.name, n.asname) for n in names))
        case ast.ImportFrom(module, names, level):
            return (ir.FROM, *span, level, module or "", tuple((n.name, n.asname) for n in names))
        case ast.Raise(exc):
            return (ir.RAISE, *span, optional(exc))
        case ast.Delete(targets):
            return (ir.DEL, *span, expressions(targets))
        case ast.Global(names) | ast.Nonlocal(names):
            return (ir.GLOBAL, *span, tuple(names))
        case ast.Assert(test):
            return (ir.ASSERT, *span, expression(test))
        case ast.Break():
            return (ir.BREAK, *span)
        case ast.Continue():
            return (ir.CONTINUE, *span)
        case ast.Match(subject, cases):
            found = tuple((Names(bound(c.pattern)), optional(c.guard), block(c.body)) for c in cases)
            return (ir.MATCH, *span, expression(subject), found)
    return None


def if_(node: ast.If, span: tuple[int, int | None]) -> Any:
    branches = [node]
    while len(branches[-1].orelse) == 1 and is_elif(branches[-1], branches[-1].orelse[0]):
        branches.append(branches[-1].orelse[0])  # type: ignore[arg-type]
    last = branches[-1].orelse
    if len(branches) - 1 + bool(last) > MAX_ELIFS:
        cases = tuple(((), expression(b.test), block(b.body)) for b in branches)
        return (ir.MATCH, *span, (ir.CONST, ANY, None), cases + (((), None, block(last)),) * bool(last))
    return (ir.IF, *span, expression(node.test), block(node.body), block(node.orelse))


def is_elif(outer: ast.If, inner: ast.stmt) -> bool:
    """An `elif` stands in the column of its `if`, an `if` under `else` does not."""
    return isinstance(inner, ast.If) and inner.col_offset == outer.col_offset


def function(node: ast.FunctionDef | ast.AsyncFunctionDef, span: tuple[int, int | None]) -> Any:
    flags = ir.ASYNC if isinstance(node, ast.AsyncFunctionDef) else 0
    flags |= ir.GENERATOR if yields(node.body) else 0
    params, decorators = parameters(node.args), expressions(node.decorator_list)
    return (ir.DEF, *span, node.name, params, decorators, block(node.body), optional(node.returns), flags)


def yields(body: list[ast.stmt]) -> bool:
    stack: list[ast.AST] = list(body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            stack.extend(ast.iter_child_nodes(node))
    return False


def parameters(args: ast.arguments) -> tuple[Any, ...]:
    positional = [*args.posonlyargs, *args.args]
    defaults = [None] * (len(positional) - len(args.defaults)) + list(args.defaults)
    found = [parameter(a, "pos", d) for a, d in zip(positional, defaults, strict=True)]
    if args.vararg:
        found.append(parameter(args.vararg, "*", None))
    found += [parameter(a, "kw", d) for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True)]
    if args.kwarg:
        found.append(parameter(args.kwarg, "**", None))
    return tuple(found)


def parameter(arg: ast.arg, kind: str, default: ast.expr | None) -> Any:
    return (arg.arg, kind, optional(arg.annotation), optional(default))


def bound(pattern: ast.pattern) -> Iterable[str]:
    for node in ast.walk(pattern):
        if isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name
        elif isinstance(node, ast.MatchMapping) and node.rest:
            yield node.rest


def expression(node: ast.expr) -> Any:
    line = node.lineno
    match node:
        case ast.Name(name):
            return (ir.NAME, line, name)
        case ast.Attribute(value, name):
            return (ir.ATTR, node.end_lineno, expression(value), name)
        case ast.Call(func, args, keywords):
            called = expression(func)
            named = tuple((k.arg, expression(k.value)) for k in keywords)
            return (ir.CALL, called[1], called, expressions(args), named)
        case ast.Constant(value):
            return (ir.CONST, line, constant(value))
        case ast.JoinedStr(values):
            holes = [v.value for v in values if isinstance(v, ast.FormattedValue)]
            if not holes:
                return (ir.CONST, line, ANY)
            # Before Python 3.12 positions inside an f-string are wrong.
            return (ir.FSTR, line, ANY, without_lines(expressions(holes)))
        case ast.List(items) | ast.Set(items) | ast.Tuple(items):
            kind = type(node).__name__.lower()
            code = [n for n in items[MAX_ITEMS:] if isinstance(n, ast.Call | ast.Name | ast.Attribute)]
            return (ir.SEQ, line, kind, expressions([*items[:MAX_ITEMS], *code]), len(items))
        case ast.Dict(keys, values):
            pairs = list(zip(keys, values, strict=True))[: 4 * MAX_ITEMS]
            return (ir.DICT, line, tuple((optional(k), expression(v)) for k, v in pairs), len(keys))
        case ast.Subscript(value, ast.Tuple() as index) if len(index.elts) > 1 and not is_parenthesised(
            index
        ):
            items = expressions(index.elts)
            return (ir.SUB, line, expression(value), (ir.SEQ, ANY, "tuple", items, len(items)))
        case ast.Subscript(value, index) if isinstance(index, ast.Tuple) and is_lone_star(index):
            return (ir.SUB, line, expression(value), expression(index.elts[0]))
        case ast.Subscript(value, index):
            return (ir.SUB, line, expression(value), expression(index))
        case ast.Slice(low, high, step):
            return (ir.SLICE, ANY, optional(low), optional(high), optional(step))
        case ast.BinOp():
            return binary(node)
        case ast.BoolOp(op, values):
            return (ir.BOOL, ANY, "and" if isinstance(op, ast.And) else "or", expressions(values))
        case ast.UnaryOp(ast.Not(), operand):
            return (ir.NOT, ANY, expression(operand))
        case ast.UnaryOp(op, operand):
            inner = expression(operand)
            if isinstance(op, ast.USub) and inner[0] == ir.CONST and isinstance(inner[2], int | float):
                return (ir.CONST, inner[1], -inner[2])
            return (ir.UNARY, ANY, inner)
        case ast.Compare(left, ops, comparators):
            signs = tuple(_OPERATORS[type(op)] for op in ops)
            return (ir.CMP, ANY, signs, expressions([left, *comparators]))
        case ast.IfExp(test, body, orelse):
            return (ir.IFEXP, ANY, expression(test), expression(body), expression(orelse))
        case ast.Lambda(args, body):
            return (ir.LAMBDA, line, parameters(args), expression(body))
        case ast.DictComp(key, value, generators):
            return (ir.COMP, line, "dict", expressions([key, value]), clauses(generators))
        case (
            ast.ListComp(element, generators)
            | ast.SetComp(element, generators)
            | ast.GeneratorExp(element, generators)
        ):
            kind = _COMPREHENSIONS[type(node)]
            return (ir.COMP, line, kind, (expression(element),), clauses(generators))
        case ast.Await(value):
            return (ir.AWAIT, line, expression(value))
        case ast.Yield(value):
            return (ir.YIELD, line, optional(value), False)
        case ast.YieldFrom(value):
            return (ir.YIELD, line, expression(value), True)
        case ast.NamedExpr(ast.Name(name), value):
            return (ir.WALRUS, line, name, expression(value))
        case ast.Starred(value):
            return (ir.STAR, line, expression(value))
    raise AssertionError(ast.dump(node))


def binary(node: ast.BinOp) -> Any:
    terms: list[ast.expr] = [node.right]
    left = node.left
    # A parenthesis would move the outer one's start.
    while isinstance(left, ast.BinOp) and (left.lineno, left.col_offset) == (node.lineno, node.col_offset):
        terms.append(left.right)
        left = left.left
    if len(terms) > MAX_CHAIN:
        return (ir.OTHER, ANY, expressions([left, *reversed(terms)]))
    return (ir.BIN, ANY, _OPERATORS[type(node.op)], expression(node.left), expression(node.right))


def is_lone_star(node: ast.Tuple) -> bool:
    return len(node.elts) == 1 and isinstance(node.elts[0], ast.Starred)


def is_parenthesised(node: ast.Tuple) -> bool:
    return (node.lineno, node.col_offset) < (node.elts[0].lineno, node.elts[0].col_offset)


def clauses(generators: list[ast.comprehension]) -> tuple[Any, ...]:
    return tuple(
        (expression(g.target), expression(g.iter), expressions(g.ifs), bool(g.is_async)) for g in generators
    )


def constant(value: object) -> object:
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if isinstance(value, str) and len(value) > MAX_STRING // 4:
        return ANY  # cut off, at a place that counts escapes
    return ANY if isinstance(value, complex) or value is ... else value


def without_lines(node: Any) -> Any:
    """The same tree with every line open: the second place of whatever begins with an operation."""
    if not isinstance(node, tuple):
        return node
    inner = tuple(without_lines(part) for part in node)
    starts = len(node) > 1 and isinstance(node[0], int) and not isinstance(node[0], bool)
    return (inner[0], ANY, *inner[2:]) if starts else inner
