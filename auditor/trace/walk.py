"""Statements and expressions: the body of a function, evaluated once over abstract values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from auditor.index import ir
from auditor.index.symbols import (
    Assigned,
    Class,
    External,
    Function,
    ImportedName,
    Module,
    absolute,
    function_scope,
    tail_name,
)
from auditor.index.values import (
    UNKNOWN,
    ClassValue,
    Const,
    Dictionary,
    Ext,
    ExtInst,
    Func,
    Inst,
    Items,
    Lambda,
    Many,
    ModelValue,
    ModuleValue,
    OneOf,
    Query,
    Row,
    Size,
    Star,
    SuperOf,
    Sym,
    Text,
    Value,
)
from auditor.trace import access, calls, hints, remembering
from auditor.trace.arguments import STARS
from auditor.trace.summary import Loop, Summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from auditor.index.ir import Node
    from auditor.index.symbols import Symbol
    from auditor.trace.machine import Machine


def evaluate_function(m: Machine, function: Function, summary: Summary) -> None:
    """Fills the summary of a function from its body."""
    env = m.cx.env
    for n, (name, kind, _, _) in enumerate(function.params):
        sym = Sym("param", None, n, hints.parameter_hint(m, function, n))
        summary.params.append(sym)
        if kind in {"*", "**"} or name:
            env[name] = sym
    block(m, function.body)
    cx = m.cx
    if function.is_generator:
        summary.yields = join_all(cx.yields)
        summary.returns = Many(summary.yields, None, "batches" if cx.batches else "gen", lazy=True)
    else:
        summary.returns = join_all(cx.returns)
        if function.returns is not None and tells_nothing(summary.returns):
            declared = hints.annotated(m, function.module, function.returns, function)
            if declared is not None:
                summary.returns = said_to_be(summary.returns, declared)


def block(m: Machine, statements: Sequence[Node]) -> None:
    cx = m.cx
    branch = cx.branch
    for s in statements:
        cx.start, cx.end, cx.line = s[1], s[2], s[1]
        handler = STATEMENTS.get(s[0])
        if handler is not None:
            handler(m, s)
            if s[0] == ir.IF and (goes_on := after_guard(s)) is not None:
                cx.branch = (*cx.branch, (id(s), goes_on))
    cx.branch = branch


GUARDED: Final = 2
"""The arm that the statements after a guard are: they run unless the guard leaves, and without cost it never does."""


def after_guard(s: Node) -> int | None:
    """The arm of an `if` that what follows it shares, where the other arm has left; None where both go on."""
    if departs(s[4]):
        return None if leaves(s[5]) else GUARDED
    return 0 if departs(s[5]) and s[4] and not leaves(s[4]) else None


def departs(statements: Sequence[Node]) -> bool:
    """True if the block ends the function or the turn in an orderly way; raising is the exception."""
    return leaves(statements) and statements[-1][0] in {ir.RETURN, ir.CONTINUE, ir.BREAK}


# -- statements ------------------------------------------------------------------------------------------------


def assign_statement(m: Machine, s: Node) -> None:
    value = expression(m, s[4])
    for target in s[3]:
        assign(m, target, value)


def assign(m: Machine, target: Node, value: Value) -> None:
    op = target[0]
    if op == ir.NAME:
        m.cx.env[target[2]] = value
    elif op == ir.SEQ:
        for n, item in enumerate(target[3]):
            if item[0] == ir.STAR:
                assign(m, item[2], Many(access.element(m, value), None))
            else:
                assign(m, item, access.item_at(m, value, n))
    elif op == ir.ATTR:
        access.set_attribute(m, expression(m, target[2]), target[3], value)
    elif op == ir.SUB:
        access.set_item(m, expression(m, target[2]), expression(m, target[3]), value)
    elif op == ir.STAR:
        assign(m, target[2], value)


def augmented(m: Machine, s: Node) -> None:
    value = expression(m, s[5])
    target = s[3]
    if target[0] != ir.NAME:
        expression(m, target)
        return
    before = m.cx.env.get(target[2])
    if before is None:
        expression(m, target)
    elif isinstance(before, Many | Items) and s[4] == "+=":
        m.cx.env[target[2]] = calls.extended(m, before, value)
    elif isinstance(before, Query) or isinstance(value, Query):
        m.cx.env[target[2]] = join(before, value)


def annotated_statement(m: Machine, s: Node) -> None:
    if s[5] is None:
        return
    value = expression(m, s[5])
    if tells_nothing(value):
        declared = hints.annotated(m, m.cx.module, s[4], m.cx.function)
        if declared is not None:
            value = said_to_be(value, declared)
    assign(m, s[3], value)


def tells_nothing(value: Value) -> bool:
    """True where a declaration knows more: an argument without a type, the result of something we don't know."""
    if isinstance(value, Sym):
        return value.hint is None
    return value is UNKNOWN or (isinstance(value, Ext) and value.name.endswith("()"))


def said_to_be(value: Value, declared: Value) -> Value:
    """`value` with what a declaration says of it."""
    if isinstance(value, Sym):
        return Sym("same", value, None, declared)
    return hints.fresh(declared)


def expression_statement(m: Machine, s: Node) -> None:
    value = expression(m, s[3])
    access.discard(m, value, s[3])


def return_statement(m: Machine, s: Node) -> None:
    m.cx.returns.append(UNKNOWN if s[3] is None else expression(m, s[3]))


def if_statement(m: Machine, s: Node) -> None:
    cx = m.cx
    test(m, s[3])
    env, branch, remembered = cx.env, cx.branch, cx.remembered
    kept = remembering.remembered_part(s, env)
    then_env = dict(env)
    else_env = dict(env)
    narrow(m, s[3], then_env)
    cx.env, cx.branch = then_env, (*branch, (id(s), 0))
    cx.remembered = remembered or kept == "then"
    block(m, s[4])
    cx.remembered = remembered
    then_env = cx.env
    cx.env, cx.branch = else_env, (*branch, (id(s), 1))
    block(m, s[5])
    else_env = cx.env
    cx.branch = branch
    cx.remembered = remembered or kept == "rest"
    if leaves(s[4]):
        cx.env = else_env
    elif leaves(s[5]):
        cx.env = then_env
    else:
        cx.env = merged(then_env, else_env)


def narrow(m: Machine, condition: Node, env: dict[str, Value]) -> None:
    """`isinstance(x, Project class)` tells what x is in the branch below."""
    tests = condition[3] if condition[0] == ir.BOOL and condition[2] == "and" else (condition,)
    for t in tests:
        if t[0] == ir.CALL and t[2][0] == ir.NAME and t[2][2] == "isinstance" and len(t[3]) == 2:
            name, cls = t[3]
            if name[0] == ir.NAME and cls[0] in {ir.NAME, ir.ATTR} and name[2] in env:
                known = env[name[2]]
                declared = hints.annotated(m, m.cx.module, cls, m.cx.function)
                if declared is not None and isinstance(known, Sym) and known.hint is None:
                    env[name[2]] = Sym(known.op, known.base, known.detail, declared, known.loops, known.memo)
                    alias(known, env[name[2]])
                elif declared is not None and known is UNKNOWN:
                    env[name[2]] = declared


def alias(known: Sym, narrowed: Value) -> None:
    """Makes a narrowed copy of a symbolic value stand for the same value in replays."""
    if isinstance(narrowed, Sym):
        narrowed.op, narrowed.base, narrowed.detail = "same", known, None


def leaves(statements: Sequence[Node]) -> bool:
    """True if the block never falls through."""
    if not statements:
        return False
    last = statements[-1]
    if last[0] in {ir.RETURN, ir.RAISE, ir.CONTINUE, ir.BREAK}:
        return True
    return last[0] == ir.IF and leaves(last[4]) and leaves(last[5])


def merged(a: dict[str, Value], b: dict[str, Value]) -> dict[str, Value]:
    out = dict(a)
    for name, value in b.items():
        known = out.get(name)
        if known is None:
            out[name] = value
        elif known is not value:
            out[name] = join(known, value)
    return out


def join(a: Value, b: Value) -> Value:
    """What is known when it is one or the other."""
    if a is b or b is UNKNOWN:
        return a
    if a is UNKNOWN:
        return b
    if isinstance(a, Const) and a.value is None:
        return b
    if isinstance(b, Const):
        return a
    if isinstance(a, Const):
        return b
    if isinstance(a, Query) and isinstance(b, Query) and a.model is b.model and a.shape == b.shape:
        return access.join_queries(a, b)
    if isinstance(a, Row) and isinstance(b, Row) and a.model is b.model:
        return a if len(a.loaded) <= len(b.loaded) else b
    if isinstance(a, Inst) and isinstance(b, Inst) and a.cls is b.cls:
        return a
    flat: list[Value] = []
    for value in (*options_of(a), *options_of(b)):
        if all(value is not f for f in flat):
            flat.append(value)
    return OneOf(tuple(flat[:4]))


def options_of(value: Value) -> tuple[Value, ...]:
    return value.options if isinstance(value, OneOf) else (value,)


def join_all(values: Sequence[Value]) -> Value:
    result: Value = UNKNOWN
    for value in values:
        result = join(result, value)
    return result


def for_statement(m: Machine, s: Node) -> None:
    cx = m.cx
    value = expression(m, s[4])
    cx.line = s[4][1]
    loop, element = access.open_loop(m, value, s, "for", source_name(s[4]), s[3])
    before = m.inside(loop)
    assign(m, s[3], element)
    block(m, s[5])
    m.cx.loops = before
    block(m, s[6])


def while_statement(m: Machine, s: Node) -> None:
    loop = Loop(m.site(), None, None, s, "while", branch=m.cx.branch)
    before = m.inside(loop)
    test(m, s[3])
    block(m, s[4])
    m.cx.loops = before
    block(m, s[5])


def with_statement(m: Machine, s: Node) -> None:
    entered = []
    for item, target in s[3]:
        manager = expression(m, item)
        entered.append((manager, item))
        value = calls.enter(m, manager, item)
        if target is not None:
            assign(m, target, value)
    block(m, s[4])
    for manager, item in reversed(entered):
        m.cx.line = item[1]
        calls.leave(m, manager, item)


def try_statement(m: Machine, s: Node) -> None:
    cx = m.cx
    block(m, s[3])
    branch, env = cx.branch, cx.env
    for n, (_, name, body) in enumerate(s[4]):
        cx.branch = (*branch, (id(s), n + 1))
        cx.env = dict(env)
        if name:
            cx.env[name] = UNKNOWN
        block(m, body)
        if not leaves(body):
            env = merged(env, cx.env)
    cx.branch, cx.env = branch, env
    block(m, s[5])
    block(m, s[6])


def match_statement(m: Machine, s: Node) -> None:
    cx = m.cx
    expression(m, s[3])
    branch, env = cx.branch, cx.env
    outcomes = []
    for n, (bound, guard, body) in enumerate(
        s[4], 3
    ):  # 0 to 2 are the arms of an `if`, of which one always runs
        cx.branch = (*branch, (id(s), n))
        cx.env = dict(env)
        for name in bound:
            cx.env[name] = UNKNOWN
        if guard is not None:
            test(m, guard)
        block(m, body)
        if not leaves(body):
            outcomes.append(cx.env)
    cx.branch, cx.env = branch, env
    for outcome in outcomes:
        cx.env = merged(cx.env, outcome)


def function_statement(m: Machine, s: Node) -> None:
    function = hints.function_of(s, m.cx.module)
    if function is not None:
        m.cx.env[s[3]] = Func(function, env=m.cx.env)
        if m.cx.function is not None and m.cx.function.parent is not None:
            for inner in m.summary(function).free:
                carry(m, inner)


def carry(m: Machine, inner: str) -> None:
    """Makes a name of a function further out known to the closures that are made here."""
    env = m.cx.env
    if inner not in env:
        found = free_name(m, inner)
        if found is not UNKNOWN:
            env[inner] = found


def class_statement(m: Machine, s: Node) -> None:
    cls = next((c for c in m.cx.module.classes if c.node is s), None)
    if cls is not None:
        m.cx.env[s[3]] = class_value(m, cls)


def import_statement(m: Machine, s: Node) -> None:
    for dotted, alias in s[3]:
        name = alias or dotted.partition(".")[0]
        symbol = m.project.follow(m.cx.module, ImportedName(dotted if alias else name, None))
        m.cx.env[name] = to_value(m, symbol, m.cx.module)


def from_statement(m: Machine, s: Node) -> None:
    source = absolute(m.cx.module, s[3], s[4])
    for name, alias in s[5]:
        if name != "*":
            symbol = m.project.follow(m.cx.module, ImportedName(source, name))
            m.cx.env[alias or name] = to_value(m, symbol, m.cx.module)


def value_statement(m: Machine, s: Node) -> None:
    if s[3] is not None:
        expression(m, s[3])


def delete_statement(m: Machine, s: Node) -> None:
    for target in s[3]:
        if target[0] != ir.NAME:
            expression(m, target)


STATEMENTS: Final[dict[int, Callable[[Machine, Node], None]]] = {
    ir.ASSIGN: assign_statement,
    ir.AUG: augmented,
    ir.ANN: annotated_statement,
    ir.EXPR: expression_statement,
    ir.RETURN: return_statement,
    ir.IF: if_statement,
    ir.FOR: for_statement,
    ir.WHILE: while_statement,
    ir.WITH: with_statement,
    ir.TRY: try_statement,
    ir.MATCH: match_statement,
    ir.DEF: function_statement,
    ir.CLASS: class_statement,
    ir.IMPORT: import_statement,
    ir.FROM: from_statement,
    ir.RAISE: value_statement,
    ir.ASSERT: value_statement,
    ir.DEL: delete_statement,
}


# -- names -----------------------------------------------------------------------------------------------------


def name(m: Machine, node: Node) -> Value:
    found = m.cx.env.get(node[2])
    if found is not None:
        return found
    return free_name(m, node[2])


def free_name(m: Machine, text: str) -> Value:
    """A name that is not local: of an enclosing function (symbolic until the closure is called), or global."""
    function = m.cx.function
    parent = function.parent if function is not None else None
    while parent is not None:
        if any(p[0] == text for p in parent.params) or text in function_scope(parent):
            free = m.cx.summary.free
            if m.cx.summary.function is not function:
                return UNKNOWN
            if text not in free:
                hint = next(
                    (hints.parameter_hint(m, parent, n) for n, p in enumerate(parent.params) if p[0] == text),
                    None,
                )
                free[text] = Sym("free", None, text, hint)
            return free[text]
        parent = parent.parent
    return global_value(m, m.cx.module, text)


def global_value(m: Machine, module: Module, text: str) -> Value:
    return to_value(m, m.project.resolve(module, text), module)


def to_value(m: Machine, symbol: Symbol | None, module: Module) -> Value:
    """The value that a resolved name has."""
    if symbol is None:
        return UNKNOWN
    if isinstance(symbol, External):
        instance = m.knowledge.instances.get(symbol.name)
        return Ext(symbol.name) if instance is None else ExtInst(instance)
    if isinstance(symbol, Function):
        return Func(symbol)
    if isinstance(symbol, Class):
        return class_value(m, symbol)
    if isinstance(symbol, Module):
        return ModuleValue(symbol)
    return hints.module_value(m, symbol, m.project.home(module, symbol))


def class_value(m: Machine, cls: Class) -> Value:
    model = m.model_of(cls)
    return ClassValue(cls) if model is None else ModelValue(model)


def source_name(node: Node) -> str:
    """What a person would call what an expression gives: its variable, attribute or relation."""
    while node[0] in {ir.CALL, ir.SUB, ir.AWAIT, ir.STAR}:
        if node[0] == ir.CALL:
            passed = _SEEN_THROUGH.get(tail_name(node[2]))
            if passed is not None and node[3]:
                node = node[3][0 if len(node[3]) == 1 else passed]
                continue
            if node[2][0] == ir.NAME:
                if node[2][2] == "filter" and len(node[3]) == 2:
                    node = node[3][1]
                    continue
                return ""
        if node[0] == ir.CALL and node[2][0] == ir.ATTR:
            if node[2][3] in _TRANSPARENT:
                node = node[2][2]
                continue
            return ""
        node = node[2]
    if node[0] == ir.NAME:
        return str(node[2])
    if node[0] == ir.ATTR:
        return str(node[3])
    return ""


_SEEN_THROUGH: Final = {
    **dict.fromkeys("list sorted set frozenset enumerate reversed tuple iter zip tqdm len".split(), 0),
    **dict.fromkeys("chain islice groupby gather as_completed chunked batched partition_all".split(), 0),
    **dict.fromkeys("range map starmap takewhile dropwhile filterfalse".split(), 1),
}
"""Functions whose result is as many as the argument at that position (the only one, where there is one)."""
_TRANSPARENT: Final = frozenset(
    {
        "all",
        "items",
        "values",
        "keys",
        "iterator",
        "filter",
        "order_by",
        "select_related",
        "prefetch_related",
        "scalars",
    }
)


# -- expressions -----------------------------------------------------------------------------------------------


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
        return super_value(m)
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
        elif isinstance(value, Sym):
            kwargs[STARS] = value
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
            value = expression(m, a[2])
            if isinstance(value, Items):
                given.extend(value.items)
            elif isinstance(value, Sym | Many):
                if not is_forwarded(m, value):
                    access.fetch(m, value, a, "materialise")
                given.append(Star(value))
            else:
                given.append(access.consumed_element(m, value, a, "materialise"))
        else:
            given.append(expression(m, a))
    return given


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


def super_value(m: Machine) -> Value:
    function = m.cx.function
    while function is not None and function.owner is None:
        function = function.parent
    if function is None or function.owner is None or not function.params:
        return UNKNOWN
    receiver = m.cx.env.get(function.params[0][0]) or UNKNOWN
    return SuperOf(function.owner, receiver)


def constant(_: Machine, node: Node) -> Value:
    return Const(node[2])


def format_string(m: Machine, node: Node) -> Value:
    for hole in node[3]:
        access.shown(m, expression(m, hole), hole)
    return Text(node[2])


def sequence(m: Machine, node: Node) -> Value:
    items: list[Value] = []
    for item in node[3]:
        if item[0] == ir.STAR:
            value = expression(m, item[2])
            if not isinstance(value, Items):
                return Many(
                    join_all([*items, access.consumed_element(m, value, item, "materialise")]), None, node[2]
                )
            items.extend(value.items)
        else:
            items.append(expression(m, item))
    if not items and node[2] != "tuple":
        return Many(UNKNOWN, None, node[2])
    return Items(node[2], items, node[4])


def dictionary(m: Machine, node: Node) -> Value:
    entries: dict[Any, Value] = {}
    other: list[Value] = []
    for key, given in node[2]:
        value = expression(m, given)
        if key is None:
            if isinstance(value, Dictionary):
                entries.update(value.entries)
            continue
        k = expression(m, key)
        if isinstance(k, Const) and isinstance(k.value, str | int | bool):
            entries[k.value] = value
        else:
            other.append(value)
    return Dictionary(entries, None, join_all(other) if other else None)


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
        if isinstance(left, Many | Items) or isinstance(right, Many | Items):
            return calls.extended(m, left, right)
        if isinstance(left, Query) and isinstance(right, Query):
            return join(left, right)
        if isinstance(left, Const | Text) or isinstance(right, Const | Text):
            return calls.concatenated(left, right)
        if isinstance(left, Dictionary) and isinstance(right, Dictionary):
            return Dictionary({**left.entries, **right.entries})
    if node[2] == "%" and isinstance(left, Const | Text):
        template = left.template if isinstance(left, Text) else str(left.value)
        access.shown(m, right, node)
        return Text(template)
    if node[2] == "&" and isinstance(left, Query):
        return left
    return UNKNOWN


def boolean(m: Machine, node: Node) -> Value:
    cx = m.cx
    branch = cx.branch
    values = []
    last = len(node[3]) - 1
    for n, item in enumerate(node[3]):
        if n == 1:
            cx.branch = (*branch, (id(node), 0))
        values.append(test(m, item) if n < last else expression(m, item))
    cx.branch = branch
    return join_all(values)


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
    test(m, node[2])
    branch = cx.branch
    cx.branch = (*branch, (id(node), 0))
    then = expression(m, node[3])
    cx.branch = (*branch, (id(node), 1))
    orelse = expression(m, node[4])
    cx.branch = branch
    return join(then, orelse)


def lambda_(m: Machine, node: Node) -> Value:
    cx = m.cx
    if cx.function is not None and cx.function.parent is not None:
        for inner in names_in(node[3]):
            carry(m, inner)
    return Lambda(node, cx.env, cx.function, cx.module)


def names_in(node: Any) -> Iterator[str]:
    """Every name that an expression reads."""
    if isinstance(node, tuple):
        if len(node) == 3 and node[0] == ir.NAME and isinstance(node[2], str):
            yield node[2]
        else:
            for part in node:
                yield from names_in(part)


def comprehension(m: Machine, node: Node) -> Value:
    cx = m.cx
    outer_env, outer_loops = cx.env, cx.loops
    cx.env = dict(outer_env)
    size: Size | None = None
    source: Value | None = None
    filtered = False
    for n, (target, iterable, conditions, _) in enumerate(node[4]):
        value = expression(m, iterable)
        cx.line = iterable[1]
        loop, element = access.open_loop(m, value, node, "comprehension", source_name(iterable), target)
        m.inside(loop)
        assign(m, target, element)
        if conditions:
            access.filtered(m, value, node, conditions, target, outer_loops)
            filtered = True
        for condition in conditions:
            test(m, condition)
        if n == 0:
            size, source = loop.size, value
    elements = [expression(m, e) for e in node[3]]
    cx.env, cx.loops = outer_env, outer_loops
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
    return expression(m, node[2])


def yield_(m: Machine, node: Node) -> Value:
    if node[2] is None:
        return UNKNOWN
    value = expression(m, node[2])
    if node[3]:
        value = access.consumed_element(m, value, node, "iterate")
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
__all__ = ["Assigned", "evaluate_function", "expression", "join", "join_all"]
