"""Makes a call before a loop that gives the same on every turn

## What it does
A call that depends on nothing the loop changes is made once, before the loop, and its result used on each turn. Where the
loop may have no turn, nothing is asked for either: the call is then made on condition that there are items.

## What it never does
It leaves calls alone that stand behind a condition or behind something that may end the turn, loops whose items have no
name and can get none, results that a turn changes or uses up (a cursor, a generator), objects that each turn keeps, and writes.

## What it leaves to a person
Whether the result may be shared by the turns, where it goes into something that lives on.
"""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods.mutating import changed
from auditor.codemods.outcome import Declined, Written
from auditor.codemods.places import dotted, free_name, function_at, names_bound, parents, statement_at
from auditor.codemods.reusable import Reuse, reuse
from auditor.codemods.turning import Turning, name_rows, turning

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.model.effect import EffectKind
    from auditor.model.report import Finding

NAME: Final = "hoist_call"
RULES: Final = ("loop-invariant-call",)
_MADE: Final = "is made anew"
"""In the title of a finding that speaks of a client or a template, which is there to be used again."""
_LEAVING: Final = (
    ast.Break,
    ast.Return,
    ast.Continue,
    ast.Raise,
    ast.Yield,
    ast.YieldFrom,
    ast.Try,
    ast.TryStar,
    ast.Await,
)
_SOMETIMES: Final = (
    ast.IfExp, ast.BoolOp, ast.Lambda, ast.comprehension, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
)  # fmt: skip
"""What may leave out, repeat or put off what stands in it."""
_TURNED: Final = frozenset({"int", "float", "str", "bool", "Decimal", "len"})
"""Makes a value of another: `int(setting(session, "limit"))` calls `setting`, and stays where it is."""
_WRITING: Final = ("DELETE", "INSERT", "UPDATE")


def propose(finding: "Finding", source: "Source") -> Written | Declined:
    """The call of the finding's statement, before its loop."""
    spans = source.spans(finding.file)
    function = None if spans is None else function_at(spans.tree, finding.line)
    if spans is None or function is None:
        return Declined(NAME, f"no function of {finding.file} is at line {finding.line}")
    if any(f"`{word} " in finding.title for word in _WRITING):
        return Declined(NAME, "what is written on each turn may be there anew")
    statement = statement_at(function, finding.line, finding.end_line)
    turn = "no statement is there" if statement is None else turning(function, statement, unnamed=True)
    if isinstance(turn, str):
        return Declined(NAME, turn)
    if not isinstance(statement, (ast.Assign, ast.Expr)) or statement not in turn.statement.body:
        return Declined(NAME, "the call stands behind a condition, or is not in a plain statement")
    before = turn.statement.body[: turn.statement.body.index(statement)]
    if any(isinstance(node, _LEAVING) for one in before for node in ast.walk(one)):
        return Declined(NAME, "a turn may end before the call")
    value = _called_always(statement, named=finding.title.partition("`")[2].partition("`")[0])
    call = value.value if isinstance(value, ast.Await) else value
    if value is None or not isinstance(call, ast.Call) or spans.comments(value):
        return Declined(NAME, "the statement does more than call")
    shared: Reuse = (
        "object" if _MADE in finding.title else reuse(value, function, source=source, path=finding.file)
    )
    if not shared:
        return Declined(NAME, "what the call gives may be used up by the first turn")
    is_named = (
        isinstance(statement, ast.Assign)
        and statement.value is value
        and isinstance(statement.targets[0], ast.Name)
    )
    is_turned = value is not statement.value and value is _turned(
        statement.value
    )  # nothing keeps it or changes it then
    if not is_named and not is_turned and shared != "value":
        return Declined(NAME, "the turns would keep one object, which may be changed for one of them")
    return _hoisted(spans, function, statement, value, turn=turn, finding=finding)


def _called_always(statement: ast.Assign | ast.Expr, *, named: str) -> ast.expr | None:
    """The statement's value where that is a call, else the one call of a function of this name that every run of it makes."""
    whole = statement.value
    inner = whole.value if isinstance(whole, ast.Await) else whole
    if isinstance(statement, ast.Assign) and isinstance(inner, ast.Call) and called_name(inner) == named:
        return whole
    above = parents(statement)
    found = [node for node in ast.walk(whole) if isinstance(node, ast.Call) and called_name(node) == named]
    if len(found) != 1:
        return _turned(whole) if isinstance(statement, ast.Assign) else None
    at: ast.AST = found[0]
    while at is not statement:
        if isinstance(at, _SOMETIMES):
            return None
        at = above[at]
    waiting = above[found[0]]
    return waiting if isinstance(waiting, ast.Await) else found[0]


def _turned(value: ast.expr) -> ast.expr:
    """What is called inside calls that only make a value of it; `value` itself where that is no call."""
    match value:
        case ast.Call(func=ast.Name(id=name), args=[inner], keywords=[]) if name in _TURNED:
            found = _turned(inner)
            call = found.value if isinstance(found, ast.Await) else found
            return found if isinstance(call, ast.Call) else value
        case _:
            return value


def called_name(call: ast.Call) -> str:
    """The last name of what is called."""
    return dotted(call.func).rpartition(".")[2]


def _hoisted(
    spans: "Spans",
    function: "Function",
    statement: ast.Assign | ast.Expr,
    value: ast.expr,
    *,
    turn: Turning,
    finding: "Finding",
) -> Written | Declined:
    call = value.value if isinstance(value, ast.Await) else value
    stored = {
        n.id for n in ast.walk(turn.statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    read = {n.id for n in ast.walk(call) if isinstance(n, ast.Name)}
    if stored & read:
        return Declined(NAME, f"`{min(stored & read)}` changes with the turns")
    roots = {_root(one) for one in ast.walk(turn.statement) if _is_store(one)}
    if roots & read:
        return Declined(NAME, f"`{min(roots & read)}` is changed by the turns")
    if any(isinstance(one, ast.Call) and one is not call for one in ast.walk(call)):
        return Declined(NAME, "the call's arguments are calls themselves")
    wanted = f"same_{called_name(call)}" if isinstance(call, ast.Call) else "same_for_all"
    if isinstance(statement, ast.Assign) and statement.value is value:
        target = statement.targets[0]
        if len(statement.targets) != 1 or not isinstance(target, (ast.Name, ast.Subscript)):
            return Declined(NAME, "the result has no plain name")
        if isinstance(target, ast.Name) and (how := changed(function, target.id)):
            return Declined(NAME, f"a turn changes the result (`{how}`)")
        wanted = f"same_{target.id}" if isinstance(target, ast.Name) else "same_for_all"
    name = free_name(wanted, names_bound(function))
    made = f"{name} = {spans.source(value)} if {turn.rows} else None".split("\n")
    spans.insert_lines_before(turn.statement, [*name_rows(turn, spans), *made])
    spans.replace(value, name)
    return Written(
        codemod=NAME,
        title="Make a call once for all turns of a loop",
        files={finding.file: spans.result()},
        promises=_promises(finding),
    )


def _promises(finding: "Finding") -> tuple["EffectKind", ...]:
    """What a turn pays for the call, where that is an effect and no plain CPU."""
    at_stake = None if finding.cost_term is None else finding.cost_term.kind
    return () if at_stake in {None, "rows", "rows_read", "cpu"} else (at_stake,)  # type: ignore[return-value]  # the rest are effects


def _is_store(node: ast.AST) -> bool:
    return isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(node.ctx, ast.Load)


def _root(node: ast.AST) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
