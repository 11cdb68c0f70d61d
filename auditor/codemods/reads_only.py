"""Whether a loop, with everything it calls, leaves the database as it is."""

import ast
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.codemods.source import Source
    from auditor.codemods.ways import Stage
    from auditor.index.symbols import Function as Known
    from auditor.rules.scene import Scene

_WRITING: Final = frozenset(
    "add_all delete flush commit rollback merge save create expire expire_all expunge expunge_all refresh bulk_create "
    "bulk_update bulk_save_objects bulk_insert_mappings bulk_update_mappings get_or_create update_or_create "
    "refresh_from_db begin begin_nested asave adelete acreate aupdate abulk_create abulk_update aget_or_create "
    "aupdate_or_create arefresh_from_db".split()
)
_AMBIGUOUS: Final = frozenset({"add", "update", "set", "remove", "clear"})
"""What sets and dictionaries have too."""
_STORES: Final = (
    "session",
    "db",
    "conn",
    "connection",
    "objects",
    "query",
    "_set",
    "manager",
    "tx",
    "transaction",
)
"""Ends of names of what writes to a database."""
_QUERYING: Final = frozenset({"filter", "filter_by", "exclude", "all", "where", "query", "get_queryset"})
_COLLECTING: Final = frozenset(
    "set dict list Counter defaultdict OrderedDict deque frozenset bytearray".split()
)
_BELOW: Final = 400


def write_in(loop: ast.AST, stage: "Stage", source: "Source", /) -> str:
    """What in the loop, or below it, may change what a query finds; "" for nothing."""
    scene = source.scene
    assert scene is not None, "asked with a trace only"
    first, last = loop.lineno, loop.end_lineno  # type: ignore[attr-defined]  # statements and comprehensions have lines
    for _, effect in scene.effects():
        around = any(
            one.site.module.path == stage.path and first <= one.site.line <= last for one in effect.loops
        )
        if around and (
            (effect.kind == "sql" and effect.operation == "write")
            or effect.kind in {"transaction", "session"}
        ):
            return effect.label
    columns = scene.once(column_names)
    written = _written(loop, stage.node, columns)
    if written:
        return written
    called = list(below(scene, stage.path, first, last))
    if len(called) >= _BELOW:
        return f"what {len(called)} functions do"
    for known in called:
        spans = source.spans(known.module.path)
        if known.module.role == "library":
            continue
        found = None if spans is None else _defined(spans.tree, known)
        if found is None:
            return f"{known.name}(…)"
        if written := _written(found, found, columns):
            return written
    return ""


def below(scene: "Scene", path: str, first: int, last: int, /) -> "Iterator[Known]":
    """The functions that lines of a file lead to, each once."""
    queue: list[Known] = [
        call.callee
        for scope in scene.scopes
        for call in scope.calls
        if call.site.module.path == path and first <= call.site.line <= last
    ]
    seen: set[int] = set()
    while queue and len(seen) < _BELOW:
        known = queue.pop(0)
        if id(known) in seen:
            continue
        seen.add(id(known))
        yield known
        summary = scene.trace.machine.summaries.get(id(known))
        queue += [] if summary is None else [call.callee for call in summary.calls]


def _defined(tree: ast.AST, known: "Known") -> ast.AST | None:
    """The definition of a function, nested ones too."""
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == known.name
    ]
    return min(found, key=lambda node: abs(node.lineno - known.line), default=None)


def column_names(scene: "Scene", /) -> frozenset[str]:
    """Names of the columns and relations of every model of the project."""
    found: set[str] = set()
    for module in scene.project.modules:
        if module.role == "library":
            continue
        for cls in module.classes:
            for orm in scene.trace.machine.orms:
                model = orm.model(cls)
                if model is not None:
                    found |= model.columns.keys() | model.relations.keys()
                    found |= {column.column for column in model.columns.values()}
    return frozenset(found)


def _written(tree: ast.AST, function: ast.AST, columns: frozenset[str]) -> str:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and not isinstance(node.ctx, ast.Load)
            and (node.attr in columns or not _is_made_here(node.value, function))
        ):
            return ast.unparse(node)
        match node:
            case ast.Call(func=ast.Attribute(value=receiver, attr=attr)):
                is_sure = attr in _WRITING and not _is_collection(receiver, function, frozenset())
                if is_sure or (attr in _AMBIGUOUS and _is_store(receiver, columns)):
                    return ast.unparse(node.func)
            case ast.Call(func=ast.Name(id="setattr")):
                return "setattr"
            case _:
                pass
    return ""


def _is_made_here(node: ast.expr, function: ast.AST) -> bool:
    """Whether an attribute is set on `self`, or on an object that the function made itself: on no row it was given."""
    if not isinstance(node, ast.Name):
        return False
    if node.id in {"self", "cls"}:
        return True
    bound = [
        one.value
        for one in ast.walk(function)
        if isinstance(one, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == node.id for target in one.targets)
    ]
    return bool(bound) and all(
        isinstance(one, ast.Call) and ast.unparse(one.func).rpartition(".")[2][:1].isupper() for one in bound
    )


def _is_store(node: ast.expr, columns: frozenset[str]) -> bool:
    """Whether it is a session, a manager, a query or the rows of a relation, going by its name."""
    match node:
        case ast.Name(id=name):
            return name.lower().endswith(_STORES)
        case ast.Attribute(attr=name):
            return name.lower().endswith(_STORES) or name in columns
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in _QUERYING
        case ast.Call(func=ast.Name(id=name)):
            return name.lower().endswith(_STORES)
        case _:
            return False


def _is_collection(node: ast.expr, function: ast.AST, seen: frozenset[str]) -> bool:
    """Whether what a method is called on is a set, list or dictionary that the function made itself."""
    match node:
        case ast.Set() | ast.List() | ast.Dict() | ast.SetComp() | ast.ListComp() | ast.DictComp():
            return True
        case ast.Call(func=ast.Name(id=name)):
            return name in _COLLECTING
        case ast.Call(func=ast.Attribute(value=owner, attr="setdefault" | "copy")):
            return _is_collection(owner, function, seen)
        case ast.Subscript(value=owner):
            return _is_collection(owner, function, seen)
        case ast.Name(id=name) if name not in seen:
            bound = [
                one.value
                for one in ast.walk(function)
                if isinstance(one, (ast.Assign, ast.AnnAssign))
                and any(
                    isinstance(target, ast.Name) and target.id == name
                    for target in (one.targets if isinstance(one, ast.Assign) else [one.target])
                )
            ]
            return bool(bound) and all(
                one is not None and _is_collection(one, function, seen | {name}) for one in bound
            )
        case _:
            return False
