"""Expressions: one handler for each kind of node, from the tree to an abstract value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from auditor.index import ir
from auditor.index.values import (
    UNKNOWN,
    Const,
    Dictionary,
    Exact,
    ExtInst,
    Items,
    Lambda,
    Many,
    Query,
    Size,
    Star,
    Sym,
    Text,
    Value,
)
from auditor.trace import (
    access,
    awaiting,
    calls,
    deciding,
    iteration,
    joining,
    keywords,
    named_values,
    naming,
    protocols,
)
from auditor.trace import arguments as forwarded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from auditor.index.ir import Node
    from auditor.trace.machine import Machine


def name(m: Machine, node: Node) -> Value:
    found = m.cx.env.get(node[2])
    if found is not None:
        return found
    return named_values.free_name(m, node[2])


def expression(m: Machine, node: Node) -> Value:
    return EXPRESSIONS[node[0]](m, node)


def attribute(m: Machine, node: Node) -> Value:
    value = expression(m, node[2])
    m.cx.line = node[1]
    return access.get_attribute(m, value, node[3], node)


def call(m: Machine, node: Node) -> Value:
    cx = m.cx
    function = node[2]
    receiver: Value | None = None
    called: Value | None = None
    if function[0] == ir.ATTR:
        receiver = expression(m, function[2])
    elif function[0] == ir.NAME and function[2] == "super" and "super" not in cx.env:
        return named_values.super_value(m)
    else:
        called = expression(m, function)
    args = arguments(m, node[3])
    kwargs: dict[str, Value] = {}
    for key, given in node[4]:
        value = expression(m, given)
        if key is not None:
            kwargs[key] = value
        elif isinstance(value, Dictionary):
            kwargs.update({k: v for k, v in value.entries.items() if isinstance(k, str)})
            if value.rest is not None:
                kwargs[forwarded.STARS] = value.rest
        elif isinstance(value, Sym):
            kwargs[forwarded.STARS] = value
    cx.line = node[1]
    if not cx.frames and not m.quiet:
        cx.summary.call_count += 1
    if receiver is not None:
        result = calls.call_method(m, receiver, function[3], args, kwargs, node)
    else:
        result = call_value(m, called or UNKNOWN, args, kwargs, node)
    return result


def call_value(
    m: Machine, value: Value, args: Sequence[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    return calls.call_value(m, value, list(args), kwargs, node)


def arguments(m: Machine, nodes: Sequence[Node]) -> list[Value]:
    given: list[Value] = []
    for a in nodes:
        if a[0] == ir.STAR:
            value = expression(m, or_nothing(a[2]))
            if isinstance(value, Items):
                given.extend(value.items)
            elif isinstance(value, (Sym, Many)):
                if not is_forwarded(m, value):
                    iteration.fetch(m, value, a, "materialise")
                given.append(Star(value))
            else:
                given.append(iteration.consumed_element(m, value, a, "materialise"))
        else:
            given.append(expression(m, a))
    return given


def or_nothing(node: Node) -> Node:
    """`options` of `*options or ()`: none of them are none either way."""
    if node[0] != ir.BOOL or node[2] != "or" or len(node[3]) != 2:
        return node
    first, last = node[3]
    return first if last[0] == ir.SEQ and not last[3] else node


def is_forwarded(m: Machine, value: Value) -> bool:
    """True for the function's own `*args`, which are a tuple already."""
    function = m.cx.function
    return (
        isinstance(value, Sym)
        and value.op == "param"
        and function is not None
        and value.detail < len(function.params)
        and function.params[value.detail][1] == "*"
    )


def constant(_: Machine, node: Node) -> Value:
    return Exact(node[2])


def format_string(m: Machine, node: Node) -> Value:
    for hole in node[3]:
        access.shown(m, expression(m, hole), hole)
    return Text(node[2])


def sequence(m: Machine, node: Node) -> Value:
    """A list, tuple or set; how many items it has is not known where one that isn't is spread into it."""
    items: list[Value] = []
    is_counted = True
    for item in node[3]:
        value = expression(m, item[2] if item[0] == ir.STAR else item)
        if item[0] != ir.STAR:
            items.append(value)
        elif isinstance(value, Items):
            items.extend(value.items)
        else:
            items.append(iteration.consumed_element(m, value, item, "materialise"))
            is_counted = False
    if not is_counted:
        return Many(joining.join_all(items), None, node[2])
    if not items and node[2] != "tuple":
        return Many(UNKNOWN, None, node[2])
    return Items(node[2], items, node[4])


def dictionary(m: Machine, node: Node) -> Value:
    entries: dict[Any, Value] = {}
    other: list[Value] = []
    rest: Value | None = None
    named: Value | None = None
    for key, given in node[2]:
        value = expression(m, given)
        if key is None:
            if isinstance(value, Dictionary):
                entries.update(value.entries)
            rest = value.rest if isinstance(value, Dictionary) else value if isinstance(value, Sym) else rest
            continue
        k = expression(m, key)
        if isinstance(k, Const) and isinstance(k.value, (str, int, bool)):
            entries[k.value] = value
        else:
            other.append(value)
            named = k
    return Dictionary(entries, named, joining.join_all(other) if other else None, rest=rest)


def subscript(m: Machine, node: Node) -> Value:
    value = expression(m, node[2])
    index = node[3]
    m.cx.line = node[1]
    if index[0] == ir.SLICE:
        low, high = (None if b is None else expression(m, b) for b in index[2:4])
        return access.sliced(m, value, low, high, node)
    return access.item(m, value, expression(m, index), node)


def slice_(m: Machine, node: Node) -> Value:
    for bound in node[2:]:
        if bound is not None:
            expression(m, bound)
    return UNKNOWN


def binary(m: Machine, node: Node) -> Value:
    left, right = expression(m, node[3]), expression(m, node[4])
    if node[2] in {"+", "|"}:
        if isinstance(left, (Many, Items)) or isinstance(right, (Many, Items)):
            return protocols.extended(m, left, right)
        if isinstance(left, Query) and isinstance(right, Query):
            return joining.join(left, right)
        if isinstance(left, (Const, Text)) or isinstance(right, (Const, Text)):
            return protocols.concatenated(left, right)
        if isinstance(left, Dictionary) and isinstance(right, Dictionary):
            return Dictionary({**left.entries, **right.entries})
    if node[2] == "%" and isinstance(left, (Const, Text)):
        template = left.template if isinstance(left, Text) else str(left.value)
        access.shown(m, right, node)
        return Text(template)
    if node[2] == "&" and isinstance(left, Query):
        return left
    if node[2] == "/" and isinstance(left, ExtInst):
        kind = m.knowledge.types.get(left.type)
        fact = None if kind is None else kind.methods.get("__truediv__")
        return UNKNOWN if fact is None or fact.returns is None else ExtInst(fact.returns)
    if node[2] in {"&", "|"} and isinstance(right, Query) and left is UNKNOWN:
        return right  # rows of the same model, whoever else has to have them
    return UNKNOWN


def boolean(m: Machine, node: Node) -> Value:
    cx = m.cx
    branch = cx.branch
    m.guard(node)
    values = []
    last = len(node[3]) - 1
    for n, item in enumerate(node[3]):
        outcome = deciding.decide(m, item) if n < last else None
        if outcome is not None and outcome != (node[2] == "or"):
            continue  # the next operand decides
        values.append(test(m, item) if n < last and outcome is None else expression(m, item))
        if outcome is not None:
            break
        if n < last:
            cx.branch = (*branch, (id(node), 0))
    cx.branch = branch
    if len(values) == 1:
        return values[0]
    return joining.join_all(values)


def negation(m: Machine, node: Node) -> Value:
    test(m, node[2])
    return UNKNOWN


def test(m: Machine, node: Node) -> Value:
    """Evaluates a condition: what it consumes, it consumes as a truth value."""
    op = node[0]
    if op in {ir.BOOL, ir.NOT, ir.CMP}:
        return expression(m, node)
    value = expression(m, node)
    access.truth(m, value, node)
    return value


def comparison(m: Machine, node: Node) -> Value:
    operands = [expression(m, o) for o in node[3]]
    for operator, container in zip(node[2], operands[1:], strict=False):
        if operator in {"in", "not in"}:
            access.membership(m, operands[0], container, node)
    return UNKNOWN


def conditional(m: Machine, node: Node) -> Value:
    cx = m.cx
    outcome = deciding.decide(m, node[2])
    if outcome is not None:
        return expression(m, node[3] if outcome else node[4])
    test(m, node[2])
    m.guard(node)
    branch = cx.branch
    cx.branch = (*branch, (id(node), 0))
    then = expression(m, node[3])
    cx.branch = (*branch, (id(node), 1))
    orelse = expression(m, node[4])
    cx.branch = branch
    return joining.join(then, orelse)


def lambda_(m: Machine, node: Node) -> Value:
    cx = m.cx
    if cx.function is not None and cx.function.parent is not None:
        for inner in naming.names_in(node[3]):
            named_values.carry(m, inner)
    return Lambda(node, cx.env, cx.function, cx.module)


def comprehension(m: Machine, node: Node) -> Value:
    cx = m.cx
    outer_env, outer_loops, branch = cx.env, cx.loops, cx.branch
    cx.env = dict(outer_env)
    size: Size | None = None
    source: Value | None = None
    filtered = False
    for n, (target, iterable, conditions, _) in enumerate(node[4]):
        value = expression(m, iterable)
        cx.line = iterable[1]
        loop, element = iteration.open_loop(
            m, value, node, "comprehension", naming.source_name(iterable), target
        )
        m.inside(loop)
        assign(m, target, element)
        if conditions:
            access.filtered(m, value, node, conditions, target, outer_loops)
            filtered = True
        for condition in conditions:
            test(m, condition)
            m.guard(node)
            cx.branch = (*branch, (id(node), 0))
        if n == 0:
            size, source = loop.size, value
    if filtered:
        size = iteration.at_most(size)
    elements = [expression(m, e) for e in node[3]]
    cx.env, cx.loops, cx.branch = outer_env, outer_loops, branch
    if node[2] == "dict":
        key, value = elements[0], elements[-1]
        return Dictionary({}, key, value, size, grown=True)
    same = len(node[4]) == 1 and not filtered and node[3][0] == node[4][0][0]
    return Many(
        elements[0],
        size,
        "gen" if node[2] == "gen" else node[2],
        source if same else None,
        lazy=node[2] == "gen",
    )


def await_(m: Machine, node: Node) -> Value:
    value = expression(m, node[2])
    return awaiting.awaited(m, value, node) if m.awaiting else value


def yield_(m: Machine, node: Node) -> Value:
    if node[2] is None:
        return UNKNOWN
    value = expression(m, node[2])
    if node[3]:
        value = iteration.consumed_element(m, value, node, "iterate")
    m.cx.yields.append(value)
    m.cx.batches = m.cx.batches or any(loop.batch for loop in m.cx.loops)
    return UNKNOWN


def walrus(m: Machine, node: Node) -> Value:
    value = expression(m, node[3])
    m.cx.env[node[2]] = value
    return value


def operand(m: Machine, node: Node) -> Value:
    return expression(m, node[2])


def unary(m: Machine, node: Node) -> Value:
    expression(m, node[2])
    return UNKNOWN


def other(m: Machine, node: Node) -> Value:
    for part in node[2]:
        expression(m, part)
    return UNKNOWN


def assign(m: Machine, target: Node, value: Value) -> None:
    op = target[0]
    if op == ir.NAME:
        m.cx.env[target[2]] = value
    elif op == ir.SEQ:
        if isinstance(value, Query):  # `first, *others = rows`
            iteration.fetch(m, value, target, "materialise")
        for n, item in enumerate(target[3]):
            if item[0] == ir.STAR:
                assign(m, item[2], Many(iteration.element(m, value), None))
            else:
                assign(m, item, iteration.item_at(m, value, n))
    elif op == ir.ATTR:
        access.set_attribute(m, expression(m, target[2]), target[3], value)
    elif op == ir.SUB:
        held, key = expression(m, target[2]), expression(m, target[3])
        if not keywords.put_into(m, target[2], held, key, value):
            access.set_item(m, held, key, value)
    elif op == ir.STAR:
        assign(m, target[2], value)


EXPRESSIONS: Final[list[Callable[[Machine, Node], Value]]] = [
    name,
    attribute,
    call,
    constant,
    format_string,
    sequence,
    dictionary,
    subscript,
    slice_,
    binary,
    boolean,
    negation,
    comparison,
    conditional,
    lambda_,
    comprehension,
    await_,
    yield_,
    walrus,
    operand,
    unary,
    other,
]
