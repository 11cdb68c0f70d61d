"""Whether the database knows of a row, when it is asked, what Python would read of it."""

from typing import TYPE_CHECKING, Final

from auditor.codemods.attribute_stores import attribute_stores
from auditor.codemods.session_sharing import below, call_sites
from auditor.index import ir
from auditor.rules import turns

if TYPE_CHECKING:
    import ast

    from auditor.codemods.source import Source
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
    return unflushed(known, model, source)


def unflushed(known: "Known", model: "Model", source: "Source", /) -> str:
    """What a session may hold that its queries don't see, where it does not flush before them; "" for nothing."""
    scene = source.scene
    assert scene is not None
    if model.orm != "sqlalchemy":
        return ""
    for module in scene.project.modules:
        text = source.read(module.path) if module.role not in {"library", "test"} else None
        if text is None or ("autoflush=False" not in text and "no_autoflush" not in text):
            continue
        for one in _with_callers(known, scene):
            if pending := _pending(one, scene):
                return f"sessions don't flush before a query ({module.path}), and `{pending}` may be pending"
    return ""


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
