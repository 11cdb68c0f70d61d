"""Asks once for all items of a loop what each turn asks for its own

## What it does
`session.query(M).filter(M.column == row.id, …).all()` in a loop over `rows`, or the call of a helper that does nothing
else, becomes one query with IN before the loop and a look-up in a dictionary: lists in the query's order, the first row
or None, or a number (GROUP BY). A helper gets a sibling for many keys beside it; one that is there already is used.

## What it never does
It acts only where the items lie in a list, the key is a column of theirs that can't be NULL, the loop writes nothing, and
the compared column is a key (other types may be compared otherwise by the database than by a dictionary).

## What it leaves to a person
How many keys there may be: a database takes some ten thousands in one IN.
"""

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.codemods.batch_helpers import callee, of_helper
from auditor.codemods.chains import mentions
from auditor.codemods.imports import add_names
from auditor.codemods.keyed import Keyed, keyed
from auditor.codemods.mutating import changed
from auditor.codemods.outcome import Declined, Written
from auditor.codemods.places import free_name, function_at, names_bound, parents
from auditor.codemods.rewriting import in_quotes_of, laid_out
from auditor.codemods.scalars import is_scalar, orm_scalar
from auditor.codemods.standing import standing
from auditor.codemods.turning import Turning, name_rows, turning
from auditor.index.values import Many, Query

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.index.values import Model
    from auditor.model.report import Finding

NAME: Final = "batch_query"
RULES: Final = ("query-in-loop",)
_WIDE: Final = 99
"""Characters of a line from which on the keys get a name of their own."""
_WRITING: Final = frozenset(
    "add add_all delete flush commit rollback merge save create update expire expire_all refresh bulk_create "
    "setattr insert remove begin".split()
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of a turn."""

    call: ast.Call
    key: ast.Attribute
    turn: Turning


def propose(finding: "Finding", source: "Source") -> Written | Declined:
    """One query before the loop, for the first statement of the finding that can be asked so."""
    at = standing(finding, source)
    if at is None:
        return Declined(NAME, "the loop and what is known of it are not at hand")
    spans, function = at.spans, at.function
    reasons: list[str] = []
    for asked in sorted(_questions(function, finding, source), key=lambda one: isinstance(one, str)):
        if isinstance(asked, str):
            reasons.append(asked)
            continue
        result = _odd(asked, finding.file, source) or _written(asked, function, spans, finding, source)
        if isinstance(result, Written):
            return result
        reasons.append(result)
        spans.forget()
    return Declined(NAME, reasons[0] if reasons else "nothing is asked with a key of the loop's item")


def _questions(function: "Function", finding: "Finding", source: "Source") -> "list[Asked | str]":
    """Calls at the finding's lines, outermost first, that take one key of the item of the loop around them."""
    found: list[Asked | str] = []
    around = parents(function)
    for node in ast.walk(function):
        if not isinstance(node, ast.Call) or not finding.line <= node.lineno <= finding.end_line:
            continue
        turn = turning(function, node, unnamed=True)
        if isinstance(turn, str):
            found.append(turn)
            continue
        above = parents(node)
        read = [one for one in ast.walk(node) if isinstance(one, ast.Name) and one.id == turn.variable]
        key = above.get(read[0]) if len(read) == 1 else None
        is_question = isinstance(key, ast.Attribute) and (
            keyed(node, key) is not None or is_scalar(node) or callee(node, source, finding.file) is not None
        )
        if isinstance(key, ast.Attribute) and is_question and not isinstance(around.get(node), ast.Await):
            found.append(Asked(node, key, turn))
    return found


def _odd(asked: Asked, path: str, source: "Source") -> str:
    """What keeps the question from being asked before the loop."""
    loop = asked.turn.statement
    body = ast.Module(list(loop.body), [])
    if writing := mentions(body, _WRITING):
        return f"the loop may write (`{min(writing)}`), which a query before it would not see"
    bound = {n.id for n in ast.walk(body) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    read = {n.id for n in ast.walk(asked.call) if isinstance(n, ast.Name)} - {asked.turn.variable}
    if bound & read:
        return f"`{min(bound & read)}` changes with the turns"
    model = _walked(loop, path, source)
    if model is None:
        return "what the loop walks over is not known to be rows of a model"
    if asked.key.attr not in {model.primary_key, "pk"}:
        return f"`{asked.key.attr}` is not the key of {model.name}, so that rows may share it, or have none"
    return ""


def _walked(loop: ast.For, path: str, source: "Source") -> "Model | None":
    assert source.scene is not None
    found: dict[int, Model] = {}
    for _, use in source.scene.uses():
        if use.how == "iterate" and use.site.module.path == path and use.site.line == loop.iter.lineno:
            value = use.value.source if isinstance(use.value, Many) else use.value
            if isinstance(value, Query):
                found[id(value.model)] = value.model
    return next(iter(found.values())) if len(found) == 1 else None


def _written(
    asked: Asked, function: "Function", spans: "Spans", finding: "Finding", source: "Source"
) -> Written | str:
    if spans.comments(asked.call):
        return "a comment stands inside the query"
    name = _name(asked, function)
    direct = keyed(asked.call, asked.key)
    files: dict[str, str] = {}
    if direct is not None:
        reason = _inline(direct, asked, name, spans, finding=finding, source=source)
        if reason:
            return reason
    elif is_scalar(asked.call):
        reason = _number(asked, function, name, spans, source)
        if reason:
            return reason
    else:
        helper = of_helper(asked.call, asked.key, source=source, path=finding.file, spans=spans)
        if isinstance(helper, str):
            return helper
        files |= helper.files
        rows = (
            f"[{asked.turn.variable}.{asked.key.attr} for {asked.turn.variable} in {asked.turn.rows}"
            f"{_guard(asked, function, spans)}]"
        )
        lines = [f"{name} = {helper.called(rows)}"]
        if len(lines[0]) + len(spans.indent(asked.turn.statement)) > _WIDE:
            keys = free_name(f"{asked.turn.variable}_{asked.key.attr}s", names_bound(function))
            lines = [f"{keys} = {rows}", f"{name} = {helper.called(keys)}"]
        spans.insert_lines_before(asked.turn.statement, [*name_rows(asked.turn, spans), *lines])
        spans.replace(asked.call, f"{name}{helper.looked_up(spans.source(asked.key))}")
    return Written(
        codemod=NAME,
        title=f"Ask once for all of `{asked.turn.rows}`",
        files=files | {finding.file: spans.result()},
        promises=("sql",),
        constant_rise=("sql",),
        verify=(f"How many `{asked.turn.rows}` there may be",),
    )


def _guard(asked: Asked, function: "Function", spans: "Spans") -> str:
    """` if …` of the question, where it can be asked of every item beforehand: columns compared with what no turn changes."""
    body = asked.turn.statement.body
    around = [
        one for one in body if isinstance(one, ast.If) and any(asked.call is node for node in ast.walk(one))
    ]
    if len(around) != 1 or body[0] is not around[0] or around[0].orelse:
        return ""
    test, model_names = around[0].test, {asked.turn.variable}
    if any(isinstance(node, (ast.Call, ast.Await, ast.NamedExpr, ast.Lambda)) for node in ast.walk(test)):
        return ""
    bound = {
        n.id
        for one in body
        for n in ast.walk(one)
        if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)
    }
    read = {n.id for n in ast.walk(test) if isinstance(n, ast.Name)} - model_names
    local = names_bound(function)
    if (
        bound & read
        or "\n" in spans.source(test)
        or (read & local and any(changed(function, one) for one in read))
    ):
        return ""
    return f" if {spans.source(test)}"


def _number(asked: Asked, function: "Function", name: str, spans: "Spans", source: "Source") -> str:
    """Writes the query for the numbers of all items before the loop; the reason where it can't."""
    key = spans.source(asked.key)
    keys = f"[{key} for {asked.turn.variable} in {asked.turn.rows}{_guard(asked, function, spans)}]"
    made = orm_scalar(asked.call, ast.unparse(asked.key), keys, spans=spans, source=source)
    if made is None:
        return "what is counted or summed is not plain to see"
    scalar, is_same = made
    above = parents(function).get(asked.call)
    cast = (
        isinstance(above, ast.Call) and isinstance(above.func, ast.Name) and above.func.id in {"int", "float"}
    )
    if not is_same and not cast:
        return "the database may give a number of another type than what stands for no rows"
    lines = [f"{name} = {{key: value for key, value in {scalar.rows}}}"]
    indent = spans.indent(asked.turn.statement)
    if len(indent) + len(lines[0]) > _WIDE:
        before = "    for key, value in "
        rows = laid_out(ast.parse(scalar.rows, mode="eval").body, before, indent + "    ")
        first, *rest = in_quotes_of(spans.text, rows).split("\n")
        lines = [f"{name} = {{", "    key: value", f"{before}{first}"]
        lines += [*(one.removeprefix(indent) for one in rest), "}"]
    spans.insert_lines_before(asked.turn.statement, [*name_rows(asked.turn, spans), *lines])
    spans.replace(asked.call, f"{name}.get({key}, {scalar.missing})")
    return ""


def _name(asked: Asked, function: "Function") -> str:
    """After what the turn binds the answer to."""
    target = "found"
    for node in ast.walk(asked.turn.statement):
        if isinstance(node, ast.Assign) and node.value is asked.call and len(node.targets) == 1:
            at = node.targets[0]
            at = at.value if isinstance(at, ast.Subscript) else at
            target = at.id if isinstance(at, ast.Name) else target
    return free_name(f"{target}_by_{asked.key.attr}", names_bound(function))


def _inline(
    asked: Keyed, question: Asked, name: str, spans: "Spans", *, finding: "Finding", source: "Source"
) -> str:
    """Writes the query before the loop; the reason where it can't."""
    model = _asked_model(asked, finding, source)
    column = None if model is None else model.columns.get(asked.column)
    if model is None or column is None:
        return f"`{asked.model}.{asked.column}` is not known to be a column"
    if column.foreign_key is None and asked.column != model.primary_key:
        return f"`{asked.column}` is no key, and the database may compare it otherwise than a dictionary"
    if (
        asked.terminal == "first"
        and not asked.ordered
        and not column.unique
        and asked.column != model.primary_key
    ):
        return "which row is first is not said"
    turn, key = question.turn, spans.source(question.key)
    keys = f"[{key} for {turn.variable} in {turn.rows}]"
    query = replaced(spans, asked, keys if asked.terminal != "all" else f"list({name})")
    function = function_at(spans.tree, turn.statement.lineno)
    taken = names_bound(function) if function is not None else frozenset()
    item = free_name(asked.model.rpartition(".")[2].lower(), taken | {name})
    if asked.terminal == "count":
        if asked.ordered:
            return "the rows that are counted are ordered"
        if add_names(spans, "sqlalchemy", ["func"]) != ["func"]:
            return "`func` is the name of something else in this module"
        query = replaced(spans, asked, keys, selected=f"{asked.model}.{asked.column}, func.count()")
        lines = f"{name} = dict({query}.group_by({asked.model}.{asked.column}).all())"
        answer = f"{name}.get({key}, 0)"
    elif asked.terminal == "first":
        lines = f"{name} = {{}}\nfor {item} in {query}:\n    {name}.setdefault({item}.{asked.column}, {item})"
        answer = f"{name}.get({key})"
    else:
        lines = (
            f"{name} = {{{key}: [] for {turn.variable} in {turn.rows}}}\n"
            f"for {item} in {query}:\n    {name}[{item}.{asked.column}].append({item})"
        )
        answer = f"{name}[{key}]"
    spans.insert_lines_before(turn.statement, [*name_rows(turn, spans), *lines.split("\n")])
    spans.replace(question.call, answer)
    return ""


def replaced(spans: "Spans", asked: Keyed, keys: str, *, selected: str = "") -> str:
    """The query's source with IN in place of the comparison, on one line where it had several."""
    start, _ = spans.span(asked.query)
    text = spans.source(asked.query)
    edits = [(asked.condition, f"{asked.model}.{asked.column}.in_({keys})")]
    if selected:
        inner = next(
            node
            for node in ast.walk(asked.query)
            if isinstance(node, ast.Call) and node.args and ast.unparse(node.args[0]) == asked.model
        )
        edits.append((inner.args[0], selected))
    for node, new in sorted(edits, key=lambda edit: -spans.span(edit[0])[0]):
        begin, end = (at - start for at in spans.span(node))
        text = text[:begin] + new + text[end:]
    return (
        ast.unparse(ast.parse(text if "\n" not in text else f"({text})", mode="eval"))
        if "\n" in text
        else text
    )


def _asked_model(asked: Keyed, finding: "Finding", source: "Source") -> "Model | None":
    assert source.scene is not None
    lines = range(finding.line, finding.end_line + 1)
    name = asked.model.rpartition(".")[2]
    for _, effect in source.scene.effects():
        if (
            effect.query is not None
            and effect.site.module.path == finding.file
            and effect.site.line in lines
            and effect.query.model.cls.name == name
        ):
            return effect.query.model
    return None
