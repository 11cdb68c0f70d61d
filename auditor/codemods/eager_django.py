"""`select_related` and `prefetch_related`, added to a Django query."""

import ast
from typing import TYPE_CHECKING

from auditor.codemods.long_lines import append, for_actions

if TYPE_CHECKING:
    from auditor.codemods.loading import Hop
    from auditor.codemods.origins import Origin
    from auditor.codemods.spans import Spans


def load(
    spans: "Spans",
    origin: "Origin",
    ways: "list[tuple[Hop, ...]]",
    *,
    distinct: bool,
    actions: tuple[str, ...] = (),
) -> str:
    """Adds what loads these paths behind the last building step; the reason where it can't.

    A DISTINCT would compare the columns of a join too, which not every type of column allows. `actions`: the only
    actions of a view set that read them, in whose method the query is.
    """
    paths = {"__".join(h.relation.name for h in way): is_joined(way) and not distinct for way in ways}
    joined = sorted(path for path, is_join in paths.items() if is_join)
    fetched = sorted(path for path, is_join in paths.items() if not is_join)
    added: list[tuple[str, list[str]]] = []
    for method, names in (("select_related", longest(joined)), ("prefetch_related", longest(fetched))):
        if not names:
            continue
        step = origin.chain.named(method)
        if step is None or step.call is None:
            added.append((method, names))
            continue
        reason = extend(spans, step.call, method, names)
        if reason:
            return reason
    if added and not (actions and for_actions(spans, origin.at.node, added, actions)):
        append(spans, origin.at.node, added)
    return ""


def is_joined(way: "tuple[Hop, ...]") -> bool:
    """Whether every step leads to one row of a known table, so that a join fetches it."""
    return all(not h.relation.many and h.relation.kind != "generic-fk" and h.target is not None for h in way)


def longest(names: list[str]) -> list[str]:
    """Without those that a longer path loads on its way."""
    return [name for name in names if not any(other.startswith(f"{name}__") for other in names)]


def extend(spans: "Spans", call: ast.Call, method: str, names: list[str]) -> str:
    """Names more relations in a call that is there."""
    if not call.args or call.keywords:
        return f"`{method}()` without names follows relations of its own choice"
    known = set()
    for argument in call.args:
        if isinstance(argument, ast.Starred) or (
            isinstance(argument, ast.Constant) and argument.value is None
        ):
            return f"what `{method}` names is not plain to see"
        if isinstance(argument, ast.Constant):
            known.add(argument.value)
    more = [name for name in names if name not in known]
    if more:
        spans.insert_after(call.args[-1], "".join(f", {quoted(name)}" for name in more))
    return ""


def quoted(name: str) -> str:
    return f'"{name}"'
