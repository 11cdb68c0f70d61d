"""Puts further conditions into a query, where it is built."""

import ast
from typing import TYPE_CHECKING

from auditor.codemods.places import free_name, name_given, names_bound, parents

if TYPE_CHECKING:
    from auditor.codemods.conditions import Pushed
    from auditor.codemods.fetches import Fetch
    from auditor.codemods.places import Function
    from auditor.codemods.spans import Spans


def narrow(spans: "Spans", function: "Function", fetch: "Fetch", pushed: "list[Pushed]", /) -> None:
    """Those that are always asked for go behind the query; for the others it gets a name and an `if` for each."""
    always = "".join(behind(spans, fetch.query, one.call) for one in pushed if not one.when)
    on_condition: dict[str, str] = {}
    for one in pushed:
        if one.when:
            on_condition[one.when] = on_condition.get(one.when, "") + one.call
    if not on_condition:
        spans.insert_after(fetch.query, always)
        return
    named = name_given(fetch.statement, fetch.query)
    name = named or _free_name(function, fetch)
    lines = [
        line
        for when, calls in on_condition.items()
        for line in (f"if {when}:", f"    {name} = {name}{calls}")
    ]
    if named:
        spans.insert_after(fetch.query, always)
        indent = spans.indent(fetch.statement)
        text = "".join(f"{indent}{line}\n" for line in lines)
        at = spans.line_end(fetch.statement)
        spans.insert(at, text if spans.text[:at].endswith("\n") else f"\n{text.rstrip()}")
        return
    text = spans.source(fetch.query) + always
    begun = f"{name} = (\n{spans.indent(fetch.statement)}    {text}\n{spans.indent(fetch.statement)})"
    first = f"{name} = {text}" if "\n" not in text else begun
    start = spans.line_start(fetch.statement)
    spans.insert(start, "".join(f"{line}\n" for line in _indented(spans, fetch, first, lines)))
    _use(spans, function, fetch, name)


def behind(spans: "Spans", query: ast.expr, call: str, /) -> str:
    """A call as it stands behind a query: on a line of its own where the last one does."""
    match query:
        case ast.Call(func=ast.Attribute(value=below, attr=name)):
            _, start = spans.span(below)
            gap = spans.text[start : spans.text.index(name, start)]
            before = gap.rpartition(".")[0]
            return f"{before}{call}" if "\n" in before and "#" not in before else call
        case _:
            return call


def _indented(spans: "Spans", fetch: "Fetch", first: str, lines: list[str]) -> list[str]:
    indent = spans.indent(fetch.statement)
    head, *rest = first.split("\n")
    return [f"{indent}{head}", *rest, *(f"{indent}{line}" for line in lines)]


def _free_name(function: "Function", fetch: "Fetch") -> str:
    taken = names_bound(function) | {one.id for one in ast.walk(function) if isinstance(one, ast.Name)}
    return free_name("statement" if fetch.style == "select" else "query", taken)


def _use(spans: "Spans", function: "Function", fetch: "Fetch", name: str) -> None:
    """The name in the query's place; a `.all()` that had a line of its own comes back to it."""
    above = parents(function)
    parent = above.get(fetch.query)
    call = None if parent is None else above.get(parent)
    whole = isinstance(parent, ast.Attribute) and isinstance(call, ast.Call) and call.func is parent
    if (
        whole
        and isinstance(call, ast.Call)
        and isinstance(parent, ast.Attribute)
        and not spans.comments(call)
    ):
        holder = above.get(call)
        start, end = spans.span(call)
        if isinstance(holder, ast.Assign) and holder.value is call and "\n" in spans.source(call):
            while spans.text[start - 1] in " \n(":
                start -= 1
            start += 1 if spans.text[start - 1] == "=" else 0
            end = spans.span(holder)[1]
            spans.replace_span(start, end, f"{name}.{parent.attr}()")
            return
    spans.replace(fetch.query, name)
