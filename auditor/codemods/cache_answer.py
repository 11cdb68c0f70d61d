"""Keeps an answer that is the same for everybody, and forgets it where what it is made of is written

## What it does
The answer is kept for a minute in the cache that the target has configured for all its workers, by path, parameters and a
version; behind the commit of each write that the trace knows the answer gets a new version, for every worker at once.

## What it never does
It acts with no cache of one process, since another worker can't be told of a write; on no answer that may depend on who
asks, on the clock, or on anything but path, parameters and tables; and on no table that code writes which can't be read, a
form saves, an admin page shows, or the deletion of another row empties.

## What it leaves to a person
What is written by hand, or by a script, is seen a minute later.
"""

import ast
import re
from typing import TYPE_CHECKING, Final

from auditor.codemods.answer_versions import KEPT_S, MODULE, text_for
from auditor.codemods.imports import add_import
from auditor.codemods.made_of import tables
from auditor.codemods.outcome import Declined, Written
from auditor.codemods.places import function_at
from auditor.codemods.shared_caches import shared_cache
from auditor.codemods.write_places import write_places

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.model.report import Finding

NAME: Final = "cache_answer"
RULES: Final = ("uncached-read",)
_ANSWER: Final = re.compile(r"the answer of `([^`]+)` is the same for everybody")


def propose(finding: "Finding", source: "Source") -> Written | Declined:
    """The endpoint's answer, kept."""
    scene = source.scene
    endpoint = answered(finding)
    entries = [] if scene is None else scene.trace.entries
    root = next((one for one in entries if one.entry is not None and one.entry.id == endpoint), None)
    if scene is None or root is None or root.entry is None:
        return Declined(NAME, "it is not a whole answer that is the same for everybody")
    entry, path = root.entry, root.function.module.path
    spans = source.spans(path)
    handler = None if spans is None else function_at(spans.tree, root.function.line)
    if spans is None or handler is None or entry.receiver is not None or handler not in spans.tree.body:
        return Declined(NAME, "the endpoint is no plain function of a module")
    if entry.method != "GET" or isinstance(handler, ast.AsyncFunctionDef):
        return Declined(NAME, "the endpoint does more than answer GET, or is asynchronous")
    cache = shared_cache(source, entry.framework)
    if isinstance(cache, str):
        return Declined(NAME, cache)
    made = tables(scene, root)
    if isinstance(made, str):
        return Declined(NAME, made)
    edits = {path: spans}
    places = write_places(made, source, edits, framework=entry.framework)
    if isinstance(places, str):
        return Declined(NAME, places)
    return _kept(finding, source, handler, edits, places=places, path=path, framework=entry.framework)


def answered(finding: "Finding", /) -> str:
    """The endpoint whose whole answer is the same for everybody, where the finding says so, beside other things or alone."""
    for text in (finding.title, *(one.text for one in finding.evidence)):
        if found := _ANSWER.search(text):
            return found[1]
    return ""


def _kept(
    finding: "Finding",
    source: "Source",
    handler: "Function",
    edits: "dict[str, Spans]",
    *,
    places: "dict[str, list[ast.stmt]]",
    path: str,
    framework: str,
) -> Written | Declined:
    """Decorates the handler, and has every place of a write give the answer a new version."""
    scene, cache = source.scene, shared_cache(source, framework)
    assert scene is not None
    assert not isinstance(cache, str), "looked at above"
    home = next(module for module in scene.project.modules if module.path == path)
    package = home.name if home.is_package else home.name.rpartition(".")[0]
    module = f"{package}.{MODULE}" if package else MODULE
    file = f"{path.rpartition('/')[0]}/{MODULE}.py".lstrip("/")
    if source.read(file) is not None:
        return Declined(NAME, f"{file} is there already")
    kept = add_import(edits[path], module, "kept")
    if kept is None:
        return Declined(NAME, "`kept` is the name of something else there")
    answer = handler.name
    edits[path].insert(
        edits[path].text.rfind("\n", 0, edits[path].span(handler)[0]) + 1, f'@{kept}("{answer}")\n'
    )
    for where, statements in sorted(places.items()):
        if not _forget(edits[where], statements, module, answer, framework=framework):
            return Declined(NAME, f"a name that is needed is taken in {where}")
    return Written(
        codemod=NAME,
        title=f"Keep the answer of `{answered(finding)}` until what it is made of is written",
        files={where: spans.result() for where, spans in edits.items()} | {file: text_for(framework, cache)},
        promises=("sql",),
        constant_rise=("cache",),
        verify=(
            "Write through one worker and read from another: the answer is fresh",
            f"What is written by hand, or by a script, is seen {KEPT_S} seconds later",
        ),
    )


def _forget(spans: "Spans", statements: list[ast.stmt], module: str, answer: str, *, framework: str) -> bool:
    on_commit = ""
    if framework == "django":
        transaction = add_import(spans, "django.db", "transaction")
        partial = add_import(spans, "functools", "partial")
        if transaction is None or partial is None:
            return False
        on_commit = f"{transaction}.on_commit({partial}("
    forget = add_import(spans, module, "forget")
    called = f'{on_commit}{forget}, "{answer}"))' if on_commit else f'{forget}("{answer}")'
    for statement in statements:
        end = spans.line_end(statement)
        lead = "" if spans.text[:end].endswith("\n") else "\n"
        spans.insert(end, f"{lead}{spans.indent(statement)}{called}\n")
    return forget is not None
