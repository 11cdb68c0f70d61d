"""Tables whose rows no code of the application writes while it runs."""

import ast
import re
from typing import TYPE_CHECKING, Final

from auditor.codemods.places import Function, parents
from auditor.rules.constant_reads import writes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.codemods.source import Source
    from auditor.index.values import Model

_ASKING: Final = frozenset(
    {"query", "select", "get", "exists", "load_only", "isinstance", "get_object_or_404", "get_list_or_404"}
)
_REFERRING: Final = frozenset({"ForeignKey", "OneToOneField", "ManyToManyField", "relationship", "relation"})
_WRITING: Final = frozenset(
    "update delete create bulk_create bulk_update get_or_create update_or_create insert add save acreate aupdate "
    "adelete abulk_create aget_or_create aupdate_or_create values_for_update".split()
)
_BESIDE: Final = re.compile(r"(^|/)(seed|seeds|populate|fixtures)[^/]*\.py$")
"""Files that fill a database before the application serves."""
_STATEMENT: Final = re.compile(r"\b(insert|update|delete|replace|truncate|merge)\b", re.IGNORECASE)


def written_by(model: "Model", source: "Source", /) -> str:
    """What may write rows of the table, for a person; "" for nothing in the application's code.

    Scripts, commands and migrations are not looked at: they run beside it.
    """
    scene = source.scene
    assert scene is not None, "asked with a trace only"
    for effect in writes_of(scene, model):
        if effect.site.module.role == "app" and not _BESIDE.search(effect.site.module.path):
            return f"`{effect.label}` at {effect.site.module.path}:{effect.site.line}"
    if any(column.foreign_key is not None for column in model.columns.values()) or model.parents:
        return "the deletion of a row that it belongs to"
    return next((f"{text} in {path}" for path, _, text in mentions(model, source)), "")


def mentions(model: "Model", source: "Source", /) -> "Iterator[tuple[str, int, str]]":
    """Where the application's code speaks of the table otherwise than to ask it: path, line and text."""
    scene = source.scene
    assert scene is not None, "asked with a trace only"
    for module in scene.project.modules:
        text = source.read(module.path) if module.role == "app" and not _BESIDE.search(module.path) else None
        if text is None or not (model.cls.name in text or model.table in text):
            continue
        spans = source.spans(module.path)
        if spans is None:
            yield module.path, 0, "what can't be read"
        else:
            yield from ((module.path, line, found) for line, found in _written_in(spans.tree, model))


def _written_in(tree: ast.Module, model: "Model") -> "Iterator[tuple[int, str]]":
    above = parents(tree)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and model.table in node.value
            and _STATEMENT.search(node.value)
        ):
            yield node.lineno, "a statement as text"
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        if name == model.cls.name and not _only_asks(node, above, model):
            yield node.lineno, f"`{ast.unparse(_whole(node, above))[:60]}`"  # type: ignore[attr-defined]  # an expression


def _only_asks(node: ast.AST, above: dict[ast.AST, ast.AST], model: "Model") -> bool:
    """Whether a mention of the class begins a query, names a column, refers to it, or is an annotation."""
    holder = above.get(node)
    if _is_annotation(node, above):
        return True
    if isinstance(holder, ast.keyword):
        return False
    is_begun = isinstance(holder, ast.Attribute)
    if isinstance(holder, ast.Call) and node in holder.args:
        called = holder.func
        name = (
            called.attr
            if isinstance(called, ast.Attribute)
            else called.id
            if isinstance(called, ast.Name)
            else ""
        )
        if name in _REFERRING:
            return True
        is_begun = name in _ASKING
    if not is_begun:
        return False
    return not (set(_steps(node, above)) & _WRITING) and not _sets_a_column(node, above, model)


def _steps(node: ast.AST, above: dict[ast.AST, ast.AST]) -> "Iterator[str]":
    """The names of what is done to it, along the chain."""
    at = above.get(node)
    while isinstance(at, (ast.Attribute, ast.Call, ast.Subscript)):
        if isinstance(at, ast.Attribute):
            yield at.attr
        at = above.get(at)


def _sets_a_column(node: ast.AST, above: dict[ast.AST, ast.AST], model: "Model") -> bool:
    """Whether the function that mentions it sets an attribute that a row of it has, of whatever object."""
    at: ast.AST | None = node
    while at is not None and not isinstance(at, Function):
        at = above.get(at)
    return at is not None and any(
        isinstance(one, ast.Attribute) and not isinstance(one.ctx, ast.Load) and one.attr in model.columns
        for one in ast.walk(at)
    )


def _is_annotation(node: ast.AST, above: dict[ast.AST, ast.AST]) -> bool:
    at: ast.AST = node
    while (holder := above.get(at)) is not None and isinstance(
        holder, (ast.expr, ast.arg, ast.AnnAssign, *_DEFS)
    ):
        if isinstance(holder, (ast.arg, ast.AnnAssign)) and holder.annotation is at:
            return True
        if isinstance(holder, Function):
            return holder.returns is at
        at = holder
    return False


_DEFS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)


def _whole(node: ast.AST, above: dict[ast.AST, ast.AST]) -> ast.AST:
    """The expression that a mention is part of."""
    while isinstance(holder := above.get(node), ast.expr):
        node = holder
    return node
