"""What a loop walks over, as an expression that can be walked over twice."""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods.lifting import Unliftable
from auditor.codemods.places import free_name, names_bound
from auditor.codemods.single_names import assignment
from auditor.codemods.turning import is_list
from auditor.index.values import Many, Query, options

if TYPE_CHECKING:
    from auditor.codemods.ways import Stage
    from auditor.rules.scene import Scene

_KINDS: Final = frozenset({"list", "tuple", "set", "dict", "frozenset"})


def items_of(stage: "Stage", loop: ast.AST, scene: "Scene", /) -> tuple[ast.expr, str]:
    """The items of a loop under a name, and the name if the items have yet to be bound to it.

    Raises:
        Unliftable: they may be walked over only once.
    """
    assert isinstance(loop, (ast.For, ast.comprehension)), "loops are found as such"
    items = loop.iter
    if not isinstance(loop.target, ast.Name):
        raise Unliftable("the loop's items have no name of their own")
    if isinstance(items, ast.Name):
        bound = assignment(stage.node, items.id)
        if (bound is not None and is_list(bound.value)) or _is_known(stage, loop, scene):
            return items, ""
        raise Unliftable(f"`{items.id}` may be walked over only once")
    if isinstance(items, ast.Call) and is_list(items):
        name = free_name(f"{loop.target.id}s", names_bound(stage.node) | _names(stage))
        return ast.Name(name, ast.Load()), name
    raise Unliftable(f"`{ast.unparse(items)}` may be walked over only once")


def _names(stage: "Stage") -> frozenset[str]:
    return frozenset(one.id for one in ast.walk(stage.spans.tree) if isinstance(one, ast.Name))


def _is_known(stage: "Stage", loop: "ast.For | ast.comprehension", scene: "Scene") -> bool:
    """Whether the trace saw only collections, or querysets that keep their rows, in the loop's place."""
    seen = False
    for scope in scene.scopes:
        for effect in scope.effects:
            for one in effect.loops:
                if (
                    one.site.module.path != stage.path
                    or one.site.line != loop.iter.lineno
                    or one.over is None
                ):
                    continue
                for value in options(one.over):
                    is_kept = isinstance(value, Many) and not value.lazy and value.kind in _KINDS
                    is_kept = is_kept or (
                        isinstance(value, Query) and value.orm == "django" and not value.streaming
                    )
                    if not is_kept:
                        return False
                    seen = True
    return seen
