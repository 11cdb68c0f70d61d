"""Expressions: tree-sitter nodes to the tuples of `ir`."""

from __future__ import annotations

from sys import intern
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.literals import number, unescape

if TYPE_CHECKING:
    from collections.abc import Callable

    from tree_sitter import Node as Tree

MAX_DEPTH: Final = 120
"""Expressions nested deeper than this are nobody's hand-written code; the file is reported as not read."""
EXTRAS: Final = frozenset({"comment", "line_continuation"})
"""What may stand between any two parts of a node, though never before the first or after the last."""
MAX_ITEMS: Final = 64
"""Items of a literal table that are kept, beside all its calls and names; its full count is kept with them."""
MAX_CHAIN: Final = 40
"""Terms of `a + b + …` up to which they nest as operators do; more are one flat `OTHER`."""
MAX_STRING: Final = 8192
"""Characters of a string literal that are kept: enough for any SQL a person wrote."""


class TooDeep(Exception):  # noqa: N818  what it says is the name
    """The source nests deeper than `MAX_DEPTH`."""


class ExpressionLowering:
    """Lowers the expressions of one file; `source` is its bytes."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.depth = 0
        self.yields = False
        """Whether the function being lowered has a `yield` of its own."""

    def text(self, node: Tree) -> str:
        return intern(self.source[node.start_byte : node.end_byte].decode("utf-8", "replace"))

    def expression(self, node: Tree) -> ir.Node:
        handler = EXPRESSIONS.get(node.type)
        if handler is None:
            return self.other(node)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise TooDeep
        lowered = handler(self, node)
        self.depth -= 1
        return lowered

    def other(self, node: Tree) -> ir.Node:
        children = node.named_children
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise TooDeep
        operands = tuple(self.expression(c) for c in children if c.type not in EXTRAS)
        self.depth -= 1
        if len(operands) == 1:
            return operands[0]
        return (ir.OTHER, node.start_point[0] + 1, operands)

    def identifier(self, node: Tree) -> ir.Node:
        return (ir.NAME, node.start_point[0] + 1, self.text(node))

    def attribute(self, node: Tree) -> ir.Node:
        names = []
        while node.type == "attribute":
            children = node.named_children
            if len(children) < 2:
                return self.other(node)
            names.append(children[-1])
            node = children[0]
        self.depth += len(names)
        if self.depth > MAX_DEPTH:
            raise TooDeep
        lowered = self.expression(node)
        self.depth -= len(names)
        starred = lowered[0] == ir.STAR
        lowered = lowered[2] if starred else lowered
        for name in reversed(names):
            lowered = (ir.ATTR, name.start_point[0] + 1, lowered, self.text(name))
        return (ir.STAR, node.start_point[0] + 1, lowered) if starred else lowered

    def call(self, node: Tree) -> ir.Node:
        function_node = node.child_by_field_name("function")
        arguments = node.child_by_field_name("arguments")
        if function_node is None or arguments is None:
            return self.other(node)
        function = self.expression(function_node)
        if function[0] == ir.STAR:  # the grammar binds the star of a lone `*f(x)` tighter than the call
            starless = self.arguments(arguments, function[2])
            return (ir.STAR, function[1], starless)
        return self.arguments(arguments, function)

    def arguments(self, arguments: Tree, function: ir.Node) -> ir.Node:
        """The call of `function`."""
        if arguments.type == "generator_expression":
            return (ir.CALL, function[1], function, (self.comprehension(arguments),), ())
        args: list[ir.Node] = []
        kwargs: list[tuple[str | None, ir.Node]] = []
        for child in arguments.named_children:
            kind = child.type
            if kind == "keyword_argument":
                parts = child.named_children
                kwargs.append((self.text(parts[0]), self.expression(parts[-1])))
            elif kind == "dictionary_splat":
                kwargs.append((None, self.expression(child.named_children[-1])))
            elif kind not in EXTRAS:
                args.append(self.expression(child))
        return (ir.CALL, function[1], function, tuple(args), tuple(kwargs))

    def string(self, node: Tree) -> ir.Node:
        line = node.start_point[0] + 1
        if any(c.type == "interpolation" for c in node.named_children):
            return self.format_string(node)
        return (ir.CONST, line, self.string_value(node))

    def string_value(self, node: Tree) -> str | bytes:
        raw = self.source[node.start_byte : min(node.end_byte, node.start_byte + MAX_STRING)].decode(
            "utf-8", "replace"
        )
        quote = raw.lstrip("rRbBuUfFtT")
        prefix = raw[: len(raw) - len(quote)].lower()
        width = 3 if quote[:3] in {'"""', "'''"} else 1
        body = quote[width:]
        if node.end_byte - node.start_byte <= MAX_STRING and body.endswith(quote[:width]):
            body = body[: len(body) - width]
        if "\\" in body and "r" not in prefix:
            body = unescape(body, is_bytes="b" in prefix)
        return intern(body)

    def format_string(self, node: Tree) -> ir.Node:
        template: list[str] = []
        holes: list[ir.Node] = []
        for child in node.named_children:
            if child.type == "string_content":
                template.append(self.text(child))
            elif child.type == "interpolation":
                template.append("{}")
                expression = child.child_by_field_name("expression")
                if expression is not None:
                    holes.append(self.expression(expression))
        return (ir.FSTR, node.start_point[0] + 1, "".join(template)[:MAX_STRING], tuple(holes))

    def concatenated(self, node: Tree) -> ir.Node:
        parts = [self.expression(c) for c in node.named_children if c.type not in EXTRAS]
        line = node.start_point[0] + 1
        texts = [p[2] if p[0] in {ir.CONST, ir.FSTR} and isinstance(p[2], str) else "" for p in parts]
        joined = "".join(texts)[:MAX_STRING]
        if all(p[0] == ir.CONST for p in parts):
            return (ir.CONST, line, joined)
        return (ir.FSTR, line, joined, tuple(hole for p in parts if p[0] == ir.FSTR for hole in p[3]))

    def integer(self, node: Tree) -> ir.Node:
        return (ir.CONST, node.start_point[0] + 1, number(self.text(node)))

    def sequence(self, node: Tree) -> ir.Node:
        children = [c for c in node.named_children if c.type not in EXTRAS]
        kind = SEQUENCE_KINDS[node.type]
        if (
            len(children) == 1
            and node.type == "tuple_pattern"
            and not any(c.type == "," for c in node.children)
        ):
            return self.expression(children[0])  # a parenthesis around one name
        kept = children if len(children) <= MAX_ITEMS else shortened(children)
        items = tuple(self.expression(c) for c in kept)
        return (ir.SEQ, node.start_point[0] + 1, kind, items, len(children))

    def dictionary(self, node: Tree) -> ir.Node:
        pairs: list[tuple[ir.Node | None, ir.Node]] = []
        count = 0
        for child in node.named_children:
            if child.type in EXTRAS:
                continue
            count += 1
            if count > MAX_ITEMS * 4:
                continue
            parts = child.named_children
            if child.type == "dictionary_splat":
                pairs.append((None, self.expression(parts[-1])))
            elif child.type == "pair" and len(parts) >= 2:
                pairs.append((self.expression(parts[0]), self.expression(parts[-1])))
        return (ir.DICT, node.start_point[0] + 1, tuple(pairs), count)

    def subscript(self, node: Tree) -> ir.Node:
        parts = [c for c in node.named_children if c.type not in EXTRAS]
        if len(parts) < 2:
            return self.other(node)
        value = self.expression(parts[0])
        line = node.start_point[0] + 1
        items = tuple(self.expression(c) for c in parts[1:])
        index = items[0] if len(items) == 1 else (ir.SEQ, line, "tuple", items, len(items))
        if value[0] == ir.STAR:  # as in `call`
            return (ir.STAR, value[1], (ir.SUB, line, value[2], index))
        return (ir.SUB, line, value, index)

    def slice(self, node: Tree) -> ir.Node:
        bounds: list[ir.Node | None] = [None, None, None]
        position = 0
        for child in node.children:
            if child.type == ":":
                position += 1
            elif child.is_named and position < 3 and child.type not in EXTRAS:
                bounds[position] = self.expression(child)
        return (ir.SLICE, node.start_point[0] + 1, *bounds)

    def binary(self, node: Tree) -> ir.Node:
        chain = []
        while node.type == "binary_operator":
            parts = node.children
            if len(parts) != 3:
                parts = [c for c in parts if c.type not in EXTRAS]
                if len(parts) != 3:
                    return self.other(node)
            chain.append((parts[1].type, parts[2]))
            node = parts[0]
        chain.reverse()
        if len(chain) > MAX_CHAIN:
            terms = (node, *(right for _, right in chain))
            return (ir.OTHER, node.start_point[0] + 1, tuple(self.expression(t) for t in terms))
        self.depth += len(chain)
        if self.depth > MAX_DEPTH:
            raise TooDeep
        left = self.expression(node)
        self.depth -= len(chain)
        for operator, right in chain:
            left = (ir.BIN, right.start_point[0] + 1, operator, left, self.expression(right))
        return left

    def boolean(self, node: Tree) -> ir.Node:
        line = node.start_point[0] + 1
        operator = connective(node)
        items: list[Tree] = []
        while node.type == "boolean_operator" and connective(node) == operator:
            items.append(node.children[-1])
            node = node.children[0]
        items.append(node)
        return (ir.BOOL, line, operator, tuple(self.expression(i) for i in reversed(items)))

    def negation(self, node: Tree) -> ir.Node:
        return (ir.NOT, node.start_point[0] + 1, self.expression(node.named_children[-1]))

    def comparison(self, node: Tree) -> ir.Node:
        operators: list[str] = []
        operands: list[ir.Node] = []
        for child in node.children:
            if child.is_named and child.type not in EXTRAS:
                operands.append(self.expression(child))
            elif not child.is_named:
                operators.append(child.type)
        return (ir.CMP, node.start_point[0] + 1, tuple(operators), tuple(operands))

    def conditional(self, node: Tree) -> ir.Node:
        parts = [c for c in node.named_children if c.type not in EXTRAS]
        if len(parts) != 3:
            return self.other(node)
        then, condition, orelse = parts
        line = node.start_point[0] + 1
        return (ir.IFEXP, line, self.expression(condition), self.expression(then), self.expression(orelse))

    def lambda_(self, node: Tree) -> ir.Node:
        params = node.child_by_field_name("parameters")
        body = node.child_by_field_name("body")
        if body is None:
            return self.other(node)
        outer = self.yields
        lowered = (ir.LAMBDA, node.start_point[0] + 1, self.parameters(params), self.expression(body))
        self.yields = outer
        return lowered

    def comprehension(self, node: Tree) -> ir.Node:
        kind = COMPREHENSION_KINDS[node.type]
        elements: list[ir.Node] = []
        clauses: list[tuple[ir.Node, ir.Node, list[ir.Node], bool]] = []
        for child in node.named_children:
            if child.type == "for_in_clause":
                left, right = child.child_by_field_name("left"), child.child_by_field_name("right")
                if left is None or right is None:
                    continue
                is_async = child.children[0].type == "async"
                clauses.append((self.expression(left), self.expression(right), [], is_async))
            elif child.type == "if_clause" and clauses:
                clauses[-1][2].append(self.expression(child.named_children[-1]))
            elif child.type == "pair":
                elements.extend(self.expression(c) for c in child.named_children if c.type not in EXTRAS)
            elif child.type not in EXTRAS:
                elements.append(self.expression(child))
        frozen = tuple(
            (target, iterable, tuple(conditions), a) for target, iterable, conditions, a in clauses
        )
        return (ir.COMP, node.start_point[0] + 1, kind, tuple(elements), frozen)

    def await_(self, node: Tree) -> ir.Node:
        return (ir.AWAIT, node.start_point[0] + 1, self.expression(node.named_children[-1]))

    def yield_(self, node: Tree) -> ir.Node:
        self.yields = True
        operand = node.named_children[-1] if node.named_children else None
        is_from = any(c.type == "from" for c in node.children)
        lowered = None if operand is None else self.expression(operand)
        return (ir.YIELD, node.start_point[0] + 1, lowered, is_from)

    def walrus(self, node: Tree) -> ir.Node:
        name, value = node.named_children[0], node.named_children[-1]
        return (ir.WALRUS, node.start_point[0] + 1, self.text(name), self.expression(value))

    def star(self, node: Tree) -> ir.Node:
        return (ir.STAR, node.start_point[0] + 1, self.expression(node.named_children[-1]))

    def unary(self, node: Tree) -> ir.Node:
        operand = self.expression(node.named_children[-1])
        if operand[0] == ir.CONST and isinstance(operand[2], int | float) and node.children[0].type == "-":
            return (ir.CONST, operand[1], -operand[2])
        return (ir.UNARY, node.start_point[0] + 1, operand)

    def parenthesized(self, node: Tree) -> ir.Node:
        inner = [c for c in node.named_children if c.type not in EXTRAS]
        return self.expression(inner[0]) if len(inner) == 1 else self.other(node)

    def as_pattern(self, node: Tree) -> ir.Node:
        return self.expression(node.named_children[0])

    def parameters(self, node: Tree | None) -> tuple[tuple[str, str, ir.Node | None, ir.Node | None], ...]:
        """Parameters in order of declaration, `self` included."""
        lowered: list[tuple[str, str, ir.Node | None, ir.Node | None]] = []
        kind = "pos"
        for child in node.named_children if node is not None else ():
            match child.type:
                case "identifier":
                    lowered.append((self.text(child), kind, None, None))
                case "default_parameter":
                    name, value = child.named_children[0], child.named_children[-1]
                    lowered.append((self.text(name), kind, None, self.expression(value)))
                case "typed_default_parameter":
                    name, value = child.named_children[0], child.named_children[-1]
                    annotation = child.child_by_field_name("type")
                    hint = None if annotation is None else self.annotation(annotation)
                    lowered.append((self.text(name), kind, hint, self.expression(value)))
                case "typed_parameter":
                    inner = child.named_children[0]
                    annotation = child.child_by_field_name("type")
                    hint = None if annotation is None else self.annotation(annotation)
                    stars = STAR_KINDS.get(inner.type)
                    name = inner.named_children[0] if stars else inner
                    lowered.append((self.text(name), stars or kind, hint, None))
                    kind = "kw" if stars else kind
                case "list_splat_pattern" | "dictionary_splat_pattern":
                    lowered.append((self.text(child.named_children[0]), STAR_KINDS[child.type], None, None))
                    kind = "kw"
                case "keyword_separator":
                    kind = "kw"
                case "tuple_pattern":
                    lowered.append(("", kind, None, None))
        return tuple(lowered)

    def annotation(self, node: Tree) -> ir.Node:
        """A type expression; `X[Y]` arrives as a generic type here and as a subscript there."""
        if node.type == "type":
            node = node.named_children[0]
        if node.type == "generic_type":
            parts = node.named_children
            line = node.start_point[0] + 1
            inside = [c for p in parts[1:] for c in p.named_children]
            arguments = tuple(self.annotation(c) for c in inside if c.type not in EXTRAS)
            index = (
                arguments[0] if len(arguments) == 1 else (ir.SEQ, line, "tuple", arguments, len(arguments))
            )
            return (ir.SUB, line, self.expression(parts[0]), index)
        if node.type == "union_type":
            parts = node.named_children
            return union(self.annotation(parts[0]), self.annotation(parts[-1]))
        if node.type == "splat_type":
            return (ir.STAR, node.start_point[0] + 1, self.expression(node.named_children[-1]))
        if node.type == "member_type":
            parts = node.named_children
            return (ir.ATTR, node.start_point[0] + 1, self.annotation(parts[0]), self.text(parts[-1]))
        return self.expression(node)


def union(left: ir.Node, right: ir.Node) -> ir.Node:
    """`left | right`, associated from the left as everywhere else."""
    if right[0] == ir.BIN and right[2] == "|":
        return (ir.BIN, right[1], "|", union(left, right[3]), right[4])
    return (ir.BIN, right[1], "|", left, right)


def connective(node: Tree) -> str:
    """The `and` or `or` of a boolean operator."""
    return next(c.type for c in node.children if not c.is_named)


def shortened(children: list[Tree]) -> list[Tree]:
    """The first items of a long literal, and of the rest whatever is more than data: a list of routes is code."""
    return [
        c for n, c in enumerate(children) if n < MAX_ITEMS or c.type in {"call", "identifier", "attribute"}
    ]


SEQUENCE_KINDS: Final = {
    "list": "list",
    "tuple": "tuple",
    "set": "set",
    "expression_list": "tuple",
    "pattern_list": "tuple",
    "tuple_pattern": "tuple",
    "list_pattern": "list",
}
COMPREHENSION_KINDS: Final = {
    "list_comprehension": "list",
    "set_comprehension": "set",
    "dictionary_comprehension": "dict",
    "generator_expression": "gen",
}
STAR_KINDS: Final = {"list_splat_pattern": "*", "dictionary_splat_pattern": "**"}

_L = ExpressionLowering
EXPRESSIONS: Final[dict[str, Callable[[ExpressionLowering, Tree], ir.Node]]] = {
    "identifier": _L.identifier,
    "keyword_identifier": _L.identifier,
    "attribute": _L.attribute,
    "call": _L.call,
    "string": _L.string,
    "concatenated_string": _L.concatenated,
    "integer": _L.integer,
    "float": _L.integer,
    "true": lambda _, n: (ir.CONST, n.start_point[0] + 1, True),
    "false": lambda _, n: (ir.CONST, n.start_point[0] + 1, False),
    "none": lambda _, n: (ir.CONST, n.start_point[0] + 1, None),
    "ellipsis": lambda _, n: (ir.CONST, n.start_point[0] + 1, None),
    **dict.fromkeys(SEQUENCE_KINDS, _L.sequence),
    **dict.fromkeys(COMPREHENSION_KINDS, _L.comprehension),
    "dictionary": _L.dictionary,
    "subscript": _L.subscript,
    "slice": _L.slice,
    "binary_operator": _L.binary,
    "boolean_operator": _L.boolean,
    "not_operator": _L.negation,
    "comparison_operator": _L.comparison,
    "conditional_expression": _L.conditional,
    "lambda": _L.lambda_,
    "await": _L.await_,
    "yield": _L.yield_,
    "named_expression": _L.walrus,
    "list_splat": _L.star,
    "list_splat_pattern": _L.star,
    "unary_operator": _L.unary,
    "parenthesized_expression": _L.parenthesized,
    "as_pattern": _L.as_pattern,
    "type": _L.annotation,
}
