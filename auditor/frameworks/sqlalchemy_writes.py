"""Writing through a session.

Adding rows costs one INSERT for each `add` in the source, whatever loops it is in: a flush sends the rows of
a table together. Where the flush or the commit is in the loop, that is what is counted once per turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from auditor.frameworks import sqlalchemy_results as results
from auditor.frameworks.sqlalchemy_options import flattened
from auditor.frameworks.sqlalchemy_text import positional, source
from auditor.frameworks.sqlalchemy_values import ANYTHING, Call
from auditor.index.values import UNKNOWN, Const, ModelValue, Query, Row, Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.frameworks.orm import Recorder
    from auditor.frameworks.sqlalchemy_models import Registry
    from auditor.index.ir import Node
    from auditor.index.values import Model

_CHANGED: Final = "(changed)"
"""Among what was touched of a row: where one of its columns was set."""
WRITES: Final = frozenset({"add", "add_all", "delete", "refresh", "merge", "commit", "flush"})


def write(m: Recorder, name: str, call: Call) -> Value | None:
    """`session.add(row)` and its relatives; None for a method that does not write."""
    if name == "commit":
        committed(m, call.node)
        return UNKNOWN
    if name == "flush":
        if m.current_loops():
            m.effect("sql", "FLUSH", "write", cause="write", node=call.node)
        return UNKNOWN
    rows = list(flattened([call.args[0]] if call.args else list(call.kwargs.values())[:1]))
    if name in {"add", "add_all", "delete"}:
        verb = "DELETE" if name == "delete" else "INSERT"
        for model, is_new in _models(rows):
            if is_new or verb == "DELETE":
                _written(m, verb, model, call.node, loops=())
        return UNKNOWN
    if name.startswith("bulk_"):
        first = next((model for model, _ in _models(rows)), ANYTHING)
        _written(m, "UPDATE" if "update" in name else "INSERT", first, call.node, loops=None)
        return UNKNOWN
    return _read_again(m, name, rows, call.node) if name in {"refresh", "merge"} else None


def changed(m: Recorder, registry: Registry, row: Row, name: str) -> None:
    """A column of a fetched row is set: the flush before the next query or commit updates it, once a row.

    Counted once for each place that sets one first, whatever loops it is in, like what is added.
    """
    if m.quiet or row.fresh or (row.origin is None and row.path == ""):
        return
    mapped = registry.of(row.model)
    if mapped is None or (name and name not in row.model.columns and name not in row.model.relations):
        return
    context: Any = getattr(m, "cx", None)
    branch = () if context is None else tuple(context.branch)
    before = row.touched.get(_CHANGED)
    if isinstance(before, Const) and branch[: len(before.value)] == before.value:
        return
    row.touched[_CHANGED] = Const(branch)
    query = Query("sqlalchemy", row.model, m.site(), text=f"flush({row.model.name})", kind="update")
    m.effect("sql", results.label(query), "write", cause="flush", query=query, row=row, loops=())
    registry.events.of_row(m, "update", row, None)


def committed(m: Recorder, node: Node | None) -> None:
    """A transaction ends with a commit here."""
    m.effect("transaction", "COMMIT", "write", cause="commit", node=node)


def _read_again(m: Recorder, name: str, rows: Sequence[Value], node: Node | None) -> Value:
    """`refresh` and `merge` select the row by its key."""
    row = next((r for r in rows if isinstance(r, Row)), None)
    if name == "merge" and row is not None and row.origin is not None and not row.fresh:
        return row  # one that the session gave, it has
    model = ANYTHING if row is None else row.model
    given = positional(node)
    text = f"{name}({source(given[0]) if given else ''})"
    query = Query("sqlalchemy", model, m.site(), bound=1, limited=True, text=text, kind="query")
    m.effect("sql", f"SELECT {model.name or '(unknown)'} ({name})", "read", query=query, node=node)
    return UNKNOWN if row is None else row


def _models(rows: Sequence[Value]) -> list[tuple[Model, bool]]:
    """(model, whether it was made in Python) of each value, each model once."""
    found: dict[str, tuple[Model, bool]] = {}
    for value in rows:
        if isinstance(value, Row):
            found.setdefault(value.model.key, (value.model, value.fresh))
        elif isinstance(value, ModelValue):
            found.setdefault(value.model.key, (value.model, True))
    return list(found.values())


def _written(
    m: Recorder, verb: str, model: Model, node: Node | None, *, loops: tuple[object, ...] | None
) -> None:
    kind = {"INSERT": "insert", "UPDATE": "update", "DELETE": "delete"}[verb]
    query = Query("sqlalchemy", model, m.site(), text=f"{kind}({model.name})", kind=kind)
    m.effect("sql", results.label(query), "write", cause="write", query=query, node=node, loops=loops)
