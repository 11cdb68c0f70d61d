"""Where rows of some tables are written, and the statements behind which that is committed."""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods.attribute_stores import targets_of
from auditor.codemods.constant_tables import mentions
from auditor.codemods.places import function_at, statement_at
from auditor.index import ir
from auditor.rules import turns
from auditor.rules.constant_reads import model_of, writes_of
from auditor.rules.declared import models

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.index.values import Model
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect

_OWNED: Final = frozenset({"fk", "o2o"})
_WRITING: Final = frozenset(
    "save delete update add add_all merge execute executemany create bulk_create bulk_update bulk_save_objects "
    "get_or_create update_or_create set remove clear".split()
)
_BESIDE: Final = frozenset({"script", "migration", "test"})


def write_places(
    made: "dict[str, Model]", source: "Source", edits: "dict[str, Spans]", /, *, framework: str
) -> "dict[str, list[ast.stmt]] | str":
    """By file, the statements behind which a write of one of the tables is committed; a reason where one can't be told."""
    scene = source.scene
    assert scene is not None, "looked for above"
    found: dict[str, list[ast.stmt]] = {}
    if unknown := scene.once(_unknown_write) or (scene.once(_unknown_row) if framework == "flask" else ""):
        return f"what `{unknown}` writes is not known"
    for model in _with_owners(made, scene):
        if any(relation.kind == "m2m" for relation in model.relations.values()):
            return f"rows of {model.name} are linked to many, and links are written from either side"
        writes = [one for one in writes_of(scene, model) if one.site.module.role not in _BESIDE]
        spots = [(one.site.module.path, one.site.line, f"`{one.label}`") for one in writes]
        spots += list(mentions(model, source))
        if framework == "flask":
            spots += list(_column_stores(model, scene))
        for path, line, text in spots:
            spans = edits.get(path) or source.spans(path)
            function = None if spans is None else function_at(spans.tree, line)
            if spans is None or function is None:
                return f"{model.name} rows may be written by {text} in {path}"
            edits[path] = spans
            behind = (
                _commits(function)
                if framework == "flask"
                else _write_statements(function, path, writes, spans)
            )
            if not behind:
                return f"when {text} in {path} is committed is not plain"
            known = found.setdefault(path, [])
            known += [one for one in behind if one not in known]
    return found


def _with_owners(made: "dict[str, Model]", scene: "Scene") -> "list[Model]":
    """With the models whose deletion takes rows of these along."""
    by_key, queue = dict(made), list(made.values())
    tables = {model.table: model for model in models(scene)}
    while queue:
        model = queue.pop()
        orm = scene.trace.machine.orm(model.orm)
        owners = [orm.by_key(one.target) for one in model.relations.values() if one.kind in _OWNED]
        owners += [tables.get((one.foreign_key or "").rpartition(".")[0]) for one in model.columns.values()]
        for owner in owners:
            if owner is not None and owner.key not in by_key:
                by_key[owner.key] = owner
                queue.append(owner)
    return [by_key[key] for key in sorted(by_key)]


def _unknown_write(scene: "Scene") -> str:
    """A write of which it is not known what it writes; "" where there is none."""
    for scope, effect in scene.effects():
        is_own = scope.function is not None and scope.function.module.role == "app"
        unknown = effect.kind == "sql" and effect.operation == "write" and model_of(effect) is None
        if is_own and unknown and effect.label != "FLUSH":
            return effect.label
    for scope in scene.scopes:
        if scope.function is None or scope.function.module.role != "app":
            continue
        waiting = [text for text, *_ in scope.waiting] if not scope.callers else []
        for text in [*(text for text, _ in scope.unresolved), *waiting]:
            if text.rpartition(".")[2].partition("(")[0] in _WRITING:
                return text
    return ""


def _unknown_row(scene: "Scene") -> str:
    """What a session is told to add or delete without the trace knowing of which table; "" where there is nothing."""
    known = {
        (effect.site.module.path, effect.site.line)
        for _, effect in scene.effects()
        if effect.kind == "sql" and effect.operation == "write" and model_of(effect) is not None
    }
    for module in scene.project.modules:
        for node in turns.nodes(module.body) if module.role == "app" else ():
            match node:
                case (
                    ir.CALL,
                    line,
                    (
                        ir.ATTR,
                        _,
                        (ir.NAME, _, owner) | (ir.ATTR, _, _, owner),
                        "add" | "add_all" | "delete" | "merge" as told,
                    ),
                    *_,
                ) if owner.endswith("session") and (module.path, line) not in known:
                    return f"{owner}.{told}(…)"
                case _:
                    pass
    return ""


def _column_stores(model: "Model", scene: "Scene") -> "Iterator[tuple[str, int, str]]":
    """Where an attribute is set that rows of the model have: a session writes it with the next commit."""
    stores = scene.once(_stores)
    yield from sorted(place for name in model.columns for place in stores.get(name, ()))


def _stores(scene: "Scene") -> dict[str, list[tuple[str, int, str]]]:
    """Every attribute that the application sets, by its name: path, line and text."""
    found: dict[str, list[tuple[str, int, str]]] = {}
    for module in scene.project.modules:
        for node in turns.nodes(module.body) if module.role == "app" else ():
            for target in targets_of(node):
                if target[0] == ir.ATTR and target[2] != (ir.NAME, target[2][1], "self"):
                    text = f"`{turns.root_name(target) or '…'}.{target[3]}`"
                    found.setdefault(target[3], []).append((module.path, target[1], text))
    return found


def _commits(function: "Function") -> list[ast.stmt]:
    return [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Attribute)
        and node.value.func.attr == "commit"
        and not node.value.args
    ]


def _write_statements(
    function: "Function", path: str, writes: "list[Effect]", spans: "Spans"
) -> list[ast.stmt]:
    """The statements of a function that write, if each of them stands alone; [] otherwise."""
    found: list[ast.stmt] = []
    for effect in writes:
        line = effect.site.line
        if effect.site.module.path != path or not function.lineno <= line <= (function.end_lineno or 0):
            continue
        statement = statement_at(function, line)
        if not isinstance(statement, (ast.Expr, ast.Assign)) or ";" in spans.lines[statement.lineno - 1]:
            return []
        found.append(statement)
    return found
