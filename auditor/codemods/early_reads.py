"""Whether an attribute gives the same, and does nothing else, where it is read before a loop in place of in it."""

import ast
from typing import TYPE_CHECKING

from auditor.codemods.column_kinds import column_of
from auditor.codemods.loading import hops
from auditor.codemods.loop_items import Unliftable, statement_of

if TYPE_CHECKING:
    from auditor.codemods.ways import Stage
    from auditor.index.values import Model
    from auditor.rules.scene import Scene


def check_row(model: "Model", attr: str, scene: "Scene", first: "Stage") -> None:
    """Raises where an attribute of a row can't be read before the loop."""
    steps = hops(scene, model, attr)
    if not steps:
        if column_of(model, attr) is not None:
            return
        raise Unliftable(f"`{attr}` is no column of {model.name}")
    relation = steps[0].relation
    local = next((one for one in model.columns.values() if relation.column in {one.name, one.column}), None)
    if not relation.many and (local is None or local.nullable):
        raise Unliftable(f"`{model.name}.{attr}` may be empty")
    if _is_lazy(model, attr, scene, first):
        raise Unliftable(f"`{model.name}.{attr}` is not loaded with the rows yet")


def _is_lazy(model: "Model", attr: str, scene: "Scene", first: "Stage") -> bool:
    start, end = first.node.lineno, first.node.end_lineno or first.node.lineno
    return any(
        effect.cause == "lazy-load"
        and effect.row is not None
        and effect.relation.rpartition(".")[2] == attr
        and effect.row.model is model
        and any(
            loop.site.module.path == first.path and start <= loop.site.line <= end for loop in effect.loops
        )
        for _, effect in scene.effects()
    )


def is_computed(attr: str, scene: "Scene") -> bool:
    """Whether any class of the project computes an attribute of this name."""
    return any(
        function.name in {attr, "__getattr__", "__getattribute__"} and function.owner is not None
        for module in scene.project.modules
        if module.role != "library"
        for function in module.functions
    )


def is_read_before(text: str, loop: ast.AST, first: "Stage") -> bool:
    """Whether the first function reads it on every way to the loop."""
    outer = statement_of(loop, first)
    for statement in first.node.body:
        if statement is outer or any(node is loop for node in ast.walk(statement)):
            return False
        if isinstance(statement, (ast.Assign, ast.Expr, ast.AnnAssign, ast.AugAssign)):
            quick = [node for node in ast.walk(statement) if isinstance(node, ast.Attribute)]
            if any(ast.unparse(node) == text for node in quick) and not any(
                isinstance(node, (ast.IfExp, ast.BoolOp, ast.Lambda, ast.comprehension))
                for node in ast.walk(statement)
            ):
                return True
    return False
