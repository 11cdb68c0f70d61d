"""`joinedload`, `selectinload` and what chains them, added to a SQLAlchemy query."""

import ast
import re
from typing import TYPE_CHECKING, Final

from auditor.codemods.imports import add_import, add_names, importable
from auditor.codemods.long_lines import indent_of
from auditor.codemods.versions import older
from auditor.model.text import listed

if TYPE_CHECKING:
    from auditor.codemods.loading import Hop
    from auditor.codemods.origins import Origin
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.index.values import Model, Query

_WIDE: Final = 99
"""Characters of a line."""
_EXPLICIT: Final = {"joined": "joinedload", "selectin": "selectinload", "subquery": "subqueryload"}


def load(
    spans: "Spans",
    origin: "Origin",
    ways: "list[tuple[Hop, ...]]",
    *,
    query: "Query",
    source: "Source",
) -> str:
    """Adds `.options(...)` behind the last building step, or to the one that is there; the reason where it can't."""
    if query.grouped:
        return "the query groups its rows"
    step = origin.chain.named("options")
    named = "" if step is None or step.call is None else " ".join(ast.unparse(a) for a in step.call.args)
    ways = [way for way in ways if not re.search(rf"\.{way[-1].relation.name}\b", named)]
    if not ways:
        return "the query's options name it already"
    longest = [way for way in ways if not any(way != other and covers(other, way) for other in ways)]
    options: list[str] = []
    used: set[str] = set()
    for way in longest:
        made = option(spans, origin, way, query=query, source=source, used=used)
        if made.startswith("!"):
            return made[1:]
        options.append(made)
    names = sorted(used)
    if add_names(spans, "sqlalchemy.orm", names) != names:
        return f"{listed([f'`{name}`' for name in names])} can't be imported here under that name"
    if step is not None and step.call is not None and step.call.args:
        spans.insert_after(step.call.args[-1], "".join(f", {one}" for one in options))
        return ""
    added = f".options({', '.join(options)})"
    if indent_of(spans, origin.at.node):
        added = f"\n{indent_of(spans, origin.at.node)}" + added
    spans.insert_after(origin.at.node, added)
    return ""


def load_got(
    spans: "Spans",
    origin: "Origin",
    ways: "list[tuple[Hop, ...]]",
    *,
    query: "Query",
    source: "Source",
) -> str:
    """Adds `options=[...]` to `session.get(Model, key)`; the reason where it can't.

    One relation to many is joined too: it is one row that it repeats.
    """
    call = origin.at.call
    assert call is not None
    if (
        older(source, "sqlalchemy", (1, 4))
        or len(call.args) != 2
        or any(k.arg == "options" for k in call.keywords)
    ):
        return "its options can't be added"
    longest = [way for way in ways if not any(way != other and covers(other, way) for other in ways)]
    if sum(any(hop.relation.many for hop in way) for way in longest) > 1:
        longest = [way for way in longest if not any(hop.relation.many for hop in way)]
    options: list[str] = []
    used: set[str] = set()
    for way in longest:
        made = option(spans, origin, way, query=query, source=source, used=used)
        if made.startswith("!"):
            return made[1:]
        options.append(made.replace("selectinload(", "joinedload(").replace("subqueryload(", "joinedload("))
    if add_names(spans, "sqlalchemy.orm", ["joinedload"]) != ["joinedload"]:
        return "`joinedload` can't be imported here under that name"
    spans.insert_after(
        call.keywords[-1].value if call.keywords else call.args[-1], _options(spans, call, options)
    )
    return ""


def _options(spans: "Spans", call: "ast.Call", options: list[str]) -> str:
    """`, options=[…]`, a line for each where one would be too long."""
    line = spans.lines[(call.end_lineno or call.lineno) - 1]
    short = f", options=[{', '.join(options)}]"
    if len(line) + len(short) <= _WIDE:
        return short
    indent = line[: len(line) - len(line.lstrip())]
    listed_ones = "".join(f"{indent}    {one},\n" for one in options)
    return f", options=[\n{listed_ones}{indent}]"


def covers(long: "tuple[Hop, ...]", short: "tuple[Hop, ...]") -> bool:
    return [h.relation.name for h in long[: len(short)]] == [h.relation.name for h in short]


def option(
    spans: "Spans",
    origin: "Origin",
    way: "tuple[Hop, ...]",
    *,
    query: "Query",
    source: "Source",
    used: set[str],
) -> str:
    """`joinedload(Space.location).joinedload(Location.city)`; a reason, behind `!`, where it can't be written."""
    parts: list[str] = []
    names: list[str] = []
    for n, hop in enumerate(way):
        owner = (
            origin.entity if n == 0 and origin.entity else class_name(spans, hop.holder, query.model, source)
        )
        if not owner:
            return f"!`{hop.holder.cls.name}` is not imported where the query is"
        names.append(hop.relation.name)
        strategy = strategy_of(".".join(names), hop, query=query, source=source)
        used.add(strategy)
        parts.append(f"{strategy}({owner}.{hop.relation.name})")
    return ".".join(parts)


def strategy_of(path: str, hop: "Hop", *, query: "Query", source: "Source") -> str:
    """The one that an option names already; else by how many rows the relation leads to."""
    for _, known, strategy in query.strategies:
        if known == path and strategy in _EXPLICIT:
            return _EXPLICIT[strategy]
    if path in query.loaded:
        return "defaultload"
    if hop.relation.many or query.distinct:
        return "subqueryload" if older(source, "sqlalchemy", (1, 2)) else "selectinload"
    return "joinedload"


def class_name(spans: "Spans", wanted: "Model", model: "Model", source: "Source") -> str:
    """How a model's class goes by in this module, imported where its neighbour is; "" where that can't be told."""
    name = wanted.cls.name
    for node in spans.tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name and wanted.cls.module is model.cls.module:
            return name
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if alias.name == name:
                    return alias.asname or name
    for node in spans.tree.body:
        if not isinstance(node, ast.ImportFrom) or node.level or node.module is None:
            continue
        is_neighbour = any(alias.name == model.cls.name for alias in node.names)
        if is_neighbour and importable(source, node.module, name):
            return add_import(spans, node.module, name) or ""
    return ""
