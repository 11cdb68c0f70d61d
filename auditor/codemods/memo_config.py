"""Keeps what a table of settings says for some minutes, where no code of the application writes it

## What it does
A function that reads such a table with the session it is given, and makes plain values of the rows, keeps them for five
minutes by the process's clock, for each database of its own. So does a single statement of that kind, in a function of
its own. Who asks gets a copy.

## What it never does
It keeps no rows of a session, nothing that depends on a request, and nothing of a table that some code writes, an admin
page shows or a form saves. Nothing runs at import: a worker that forks boots as before.

## What it leaves to a person
Whether the table may be changed by hand: such a change is seen five minutes later, by each worker for itself.
"""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods.constant_tables import written_by
from auditor.codemods.kept_values import Kept, kept_function, kept_statement
from auditor.codemods.outcome import Declined, Written
from auditor.codemods.places import function_at, statement_at
from auditor.index import ir
from auditor.rules import turns
from auditor.trace.semantics import imports

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.index.values import Query
    from auditor.model.report import Finding

NAME: Final = "memo_config"
RULES: Final = ("uncached-config", "uncached-read")
_TENANTS: Final = ("django_tenants", "tenant_schemas", "django_multitenant")


def propose(finding: "Finding", source: "Source") -> Written | Declined:
    """The finding's read, made once in five minutes."""
    spans = source.spans(finding.file)
    function = None if spans is None else function_at(spans.tree, finding.line)
    if spans is None or function is None or source.scene is None:
        return Declined(NAME, "the read and what is known of it are not at hand")
    queries = queries_of(finding, source)
    if len(queries) != 1:
        return Declined(NAME, "it is not the read of one table, in one place")
    query = queries[0]
    if is_kept(source, finding.file, function):
        return Declined(NAME, "it is kept already")
    if any(imports(source.scene.project, one) for one in _TENANTS):
        return Declined(NAME, "each tenant has tables of its own")
    if found := written_by(query.model, source):
        return Declined(NAME, f"{query.model.name} rows may be written by {found}")
    kept = kept_function(spans, function, query, source=source, path=finding.file)
    if not isinstance(kept, Kept):
        statement = statement_at(function, finding.line, finding.end_line)
        other = kept_statement(spans, function, statement, query, source=source)
        if not isinstance(other, Kept):
            return Declined(NAME, f"{kept}; {other}")
        kept = other
    return Written(
        codemod=NAME,
        title=f"Keep what is read of {query.model.name} for five minutes",
        files={finding.file: spans.result()},
        promises=("sql",),
        verify=(
            f"A change of {query.model.table} by hand, or by a script, is seen five minutes later",
            "Tests that write the table drop what is kept before",
        ),
    )


def queries_of(finding: "Finding", source: "Source", /) -> "list[Query]":
    """What the finding's lines ask the database, each place once."""
    scene = source.scene
    assert scene is not None, "asked with a trace only"
    found: dict[tuple[str, int], Query] = {}
    for _, effect in scene.effects():
        query = effect.query
        if effect.kind != "sql" or query is None or query.site.module.path != finding.file:
            continue
        if finding.line <= query.site.line <= finding.end_line and query.model.name == finding.subject:
            found.setdefault((query.model.key, query.site.line), query)
    return list(found.values())


def is_kept(source: "Source", path: str, function: "Function", /) -> bool:
    """Whether the function, or each that calls it, looks at the clock of the process."""
    scene = source.scene
    assert scene is not None, "asked with a trace only"
    if any(isinstance(node, ast.Attribute) and node.attr == "monotonic" for node in ast.walk(function)):
        return True
    callers = {
        id(call.site.function): call.site.function
        for scope in scene.scopes
        for call in scope.calls
        if call.callee.module.path == path and call.callee.name == function.name
    }
    return bool(callers) and all(
        one is not None and any(n[0] == ir.ATTR and n[3] == "monotonic" for n in turns.nodes(one.body))
        for one in callers.values()
    )
