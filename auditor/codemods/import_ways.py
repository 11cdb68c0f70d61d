"""Whether, and under which name, the module of a loop may import the module of a query that its calls lead to."""

import ast
from itertools import pairwise
from typing import TYPE_CHECKING

from auditor.codemods.chains import chain

if TYPE_CHECKING:
    from auditor.codemods.ways import Stage


def is_reached(stages: "tuple[Stage, ...]", /) -> bool:
    """Whether each stage's module imports the next one's at its top, so that the first may import the last."""
    for stage, following in pairwise(stages):
        if stage.path == following.path:
            continue
        if _imports(stage, following.known.module.name):
            continue
        assert stage.call is not None, "only the last calls nothing"
        name = chain(stage.call.func).root if isinstance(stage.call.func, ast.Attribute) else stage.call.func
        bound = {
            (alias.asname or alias.name).partition(".")[0]
            for node in stage.spans.tree.body
            if isinstance(node, (ast.Import, ast.ImportFrom))
            for alias in node.names
        }
        if not isinstance(name, ast.Name) or name.id not in bound:
            return False
    return True


def _imports(stage: "Stage", module: str) -> bool:
    """Whether a stage's module takes something out of another one at its top: the row whose method is called, say."""
    return any(
        isinstance(node, ast.ImportFrom) and not node.level and node.module == module
        for node in stage.spans.tree.body
    )


def dotted_name(stages: "tuple[Stage, ...]", name: str, /) -> str | None:
    """A module's name as imports spell it; None where it is imported relatively only."""
    for stage in stages:
        for node in stage.spans.tree.body:
            if isinstance(node, ast.ImportFrom) and not node.level and node.module is not None:
                for alias in node.names:
                    if name in {node.module, f"{node.module}.{alias.name}"}:
                        return name
    top = name.partition(".")[0]
    for node in stages[0].spans.tree.body:
        if (
            isinstance(node, ast.ImportFrom)
            and not node.level
            and (node.module or "").partition(".")[0] == top
        ):
            return name
    return None
