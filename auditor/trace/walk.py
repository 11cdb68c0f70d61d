"""Statements and expressions: the body of a function, evaluated once over abstract values."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import (
    Function,
    ImportedName,
    absolute,
)
from auditor.index.values import (
    UNKNOWN,
    Const,
    Exact,
    Func,
    Items,
    Many,
    Query,
    Sym,
    Value,
)
from auditor.trace import (
    access,
    deciding,
    declarations,
    decorating,
    expressions,
    flow,
    hints,
    iteration,
    joining,
    named_values,
    naming,
    pinning,
    protocols,
    remembering,
)
from auditor.trace.summary import Loop, Summary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from auditor.index.ir import Node
    from auditor.trace.machine import Machine


def evaluate_function(
    m: Machine, function: Function, summary: Summary, known: Mapping[int, Value] = MappingProxyType({})
) -> None:
    """Fills the summary of a function from its body; `known` gives parameters that are decided, by position."""
    env = m.cx.env
    for n, (name, kind, _, _) in enumerate(function.params):
        sym = Sym("param", None, n, hints.parameter_hint(m, function, n), known=known.get(n))
        summary.params.append(sym)
        if kind in {"*", "**"} or name:
            env[name] = sym
    block(m, function.body)
    cx = m.cx
    if function.is_generator:
        summary.yields = joining.join_all(cx.yields)
        summary.returns = Many(summary.yields, None, "batches" if cx.batches else "gen", lazy=True)
    else:
        summary.returns = joining.join_all(cx.returns)
        if function.returns is not None and joining.tells_nothing(summary.returns):
            declared = declarations.annotated(m, function.module, function.returns, function)
            if declared is not None:
                summary.returns = joining.said_to_be(summary.returns, declared)


def block(m: Machine, statements: Sequence[Node]) -> bool:
    """Runs statements; True where a decided condition left before their end."""
    cx = m.cx
    branch, loops = cx.branch, cx.loops
    for s in statements:
        cx.start, cx.end, cx.line = s[1], s[2], s[1]
        handler = STATEMENTS.get(s[0])
        if handler is not None:
            if handler(m, s):
                cx.branch, cx.loops = branch, loops
                return True
            if s[0] == ir.IF and (goes_on := flow.after_guard(s)) is not None:
                rest = pinning.without_pinned(m, s[3], "rest") if goes_on == flow.GUARDED else cx.loops
                cx.branch = (*cx.branch, (id(s), goes_on if rest is cx.loops else flow.ELSE))
                cx.loops = rest
            elif s[0] == ir.TRY and (failed := flow.after_failing(s)) is not None:
                cx.branch = (*cx.branch, (id(s), failed))
    cx.branch, cx.loops = branch, loops
    return False


# -- statements ------------------------------------------------------------------------------------------------


def assign_statement(m: Machine, s: Node) -> None:
    value = expressions.expression(m, s[4])
    for target in s[3]:
        expressions.assign(m, target, value)


def augmented(m: Machine, s: Node) -> None:
    value = expressions.expression(m, s[5])
    target = s[3]
    if target[0] != ir.NAME:
        expressions.expression(m, target)
        return
    before = m.cx.env.get(target[2])
    if before is None:
        expressions.expression(m, target)
    elif isinstance(before, Exact):
        m.cx.env[target[2]] = joining.inexact(before)
    elif isinstance(before, (Many, Items)) and s[4] == "+=":
        m.cx.env[target[2]] = protocols.extended(m, before, value)
    elif isinstance(before, Query) or isinstance(value, Query):
        m.cx.env[target[2]] = joining.join(before, value)


def annotated_statement(m: Machine, s: Node) -> None:
    if s[5] is None:
        return
    value = expressions.expression(m, s[5])
    if joining.tells_nothing(value):
        declared = declarations.annotated(m, m.cx.module, s[4], m.cx.function)
        if declared is not None:
            value = joining.said_to_be(value, declared)
    expressions.assign(m, s[3], value)


def expression_statement(m: Machine, s: Node) -> None:
    value = expressions.expression(m, s[3])
    access.discard(m, value, s[3])


def return_statement(m: Machine, s: Node) -> None:
    m.cx.returns.append(UNKNOWN if s[3] is None else expressions.expression(m, s[3]))


def if_statement(m: Machine, s: Node) -> bool:
    """Runs both arms, or the one that a decided condition leads to; True where that one leaves."""
    cx = m.cx
    expressions.test(m, s[3])
    outcome = deciding.decide(m, s[3])
    if outcome is not None:
        arm = s[4] if outcome else s[5]
        if outcome:
            narrow(m, s[3], cx.env)
        return block(m, arm) or flow.leaves(arm)
    env, branch, remembered, loops = cx.env, cx.branch, cx.remembered, cx.loops
    m.guard(s)
    kept = remembering.remembered_part(s, env, own_body(m))
    then_env = dict(env)
    else_env = dict(env)
    narrow(m, s[3], then_env)
    cx.env, cx.branch = then_env, (*branch, (id(s), 0))
    cx.remembered = remembered or kept == "then"
    cx.loops = pinning.without_pinned(m, s[3], "then")
    rare = pinning.untouched(then_env) if cx.loops is not loops else {}
    then_left = block(m, s[4]) or flow.leaves(s[4])
    pinning.restore(rare)
    nested = not s[5] and cx.remembered
    cx.remembered, cx.loops = remembered, loops
    cx.loops = pinning.without_pinned(m, s[3], "rest") if s[5] else loops
    then_env = cx.env
    cx.env, cx.branch = else_env, (*branch, (id(s), 1))
    else_left = block(m, s[5]) or flow.leaves(s[5])
    else_env = cx.env
    cx.branch, cx.loops = branch, loops
    cx.remembered = remembered or kept == "rest" or (nested and kept is None)
    if then_left:
        cx.env = else_env
    elif else_left:
        cx.env = then_env
    else:
        cx.env = joining.merged(then_env, else_env)
    return False


def own_body(m: Machine) -> Sequence[Node]:
    """The statements of the function whose code is being read."""
    return () if m.cx.function is None else m.cx.function.body


def narrow(m: Machine, condition: Node, env: dict[str, Value]) -> None:
    """`isinstance(x, Project class)` tells what x is in the branch below."""
    tests = condition[3] if condition[0] == ir.BOOL and condition[2] == "and" else (condition,)
    for t in tests:
        if t[0] == ir.CALL and t[2][0] == ir.NAME and t[2][2] == "isinstance" and len(t[3]) == 2:
            name, cls = t[3]
            if name[0] == ir.NAME and cls[0] in {ir.NAME, ir.ATTR} and name[2] in env:
                known = env[name[2]]
                declared = declarations.annotated(m, m.cx.module, cls, m.cx.function)
                if declared is not None and isinstance(known, Sym) and known.hint is None:
                    env[name[2]] = Sym(
                        known.op, known.base, known.detail, declared, known.loops, known.noted()
                    )
                    alias(known, env[name[2]])
                elif declared is not None and known is UNKNOWN:
                    env[name[2]] = declared


def alias(known: Sym, narrowed: Value) -> None:
    """Makes a narrowed copy of a symbolic value stand for the same value in replays."""
    if isinstance(narrowed, Sym):
        narrowed.op, narrowed.base, narrowed.detail = "same", known, None


def for_statement(m: Machine, s: Node) -> None:
    cx = m.cx
    value = expressions.expression(m, s[4])
    cx.line = s[4][1]
    loop, element = iteration.open_loop(m, value, s, "for", naming.source_name(s[4]), s[3])
    before, remembered = m.inside(loop), cx.remembered
    bound = forget(m, s)
    expressions.assign(m, s[3], element)
    block(m, s[5])
    cx.loops, cx.remembered = before, remembered
    carry(m, bound)
    block(m, s[6])


def forget(m: Machine, s: Node) -> dict[str, Value]:
    """Inside a loop or a `try`, what its body binds need not be what it was before: what it may have been."""
    env, found = m.cx.env, {}
    for name in deciding.rebound((s,)):
        value = env.get(name)
        if value is not None:
            found[name] = env[name] = joining.inexact(value)
    return found


def carry(m: Machine, bound: dict[str, Value]) -> None:
    """After a loop: what a turn makes of a name's value is, where nobody knows it, at least what it was before."""
    for name, value in bound.items():
        after = m.cx.env.get(name)
        if isinstance(after, Sym) and after is not value and not isinstance(value, Const):
            m.cx.env[name] = joining.join(value, after)


def while_statement(m: Machine, s: Node) -> None:
    if deciding.decide(m, s[3]) is False:
        return
    loop = Loop(m.site(), None, None, s, "while", branch=m.cx.branch)
    before, remembered = m.inside(loop), m.cx.remembered
    forget(m, s)
    expressions.test(m, s[3])
    block(m, s[4])
    m.cx.loops, m.cx.remembered = before, remembered
    block(m, s[5])


def with_statement(m: Machine, s: Node) -> bool:
    entered = []
    for item, target in s[3]:
        manager = expressions.expression(m, item)
        entered.append((manager, item))
        value = protocols.enter(m, manager, item)
        if target is not None:
            expressions.assign(m, target, value)
    left = block(m, s[4])
    for manager, item in reversed(entered):
        m.cx.line = item[1]
        protocols.leave(m, manager, item)
    return left


def try_statement(m: Machine, s: Node) -> None:
    cx = m.cx
    block(m, s[3])
    forget(m, s)
    m.guard(s)
    branch, env, remembered = cx.branch, cx.env, cx.remembered
    missed = remembering.missed_part(s, env, own_body(m))
    for n, (_, name, body) in enumerate(s[4]):
        cx.remembered = remembered or missed is not None
        cx.branch = (*branch, (id(s), n + 1))
        cx.env = dict(env)
        if name:
            cx.env[name] = UNKNOWN
        block(m, body)
        if not flow.leaves(body):
            env = joining.merged(env, cx.env)
    cx.branch, cx.env, cx.remembered = branch, env, remembered or missed == "rest"
    block(m, s[5])
    block(m, s[6])


def match_statement(m: Machine, s: Node) -> None:
    cx = m.cx
    expressions.expression(m, s[3])
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
            expressions.test(m, guard)
        block(m, body)
        if not flow.leaves(body):
            outcomes.append(cx.env)
    cx.branch, cx.env = branch, env
    for outcome in outcomes:
        cx.env = joining.merged(cx.env, outcome)


def function_statement(m: Machine, s: Node) -> None:
    function = decorating.function_of(s, m.cx.module)
    if function is not None:
        m.cx.env[s[3]] = Func(function, env=m.cx.env)
        if m.cx.function is not None and m.cx.function.parent is not None:
            for inner in m.summary(function).free:
                named_values.carry(m, inner)


def class_statement(m: Machine, s: Node) -> None:
    cls = next((c for c in m.cx.module.classes if c.node is s), None)
    if cls is not None:
        m.cx.env[s[3]] = named_values.class_value(m, cls)


def import_statement(m: Machine, s: Node) -> None:
    for dotted, alias in s[3]:
        name = alias or dotted.partition(".")[0]
        symbol = m.project.follow(m.cx.module, ImportedName(dotted if alias else name, None))
        m.cx.env[name] = named_values.to_value(m, symbol, m.cx.module)


def from_statement(m: Machine, s: Node) -> None:
    source = absolute(m.cx.module, s[3], s[4])
    for name, alias in s[5]:
        if name != "*":
            symbol = m.project.follow(m.cx.module, ImportedName(source, name))
            m.cx.env[alias or name] = named_values.to_value(m, symbol, m.cx.module)


def value_statement(m: Machine, s: Node) -> None:
    if s[3] is not None:
        expressions.expression(m, s[3])


def delete_statement(m: Machine, s: Node) -> None:
    for target in s[3]:
        if target[0] != ir.NAME:
            expressions.expression(m, target)


STATEMENTS: Final[dict[int, Callable[[Machine, Node], bool | None]]] = {
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


# -- expressions -----------------------------------------------------------------------------------------------
