"""Counts or sums rows that are at hand in place of asking the database for each

## What it does
A helper that asks for a COUNT or a SUM per item of a loop, with a statement as text, is not asked where the very rows were
fetched before, item by item or for all at once: they are counted or summed where they are.

## What it never does
It acts only where both conditions are the same, column by column and value by value, where the rows come from the same
database, a sum is one of integers that are never NULL, nothing is written in between, and a day that one side writes as
text is known to be a day.

## What it leaves to a person
Whether the helper still has other callers.
"""

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.codemods.batch_helpers import callee
from auditor.codemods.dates import is_date
from auditor.codemods.outcome import Declined, Written
from auditor.codemods.places import free_name, names_bound, parents
from auditor.codemods.predicates import Predicate, of_sql
from auditor.codemods.rows_at_hand import Fetched, fetched_for
from auditor.codemods.scalar_sql import grouped
from auditor.codemods.scalars import statement_of
from auditor.codemods.session_desks import idle_desk, key_of_desk
from auditor.codemods.session_makers import definition_of
from auditor.codemods.session_scopes import scopes
from auditor.codemods.session_sharing import handed_out, sets_attributes, writes
from auditor.codemods.single_names import loads
from auditor.codemods.standing import standing
from auditor.codemods.turning import Turning, turning

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.index.symbols import Function as Known
    from auditor.model.report import Finding

NAME: Final = "aggregate_at_hand"
RULES: Final = ("query-in-loop",)
_WHOLE: Final = re.compile(r"(?is)^\s*SELECT\s+(?P<selected>.+?)\s+FROM\s+\w+\s+WHERE\s+(?P<where>.+?)\s*$")
_SUM: Final = re.compile(r"(?i)^COALESCE\s*\(\s*SUM\s*\(\s*(\w+)\s*\)\s*,\s*0\s*\)$")
_COUNT: Final = re.compile(r"(?i)^COUNT\s*\(\s*\*\s*\)$")
_INTEGERS: Final = frozenset({"Integer", "SmallInteger", "BigInteger", "int"})


@dataclass(frozen=True, slots=True)
class Number:
    """What a helper asks for, in its caller's names."""

    call: ast.Call
    turn: Turning
    known: "Known"
    table: str
    summed: str
    """The column that is summed; "" for a COUNT."""
    predicate: Predicate
    days: tuple[tuple[str, ast.expr], ...]
    """Columns that are compared with a day written as text, and the caller's expression of the day."""


def propose(finding: "Finding", source: "Source") -> Written | Declined:
    """The first call of the finding's statement that asks for a number of rows at hand."""
    at = standing(finding, source)
    if at is None:
        return Declined(NAME, "the loop and what is known of it are not at hand")
    spans, function, known = at.spans, at.function, at.known
    for node in ast.walk(function):
        if not isinstance(node, ast.Call) or not finding.line <= node.lineno <= finding.end_line:
            continue
        number = number_of(node, function, finding.file, source)
        if number is None:
            continue
        rows = fetched_for(number.turn, node, function, known, source)
        found = [one for one in rows if _is_same(number, one, function, known, source)]
        if not found:
            return Declined(NAME, "the rows that are counted were not fetched before, or not just these")
        if changing := writes(known, at.scene) or sets_attributes(known, at.scene):
            return Declined(NAME, f"something is written or set (`{changing}`)")
        return _written(number, found[0], function, spans, finding.file, source)
    return Declined(NAME, "no number is asked for with a statement as text")


def number_of(call: ast.Call, function: "Function", path: str, source: "Source") -> Number | None:
    """`helper(item.key, …)` whose helper gives `int(session.execute(STATEMENT, {…}).scalar())` and does nothing else."""
    known = callee(call, source, path)
    defined = None if known is None else definition_of(known, source)
    turn = turning(function, call)
    home = None if known is None else source.spans(known.module.path)
    if known is None or defined is None or home is None or isinstance(turn, str) or call.keywords:
        return None
    names = [one.arg for one in defined.args.args][known.owner is not None :]
    if len(names) != len(call.args) or defined.decorator_list or isinstance(defined, ast.AsyncFunctionDef):
        return None
    given = dict(zip(names, call.args, strict=True))
    body = defined.body[1:] if ast.get_docstring(defined, clean=False) is not None else defined.body
    match body:
        case [*above, ast.Return(value=ast.expr() as returned)]:
            pass
        case _:
            return None
    asked = _asked(returned, above)
    sql = None if asked is None else statement_of(home.tree, asked[0])
    if asked is None or sql is None:
        return None
    made = _made(call, turn, known, sql, asked[1], given)
    is_int = isinstance(returned, ast.Call) and ast.unparse(returned.func) == "int"
    return (
        made if made is not None and (is_int or not made.summed) else None
    )  # some databases sum to a Decimal


def _asked(returned: ast.expr, above: list[ast.stmt]) -> tuple[str, ast.Dict] | None:
    """The statement's name and its parameters; the result may be made an `int`."""
    match returned:
        case ast.Call(func=ast.Name(id="int"), args=[inner], keywords=[]):
            returned = inner
        case _:
            pass
    match returned, above:
        case (
            ast.Call(
                func=ast.Attribute(
                    value=ast.Call(func=ast.Attribute(attr="execute"), args=[ast.Name(id=named), values]),
                    attr="scalar" | "scalar_one",
                ),
                args=[],
            ),
            above,
        ):
            pass
        case _:
            return None
    if isinstance(values, ast.Dict) and not above:
        return named, values
    match above:
        case [ast.Assign(targets=[ast.Name(id=held)], value=ast.Dict() as listed)] if (
            isinstance(values, ast.Name) and values.id == held
        ):
            return named, listed
        case _:
            return None


def _made(
    call: ast.Call, turn: Turning, known: "Known", sql: str, values: ast.Dict, given: dict[str, ast.expr]
) -> Number | None:
    sources: dict[str, str] = {}
    days: list[tuple[str, ast.expr]] = []
    key = ""
    for name, value in zip(values.keys, values.values, strict=True):
        if not isinstance(name, ast.Constant) or not isinstance(name.value, str):
            return None
        match value:
            case ast.Name(id=parameter) if parameter in given:
                pass
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=parameter), attr="isoformat"), args=[], keywords=[]
            ) if parameter in given:
                days.append((name.value, given[parameter]))
            case _:
                return None
        text = ast.unparse(given[parameter])
        if text.startswith(f"{turn.variable}."):
            key, text = name.value, "key"
        sources[name.value] = text
    whole, plain = _WHOLE.match(sql), grouped(sql, key, "keys")
    predicate = None if whole is None else of_sql(whole["where"], sources)
    if whole is None or plain is None or predicate is None:
        return None
    summed = _SUM.match(whole["selected"])
    if summed is None and not _COUNT.match(whole["selected"]):
        return None
    columns = {value: column for column, _, value in predicate}
    listed = tuple((columns[sources[name]], day) for name, day in days if sources[name] in columns)
    return Number(call, turn, known, plain.table, summed[1] if summed else "", predicate, listed)


def _is_same(number: Number, rows: Fetched, function: "Function", known: "Known", source: "Source") -> bool:
    """Whether the rows at hand are those that are counted."""
    model = rows.model
    columns = {name: one.column or name for name, one in model.columns.items()}
    same = frozenset((columns.get(column, column), how, value) for column, how, value in rows.predicate)
    if model.table != number.table or same != number.predicate:
        return False
    by_column = {one.column or name: one for name, one in model.columns.items()}
    if number.summed:
        summed = by_column.get(number.summed)
        if summed is None or summed.nullable or summed.type.rpartition(".")[2] not in _INTEGERS:
            return False
    for column, day in number.days:
        if column not in by_column or by_column[column].type.rpartition(".")[2] != "Date":
            return False
        if not is_date(day, function, known, source) or handed_out(known, source):
            return False
    key = key_of_desk(number.call, function, number.known, source)
    mine = [scope.maker.key for scope in scopes(function, known.module, source) if scope.name == rows.session]
    return key == rows.session or (bool(mine) and key == mine[0])


def _written(
    number: Number, rows: Fetched, function: "Function", spans: "Spans", path: str, source: "Source"
) -> Written | Declined:
    if spans.comments(number.call):
        return Declined(NAME, "a comment stands inside the call")
    item = free_name(rows.model.cls.name.lower(), names_bound(function))
    at_hand = f"{rows.name}[{ast.unparse(rows.key_of(number.turn.variable))}]"
    names = [name for name, one in rows.model.columns.items() if number.summed in {name, one.column}]
    text = f"sum({item}.{names[0]} for {item} in {at_hand})" if number.summed else f"len({at_hand})"
    desk = idle_desk(number.call, function, number.known, source)
    if desk is not None:
        held = desk.items[0].optional_vars
        others = loads(function, held.id) if isinstance(held, ast.Name) else []
        if len(others) == 1 and parents(function).get(others[0]) is number.call.func:
            spans.take_out(desk)
    spans.replace(number.call, text)
    return Written(
        codemod=NAME,
        title=f"{'Sum' if number.summed else 'Count'} the rows of `{rows.name}`, which are at hand",
        files={path: spans.result()},
        promises=("sql",),
    )
