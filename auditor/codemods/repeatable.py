"""What a loop walks over, as an expression that can be walked over twice."""

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.codemods.loop_items import Unliftable, item_of
from auditor.codemods.places import free_name, names_bound
from auditor.codemods.turning import is_list, name_of_many, stands_for_lists
from auditor.index.values import Many, Query, Row, Sym, options

if TYPE_CHECKING:
    from auditor.codemods.ways import Stage
    from auditor.rules.scene import Scene

_NOT_HELD: Final = frozenset({"dynamic", "write_only", "raise", "raise_on_sql", "noload"})
"""Ways to load a relation that give a query, or nothing."""
_KINDS: Final = frozenset({"list", "tuple", "set", "dict", "frozenset"})


@dataclass(frozen=True, slots=True)
class Items:
    """The items of a loop, to be walked over twice."""

    rows: ast.expr
    bound: str = ""
    """The name that they have yet to be bound to; "" where they have one."""
    is_copied: bool = False
    """Bound as a list of their own: what they are is known by the trace, not by the text."""


def items_of(stage: "Stage", loop: ast.AST, scene: "Scene", /) -> Items:
    """The items of a loop under a name.

    Raises:
        Unliftable: they may be walked over only once.
    """
    assert isinstance(loop, (ast.For, ast.comprehension)), "loops are found as such"
    item, items = item_of(loop)
    if isinstance(items, ast.Name) and stands_for_lists(stage.node, items.id):
        return Items(items)
    is_made_here = isinstance(items, ast.Call) and is_list(items)
    plain = items.value if isinstance(items, ast.Await) else items
    is_readable = isinstance(plain, (ast.Name, ast.Attribute, ast.Call)) or _is_cut(items)
    if is_made_here or (is_readable and _is_known(stage, loop, scene)):
        taken = names_bound(stage.node) | _names(stage)
        name = name_of_many(item, taken)
        return Items(ast.Name(name, ast.Load()), name, not is_made_here)
    if isinstance(items, ast.Call) and _is_run_there(stage, loop, scene):
        taken = names_bound(stage.node) | _names(stage)
        name = free_name(f"all_{item}s", taken)
        return Items(ast.Name(name, ast.Load()), name, is_copied=True)
    raise Unliftable(f"`{ast.unparse(items)}` may be walked over only once")


def _is_cut(items: ast.expr) -> bool:
    """Whether it is a part of what has a name: of a list another list."""
    return (
        isinstance(items, ast.Subscript)
        and isinstance(items.slice, ast.Slice)
        and isinstance(items.value, ast.Name)
    )


def _is_run_there(stage: "Stage", loop: "ast.For | ast.comprehension", scene: "Scene") -> bool:
    """Whether the loop's header makes an SQLAlchemy query, and walking over it runs it."""
    values = [
        use.value
        for _, use in scene.uses()
        if use.how == "iterate" and use.site.module.path == stage.path and use.site.line == loop.iter.lineno
    ]
    return bool(values) and all(
        isinstance(value, Query) and value.orm == "sqlalchemy" and not value.streaming for value in values
    )


def _keeps_rows(query: Query) -> bool:
    """Whether walking over it twice runs it once: a queryset of Django, what a row of SQLAlchemy holds of a relation."""
    if query.orm == "django":
        return not query.streaming
    relation = (query.relation or "").rpartition(".")[2]
    known = query.owner.model.relations.get(relation) if isinstance(query.owner, Row) else None
    return known is not None and known.many and known.lazy not in _NOT_HELD


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
                    if isinstance(value, Sym):
                        continue  # as the function's own text has it; what is passed is seen elsewhere
                    is_kept = isinstance(value, Many) and not value.lazy and value.kind in _KINDS
                    is_kept = is_kept or (isinstance(value, Query) and _keeps_rows(value))
                    if not is_kept:
                        return False
                    seen = True
    return seen
