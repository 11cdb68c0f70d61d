"""Lets a helper work in the session that its caller has

## What it does
A helper that opens a session of its own (`with session_scope() as session:`, `session = SessionLocal()` with a `finally`
that closes it, a context manager that opens one in `__enter__`) gets an optional `session`, and opens its own only where
none is given. Its callers that have a session of the same factory open hand it over. A call right before the caller's
`with` is taken into it.

## What it never does
It acts on nothing that writes, locks, commits or rolls back, neither in the helper nor in the caller; on no session of
another factory or engine; where an exception of the helper is caught while the caller's session goes on; on generators,
methods, decorated functions and functions that are handed out by name; and not where rows that the helper gives would
expire with the caller's commit.

## What it leaves to a person
Whether the helper should see what the caller's transaction sees, where the database isolates them.
"""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods import session_desks
from auditor.codemods.imports import add_import
from auditor.codemods.known_functions import known_at
from auditor.codemods.outcome import Declined, Written
from auditor.codemods.places import function_at
from auditor.codemods.reusable import reuse_of_function
from auditor.codemods.session_callers import hand_over
from auditor.codemods.session_scopes import closes, scopes
from auditor.codemods.session_sharing import call_sites, caught, handed_out, managed, sets_attributes, writes

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.session_scopes import Scope
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.index.symbols import Function as Known
    from auditor.model.report import Finding

NAME: Final = "one_session"
RULES: Final = ("session-sprawl",)
_ENTERING: Final = frozenset({"__enter__", "__aenter__"})


def propose(finding: "Finding", source: "Source") -> Written | Declined:
    """The helper with an optional session, and the callers that hand theirs over."""
    spans = source.spans(finding.file)
    function = None if spans is None else function_at(spans.tree, finding.line)
    known = None if function is None else known_at(function, finding.file, source)
    if spans is None or function is None or known is None:
        return Declined(NAME, "the helper and what is known of it are not at hand")
    edited = {finding.file: spans}
    if function.name in _ENTERING:
        result = session_desks.share(known, spans, edited, source)
    else:
        result = _share(function, known, spans, edited, source)
    if result:
        return Declined(NAME, result)
    try:
        files = {path: one.result() for path, one in edited.items()}
    except ValueError:
        return Declined(NAME, "two places of the same statement would change")
    name = known.owner.name if known.owner is not None else known.name
    return Written(
        codemod=NAME,
        title=f"`{name}` works in the session of its caller",
        files={path: text for path, text in files.items() if text != source.read(path)},
        promises=("session",),
        verify=("Whether it should see what the caller's transaction sees",),
    )


def _share(
    function: "Function", known: "Known", spans: "Spans", edited: "dict[str, Spans]", source: "Source"
) -> str:
    assert source.scene is not None
    if reason := _odd(function, known, source):
        return reason
    found = [one for one in scopes(function, known.module, source) if one.opener is not None]
    if len(found) != 1:
        return "how it opens its session is not plain to see, or one is handed to it already"
    scope = found[0]
    if reason := _odd_scope(scope, function):
        return reason
    if writing := writes(known, source.scene):
        return f"it writes (`{writing}`), which may be meant to be committed on its own"
    if setting := sets_attributes(known, source.scene):
        return f"`{setting}` is set, which would be stored with what the caller commits"
    gives = reuse_of_function(known.module.path, known.line, source=source)
    reasons = [
        hand_over(site, scope.name, scope.maker, name=known.name, gives=gives, edited=edited, source=source)
        for site in call_sites(known, source.scene)
    ]
    if "" not in reasons:
        return reasons[0] if reasons else "no caller of it has a session"
    return _take(scope, function, spans)


def _odd(function: "Function", known: "Known", source: "Source") -> str:
    assert source.scene is not None
    if known.owner is not None or known.parent is not None:
        return "it is a method, which others may override, or an inner function"
    if function.decorator_list:
        return "it is decorated, and its arguments may matter to the decorator"
    if any(
        isinstance(node, (ast.Yield, ast.YieldFrom, ast.Lambda, ast.GeneratorExp))
        for node in ast.walk(function)
    ):
        return "part of it may run later than the call"
    if place := handed_out(known, source):
        return f"it is handed out by name at {place}, where its arguments may matter"
    return ""


def _odd_scope(scope: "Scope", function: "Function") -> str:
    if isinstance(scope.statement, (ast.With, ast.AsyncWith)) and len(scope.statement.items) != 1:
        return "its session is opened beside something else"
    closing = frozenset(id(one) for part in _closing(scope) for one in ast.walk(part))
    if how := managed(function, scope.name, besides=closing):
        return f"it does more with its session than ask (`{how}`)"
    if caught(scope.statement or function, function, None) or any(
        isinstance(node, (ast.Try, ast.TryStar)) and node.handlers
        for part in scope.body
        for node in ast.walk(part)
    ):
        return "it catches exceptions, after which the caller's transaction may be lost"
    read_outside = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Name)
        and node.id == scope.name
        and isinstance(node.ctx, ast.Load)
        and not any(node is one for part in [*scope.body, *_closing(scope)] for one in ast.walk(part))
    ]
    return f"`{scope.name}` is used after it was closed" if read_outside else ""


def _closing(scope: "Scope") -> list[ast.stmt]:
    return [] if scope.end is None else [one for one in scope.end.finalbody if closes(one, scope.name)]


def _take(scope: "Scope", function: "Function", spans: "Spans") -> str:
    """Writes the parameter, and the opening on condition that no session is given."""
    if not add_parameter(function, scope.name, spans):
        return "its parameters leave no room for one more"
    assert scope.opener is not None
    if scope.end is None:
        if add_import(spans, "contextlib", "nullcontext") != "nullcontext":
            return "`nullcontext` is the name of something else in this module"
        spans.insert(spans.span(scope.opener)[1], f" if {scope.name} is None else nullcontext({scope.name})")
        return ""
    assert scope.statement is not None
    own = f"own_{scope.name}"
    if own in spans.text:
        return f"`{own}` is the name of something else"
    indent = spans.indent(scope.statement)
    spans.insert(
        spans.span(scope.statement)[0], f"{own} = {scope.name} is None\n{indent}if {own}:\n{indent}    "
    )
    last = _closing(scope)[0]
    spans.insert(spans.span(last)[0], f"if {own}:\n{spans.indent(last)}    ")
    return ""


def add_parameter(function: "Function", name: str, spans: "Spans") -> bool:
    """A keyword `name=None` at the end; False where the signature can't take it."""
    arguments = function.args
    taken = {one.arg for one in ast.walk(arguments) if isinstance(one, ast.arg)}
    if name in taken or arguments.kwarg is not None:
        return False
    typed = any(one.annotation is not None for one in ast.walk(arguments) if isinstance(one, ast.arg))
    made = f"{name}: Any = None" if typed and "Any" in _top_names(spans) else f"{name}=None"
    if arguments.kwonlyargs or arguments.vararg is not None:
        parts: list[ast.expr | ast.arg] = [one for one in arguments.kw_defaults if one is not None]
        parts += [*arguments.kwonlyargs, *([arguments.vararg] if arguments.vararg else [])]
    else:
        parts = [*arguments.posonlyargs, *arguments.args, *arguments.defaults]
        made = f"*, {made}"
    if not parts:
        start = spans.text.index("(", spans.span(function)[0])
        spans.insert(start + 1, made)
        return True
    last = max(parts, key=lambda one: spans.span(one)[1])
    at = spans.span(last)[1]
    if (
        arguments.posonlyargs
        and not arguments.args
        and "/" in spans.text[at : spans.span(function.body[0])[0]]
    ):
        return False
    spans.insert(at, f", {made}")
    return True


def _top_names(spans: "Spans") -> set[str]:
    return {
        alias.asname or alias.name
        for node in spans.tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
