"""Inserts the rows of a loop with one statement

## What it does
In a transaction, `Model.objects.create(...)` on the turns of a loop becomes `Model(...)` in a list that is written by
`bulk_create` behind the loop.

## What it never does
It leaves rows alone whose `create` is used, whose model has a `save()` of its own, parents or signals, whose manager is the
project's own, and loops that ask for rows of the same model, catch errors or leave early. Without a transaction the rows
before a failing one would have stayed.

## What it leaves to a person
Whether so many rows are better written in batches.
"""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods.chains import chain
from auditor.codemods.outcome import Declined, Written
from auditor.codemods.places import dotted, free_name, function_at, names_bound, parents, statement_at
from auditor.index.symbols import Class

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.index.values import Model
    from auditor.model.report import Finding

NAME: Final = "bulk_write"
RULES: Final = ("write-per-row",)
_LEAVING: Final = (ast.Break, ast.Return, ast.Try, ast.TryStar, ast.Yield, ast.YieldFrom, ast.Await)
_OWN: Final = frozenset({"save", "save_base", "full_clean", "__init__", "from_db"})
_SIGNALS: Final = ("pre_save", "post_save", "pre_init", "post_init")


def propose(finding: "Finding", source: "Source") -> Written | Declined:
    """`bulk_create` behind the loop around the finding's statement."""
    spans = source.spans(finding.file)
    function = None if spans is None else function_at(spans.tree, finding.line)
    if spans is None or function is None or source.scene is None:
        return Declined(NAME, "the loop and what is known of it are not at hand")
    statement = statement_at(function, finding.line, finding.end_line)
    match statement:
        case ast.Expr(
            value=ast.Call(func=ast.Attribute(attr="create"), args=[], keywords=keywords) as call
        ) if keywords:
            made = chain(call)
        case _:
            return Declined(NAME, "the statement is not a `create` whose row nobody uses")
    model = _model(finding, source)
    if isinstance(model, str):
        return Declined(NAME, model)
    if [s.name for s in made.steps] != ["objects", "create"] or dotted(made.root) != model.cls.name:
        return Declined(NAME, f"the row is not made by `{model.cls.name}.objects.create`")
    loop = _loop(function, statement)
    reason = "no `for` statement is around it" if loop is None else _odd(function, loop, model, source=source)
    if reason or loop is None:
        return Declined(NAME, reason)
    _write(spans, function, loop, call, model=model)
    return Written(
        codemod=NAME,
        title=f"Insert all {model.name} rows with one statement",
        files={finding.file: spans.result()},
        promises=("sql",),
        verify=("Whether so many rows are better written in batches",),
    )


def _model(finding: "Finding", source: "Source") -> "Model | str":
    assert source.scene is not None
    lines = range(finding.line, finding.end_line + 1)
    found = {
        id(effect.query.model): effect.query.model
        for _, effect in source.scene.effects()
        if effect.query is not None
        and effect.operation == "write"
        and effect.site.module.path == finding.file
        and effect.site.line in lines
    }
    models = list(found.values())
    if len(models) != 1 or models[0].orm != "django":
        return "which model's rows are written is not known, or it is none of Django's"
    model = models[0]
    if model.parents:
        return f"{model.name} has rows in a parent's table"
    for cls in source.scene.project.mro(model.cls):
        if isinstance(cls, Class) and cls.module.role != "library" and (own := _OWN & cls.scope.keys()):
            return f"{cls.name} has a `{min(own)}` of its own"
    if "objects" in model.cls.scope:
        return f"the manager of {model.name} is the project's own"
    return _signals(model, source) or model


def _signals(model: "Model", source: "Source") -> str:
    """Whether a receiver may listen to the model's saves."""
    assert source.scene is not None
    for module in source.scene.project.modules:
        text = source.read(module.path) if module.role in {"app", "script", "config"} else None
        if text is None or not any(name in text for name in _SIGNALS):
            continue
        if model.cls.name in text or "sender" not in text:
            return f"{module.path} listens to signals that a bulk insert does not send"
    return ""


def _loop(function: "Function", statement: ast.stmt) -> ast.For | None:
    """The innermost loop around a statement, which may stand behind conditions in it."""
    above = parents(function)
    at = above.get(statement)
    while at is not None and at is not function:
        if isinstance(at, ast.For):
            return at
        if not isinstance(at, ast.If):
            return None
        at = above.get(at)
    return None


def _odd(function: "Function", loop: ast.For, model: "Model", *, source: "Source") -> str:
    if loop.orelse or any(isinstance(node, _LEAVING) for node in ast.walk(loop)):
        return "the loop catches errors, waits, or is left early"
    named = [n for n in ast.walk(loop) if isinstance(n, ast.Name) and n.id == model.cls.name]
    if len(named) != 1:
        return f"the loop asks for {model.name} in another place too"
    assert source.scene is not None
    path = model.cls.module.path
    for scope in source.scene.scopes:
        here = scope.function
        if here is None or here.name != function.name or here.line != function.lineno:
            continue
        for effect in scope.effects:
            inside = any(
                f is here and loop.lineno <= line <= (loop.end_lineno or 0) for f, line in effect.frames
            )
            inside = inside or loop.lineno <= effect.site.line <= (loop.end_lineno or 0)
            reads = effect.operation != "write" and effect.query is not None
            if inside and reads and effect.query is not None and effect.query.model.cls.module.path == path:
                return "the loop reads what it may have written"
    if not _is_atomic(function, loop):
        return "no transaction is around the loop, so that rows before a failing one stay"
    return ""


def _is_atomic(function: "Function", loop: ast.For) -> bool:
    """`@transaction.atomic` on the function, or `with transaction.atomic():` around the loop."""
    if any(_names_atomic(one) for one in function.decorator_list):
        return True
    above = parents(function)
    at: ast.AST | None = above.get(loop)
    while at is not None and at is not function:
        if isinstance(at, ast.With) and any(_names_atomic(item.context_expr) for item in at.items):
            return True
        if isinstance(at, (ast.Try, ast.TryStar)):
            return False
        at = above.get(at)
    return False


def _names_atomic(node: ast.expr) -> bool:
    return dotted(node.func if isinstance(node, ast.Call) else node).rpartition(".")[2] == "atomic"


def _write(spans: "Spans", function: "Function", loop: ast.For, call: ast.Call, *, model: "Model") -> None:
    name = free_name("new_rows", names_bound(function))
    assert isinstance(call.func, ast.Attribute)
    begin, end = spans.span(call)
    behind = spans.span(call.func)[1]
    spans.replace_span(begin, behind, f"{name}.append({model.cls.name}")
    spans.insert(end, ")")
    indent = spans.indent(loop)
    spans.insert_lines_before(loop, [f"{name} = []"])
    at = spans.line_end(loop)
    text = f"{indent}{model.cls.name}.objects.bulk_create({name})\n"
    spans.insert(at, text if spans.text[:at].endswith("\n") else f"\n{text}")
