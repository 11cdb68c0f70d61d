"""Asks for several single rows with one statement

## What it does
Lookups of one row each (`session.get`, `.first()`, `.one()` by the primary key), in one function or in helpers that do
nothing but look rows up in the session given and say something about them, become one SELECT: every row is joined, from
the left, to a row that is always there, so that each is found or None, as before. What a helper said about its rows is
said in its place.

## What it never does
It acts only where nothing is written, what every lookup rests on is known before the first, at most one row can come of
each, and a row that is "some row" is only asked whether it is there.

## What it leaves to a person
Whether the helper's question is better asked here than in the helper, and requests that used to end after the first lookup.
"""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods.lookups import lookup_of
from auditor.codemods.outcome import Declined, Written
from auditor.codemods.places import block_of, statement_at
from auditor.codemods.round_trip_plan import line_of, plan_of
from auditor.codemods.round_trip_text import write
from auditor.codemods.session_sharing import managed, writes
from auditor.codemods.single_names import bindings
from auditor.codemods.standing import standing
from auditor.codemods.versions import older
from auditor.rules import session_sprawl

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.index.symbols import Function as Known
    from auditor.model.report import Finding
    from auditor.rules.scene import Scene

NAME: Final = "one_round_trip"
RULES: Final = ("serial-lookups",)
_LEAST: Final = 3


def propose(finding: "Finding", source: "Source") -> Written | Declined:
    """The function of the finding, with one statement for its lookups."""
    at = standing(finding, source)
    if at is None:
        return Declined(NAME, "the function and what is known of it are not at hand")
    spans, function, known = at.spans, at.function, at.known
    if isinstance(function, ast.AsyncFunctionDef) or older(source, "sqlalchemy", (1, 4)):
        return Declined(NAME, "lookups that are awaited, or of an old SQLAlchemy, are left alone")
    if writing := writes(known, at.scene):
        return Declined(NAME, f"something is written (`{writing}`), which a lookup made before would not see")
    if reason := _odd(known, at.scene) or _other_queries(source):
        return Declined(NAME, reason)
    first = statement_at(function, finding.line)
    session = _session(function, first, source)
    if first is None or not session:
        return Declined(NAME, "the first lookup is not plain to see")
    if how := managed(function, session):
        return Declined(NAME, f"the session is used for more than asking (`{how}`)")
    if any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in ast.walk(function)):
        return Declined(NAME, "part of it may run later")
    block = block_of(function, first)
    plan = plan_of(function, block[block.index(first) :], session, source, finding.file)
    if len(plan.rows) < _LEAST or len(plan.statements) + len(plan.answers) < _LEAST:
        return Declined(NAME, "too few lookups could be made beforehand")
    reason = write(plan, function, first, session, path=finding.file, spans=spans, source=source)
    if reason:
        return Declined(NAME, reason)
    return Written(
        codemod=NAME,
        title=f"Look {len(plan.rows)} single rows up with one statement",
        files={finding.file: spans.result()},
        promises=("sql",),
        verify=("Requests that used to end after the first lookup",),
    )


def _odd(known: "Known", scene: "Scene") -> str:
    """The helper that a function calls, and that opens a session of its own although this one has one."""
    summary = scene.trace.machine.summaries.get(id(known))
    called = {(c.callee.module.path, c.callee.line) for c in (() if summary is None else summary.calls)}
    for made in session_sprawl.find(scene):
        home = made.spot.function
        if home is not None and (home.module.path, home.line) in called:
            return f"`{home.qualname}` opens a session of its own: first let it use that of its caller"
    return ""


def _other_queries(source: "Source") -> str:
    """What makes one kind of query another thing than the other: criteria that are added to all of them."""
    assert source.scene is not None
    for module in source.scene.project.modules:
        text = source.read(module.path) if module.role != "library" else None
        for word in ("query_cls", "with_loader_criteria", "do_orm_execute", "before_compile"):
            if text is not None and word in text:
                return f"`{word}` in {module.path} changes queries on their way"
    return ""


def _session(function: "Function", first: ast.stmt | None, source: "Source") -> str:
    """The session that the lookups of the function itself are made in, if it is one and bound once."""
    found = {
        lookup.session
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and (lookup := lookup_of(node.value, source)) is not None
    }
    name = found.pop() if len(found) == 1 else ""
    bound = bindings(function, name)
    return name if first is not None and len(bound) == 1 and line_of(bound[0]) < first.lineno else ""
