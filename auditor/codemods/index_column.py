"""Gives a searched column an index, with the migration that makes it

## What it does
In SQLAlchemy `index=True` on the column and an Alembic revision after the last one; in Django an entry of
`Meta.indexes` and a migration numbered after the app's last. Where tables are made by `create_all()` alone the model's
declaration is all there is.

## What it never does
It names no index of several columns, touches no column of a mixin, and writes no migration where the history has two
heads or the way the schema is migrated is not known.

## What it leaves to a person
On a large PostgreSQL table the index is better made concurrently, outside a transaction. Tables that `create_all()`
has made before get no index by themselves.
"""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods import index_django
from auditor.codemods.alembic_history import create_index_revision
from auditor.codemods.outcome import Declined, Written
from auditor.rules.declared import definition, models

if TYPE_CHECKING:
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.index.values import Column, Model
    from auditor.model.report import Finding
    from auditor.rules.scene import Scene

NAME: Final = "index_column"
RULES: Final = ("missing-index",)
_DECLARING: Final = frozenset({"Column", "mapped_column"})
_UNINDEXED: Final = ("index", "unique", "primary_key")


def propose(finding: "Finding", source: "Source") -> Written | Declined:
    """The declaration and its migration, for each column that the finding names."""
    if source.scene is None:
        return Declined(NAME, "which column of which table this is is known only with a trace")
    found = _columns(finding, source.scene)
    if not found:
        return Declined(NAME, "no column of a model is named")
    if found[0][0].orm == "django":
        result = index_django.propose(NAME, found, source)
    else:
        result = _sqlalchemy(found, source)
    return Declined(NAME, result) if isinstance(result, str) else result


def _columns(finding: "Finding", scene: "Scene") -> "list[tuple[Model, Column]]":
    """What `finding.subject` lists, as `table.column`, of the one model that has the table."""
    found: list[tuple[Model, Column]] = []
    by_table: dict[str, list[Model]] = {}
    for model in models(scene):
        by_table.setdefault(model.table, []).append(model)
    for name in finding.subject.split(", "):
        table, _, column = name.rpartition(".")
        owners = by_table.get(table, [])
        if len(owners) == 1:
            owner = owners[0]
            found += [(owner, c) for c in owner.columns.values() if (c.column or c.name) == column]
    return found


def _sqlalchemy(found: "list[tuple[Model, Column]]", source: "Source") -> Written | str:
    assert source.scene is not None
    edited: dict[str, Spans] = {}
    made: list[tuple[str, str]] = []
    reason = ""
    for model, column in found:
        path = model.cls.module.path
        spans = edited.get(path) or source.spans(path)
        spot = definition(source.scene, model, column)
        call = None if spans is None or spot is None else declaration(spans, column.name, spot.start)
        if spans is None or call is None or spot is None or spot.module.path != path:
            reason = reason or f"`{column.name}` is not declared in the model's own class"
            continue
        given = {keyword.arg for keyword in call.keywords}
        if given & set(_UNINDEXED) or None in given:
            reason = reason or f"`{column.name}` says itself whether it has an index"
            continue
        add_argument(spans, call, "index=True")
        edited[path] = spans
        made.append((model.table, column.column or column.name))
    if not made:
        return reason
    migration = create_index_revision(source, made)
    if isinstance(migration, str):
        return migration
    files = {path: spans.result() for path, spans in edited.items()} | migration
    return Written(
        codemod=NAME,
        title=f"Index {', '.join(f'{table}.{column}' for table, column in made)}",
        files=files,
        may_touch=frozenset({"migration"}) if migration else frozenset(),
        verify=("On a large PostgreSQL table, whether to create the index concurrently",)
        if migration
        else ("Tables that exist already get the index only by a statement of your own",),
    )


def declaration(spans: "Spans", name: str, line: int, /) -> ast.Call | None:
    """The `Column(...)` or `mapped_column(...)` that a name is bound to at a line of a class body."""
    for node in ast.walk(spans.tree):
        if isinstance(node, ast.ClassDef):
            for statement in node.body:
                match statement:
                    case (
                        ast.Assign(targets=[ast.Name(id=bound)], value=ast.Call() as call)
                        | ast.AnnAssign(target=ast.Name(id=bound), value=ast.Call() as call)
                    ) if bound == name and statement.lineno == line:
                        called = call.func.attr if isinstance(call.func, ast.Attribute) else ""
                        called = call.func.id if isinstance(call.func, ast.Name) else called
                        return call if called in _DECLARING else None
                    case _:
                        pass
    return None


def add_argument(spans: "Spans", call: ast.Call, text: str, /) -> None:
    """Puts an argument behind the last one, on a line of its own where each has one."""
    last = max([*call.args, *(k.value for k in call.keywords)], key=spans.span, default=None)
    if last is None:
        spans.insert(spans.span(call)[1] - 1, text)
        return
    line = spans.lines[last.lineno - 1]
    alone = line[: len(line) - len(line.lstrip())]
    several = len({a.lineno for a in (*call.args, *(k.value for k in call.keywords))}) > 1
    starts = any(line.lstrip().startswith(spans.source(a).split("\n")[0]) for a in call.args) or any(
        line.lstrip().startswith(f"{k.arg}=") for k in call.keywords
    )
    spans.insert_after(last, f",\n{alone}{text}" if several and starts else f", {text}")
