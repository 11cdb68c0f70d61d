"""Whether the database knows of a row, when it is asked, what Python would read of it."""

from typing import TYPE_CHECKING, Final

from auditor.codemods.attribute_stores import attribute_stores, targets_of
from auditor.codemods.session_sharing import below, call_sites
from auditor.index import ir
from auditor.rules import turns

if TYPE_CHECKING:
    import ast

    from auditor.codemods.source import Source
    from auditor.index.ir import Node
    from auditor.index.symbols import Function as Known
    from auditor.index.values import Model
    from auditor.rules.scene import Scene

_CALLERS: Final = 4
"""Calls up to which a session's other users are looked for."""
_PENDING: Final = frozenset({"add", "add_all", "merge", "delete"})


def disturbed(
    known: "Known",
    model: "Model",
    columns: frozenset[str],
    source: "Source",
    /,
    *,
    between: "tuple[ast.stmt, ast.stmt]",
) -> str:
    """What may give a row another value than the database has between fetching and looking at it; "" for nothing."""
    scene = source.scene
    assert scene is not None
    if attribute := stores(known, columns, scene):
        return f"`{attribute}` is set, which a row at hand would have and the database may not"
    fetched, looked = between
    last = looked.end_lineno or looked.lineno
    for effect in scene.doings.at(known, fetched.lineno, last, "sql"):
        if effect.operation == "write" and model.name in effect.label.split() and "UPDATE" in effect.label:
            return f"rows are changed on the way (`{effect.label}`)"
    if fetched is not looked and looked.lineno > (fetched.end_lineno or fetched.lineno) + 1:
        for effect in scene.doings.at(
            known, (fetched.end_lineno or fetched.lineno) + 1, looked.lineno - 1, "sql", "transaction"
        ):
            if effect.operation == "write" or effect.kind == "transaction":
                return f"something is written between the query and its condition (`{effect.label}`)"
    return unflushed(known, model, scene)


def unflushed(known: "Known", model: "Model", scene: "Scene", /) -> str:
    """What a session may hold that its queries don't see, where it does not flush before them; "" for nothing."""
    if model.orm != "sqlalchemy":
        return ""
    where = scene.once(_unflushing)
    for one in _with_callers(known, scene) if where else ():
        if pending := _pending(one, scene):
            return f"sessions don't flush before a query ({where}), and `{pending}` may be pending"
    return ""


def _unflushing(scene: "Scene") -> str:
    """The first file that speaks of sessions which may not flush before they ask; "" for none."""
    for module in scene.project.modules:
        is_read = module.role not in {"library", "test"}
        if is_read and any(_turns_off(node) for node in turns.nodes(module.body)):
            return module.path
    return ""


def _turns_off(node: "Node") -> bool:
    """`autoflush=False`, `{"autoflush": False}`, `session.autoflush = …`, `session.no_autoflush`."""
    match node:
        case (ir.CALL, _, _, _, words):
            given = [value for name, value in words if name == "autoflush"]
        case (ir.DICT, _, pairs, _):
            given = [value for key, value in pairs if key is not None and key[2:] == ("autoflush",)]
        case (ir.ATTR, _, _, "no_autoflush"):
            return True
        case _:
            return any(target[0] == ir.ATTR and target[3] == "autoflush" for target in targets_of(node))
    return any(value[2:] != (True,) for value in given)


def _with_callers(known: "Known", scene: "Scene") -> "list[Known]":
    found = {id(known): known}
    queue = [known]
    for _ in range(_CALLERS):
        above = [site.function for one in queue for site in call_sites(one, scene)]
        queue = [one for one in above if one is not None and id(one) not in found]
        found |= {id(one): one for one in queue}
    return list(found.values())


def _pending(known: "Known", scene: "Scene") -> str:
    """What a function, or anything below it, may leave to a session to write later."""
    for one in below(known, scene):
        for node in turns.nodes(one.body) if one.module.role != "library" else ():
            if node[0] == ir.CALL and turns.name_of(node[2]) in _PENDING:
                return turns.name_of(node[2])
        for text, _ in attribute_stores(one, scene) if one.module.role != "library" else ():
            return text
    return ""


def stores(known: "Known", columns: frozenset[str], scene: "Scene", /) -> str:
    """A store to an attribute of these names in a function or below it, on whatever object; "" if there is none."""
    for one in below(known, scene):
        if one.module.role == "library":
            continue
        for text, name in attribute_stores(one, scene):
            if name in columns or not name:
                return text
    return ""
