"""Sends mail after the answer, where its failure reaches nobody as it is

## What it does
The last thing that an endpoint does before it returns is a call that sends mail and swallows its own errors. It is handed
over: in FastAPI as a background task, in Flask when the response is closed, in Django to the target's own Celery task, on
commit.

## What it never does
It acts only where the error was swallowed before, where nothing behind the call can fail, and where what is handed over
is plain values: no row, no request, no session lives on. Where the target has a queue of its own, nothing goes round it.

## What it leaves to a person
The mail is lost when the process dies between the answer and the sending. Where the request's own end fails (a commit
in a dependency), the mail is not sent any more.
"""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods.handed_over import plain_arguments, swallows_errors, what_it_needs
from auditor.codemods.imports import add_import
from auditor.codemods.outcome import Declined, Written
from auditor.codemods.places import dotted, free_name, function_at, names_bound
from auditor.codemods.spans import first_line
from auditor.trace.semantics import imports

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.frameworks.entry import EntryPoint
    from auditor.index.symbols import Function as Known
    from auditor.model.report import Finding

NAME: Final = "after_answer"
RULES: Final = ("deferrable-work",)
_QUEUES: Final = ("celery", "rq", "dramatiq", "huey", "django_q", "arq", "procrastinate", "taskiq")
_TASKS: Final = frozenset({"shared_task", "task"})


def propose(finding: "Finding", source: "Source") -> Written | Declined:
    """The one call in a handler that leads to the finding's function, handed over."""
    scene, home = source.scene, source.spans(finding.file)
    sender = None if home is None else function_at(home.tree, finding.line)
    if scene is None or home is None or sender is None:
        return Declined(NAME, "the place and what is known of it are not at hand")
    callers = _callers(source, finding.file, sender)
    if len(callers) != 1:
        return Declined(
            NAME, f"`{sender.name}` is called otherwise than once, by one endpoint's own function"
        )
    known, line, entry = callers[0]
    spans = source.spans(known.module.path)
    handler = None if spans is None else function_at(spans.tree, line)
    statement = None if handler is None else _last_call(handler, line, sender.name)
    if spans is None or handler is None or statement is None:
        return Declined(NAME, "the endpoint can't be read")
    if isinstance(statement, str):
        return Declined(NAME, statement)
    if reason := swallows_errors(sender):
        return Declined(NAME, reason)
    if reason := plain_arguments(statement, handler, source):
        return Declined(NAME, reason)
    if is_task(sender):
        return _queued(spans, handler, statement, entry, path=known.module.path)
    queue = next((one for one in _QUEUES if imports(scene.project, one)), "")
    if queue:
        return Declined(NAME, f"the target has a queue (`{queue}`), and no task in it that sends this")
    if entry.framework == "fastapi":
        if any(call.callee is known for scope in scene.scopes for call in scope.calls if call.site.function):
            return Declined(NAME, f"`{handler.name}` is called by other functions too")
        return _in_background(spans, handler, statement, path=known.module.path)
    if entry.framework == "flask":
        needs = what_it_needs(sender, source, finding.file)
        if needs:
            return Declined(NAME, f"what is sent needs `{needs}`, which is gone when the response is closed")
        return _when_closed(spans, handler, statement, path=known.module.path)
    return Declined(NAME, "the target has no queue, and its framework does nothing after the answer")


def is_task(function: "Function", /) -> bool:
    """Whether a function is a Celery task, going by its decorator."""
    names = {
        dotted(one.func if isinstance(one, ast.Call) else one).rpartition(".")[2]
        for one in function.decorator_list
    }
    return bool(names & _TASKS)


def _callers(source: "Source", path: str, sender: "Function") -> "list[tuple[Known, int, EntryPoint]]":
    """Where the function is called, if each place stands in an endpoint's own function: it, the line, the endpoint."""
    scene = source.scene
    assert scene is not None, "looked for above"
    entries = {id(root.function): root.entry for root in scene.trace.entries if root.entry is not None}
    found: dict[tuple[str, int], tuple[Known, int, EntryPoint] | None] = {}
    for scope in scene.scopes:
        for call in scope.calls:
            if call.callee.module.path != path or call.callee.name != sender.name:
                continue
            known = call.site.function
            if known is None and first_line(sender) <= call.site.line <= sender.lineno:
                continue  # a decorator that takes it
            entry = None if known is None else entries.get(id(known))
            is_plain = (
                known is not None
                and entry is not None
                and not (call.loops or call.deferred or call.offloaded)
            )
            found[call.site.module.path, call.site.line] = (
                (known, call.site.line, entry)
                if is_plain and known is not None and entry is not None
                else None
            )
    return [] if None in found.values() else [one for one in found.values() if one is not None]


def _last_call(handler: "Function", line: int, name: str) -> ast.Expr | str:
    """The statement that calls, if all that comes behind it is a plain return."""
    for number, statement in enumerate(handler.body):
        if not statement.lineno <= line <= (statement.end_lineno or 0):
            continue
        match statement:
            case ast.Expr(value=(ast.Call() as call) | ast.Await(value=ast.Call() as call)):
                if dotted(call.func).rpartition(".")[2] != name:
                    return "what is called is not plain"
            case _:
                return "the call stands behind a condition, or its result is used"
        behind = handler.body[number + 1 :]
        if len(behind) > 1 or not all(
            isinstance(one, ast.Return) and _is_simple(one.value) for one in behind
        ):
            return "what comes behind the call may fail, and then nothing would be sent"
        return statement
    return "the call stands behind a condition"


def _is_simple(value: ast.expr | None) -> bool:
    """Whether an expression can't fail: names, constants, attributes and displays of them."""
    plain = (ast.Name, ast.Constant, ast.Attribute, ast.Dict, ast.List, ast.Tuple, ast.expr_context)
    return value is None or all(isinstance(node, plain) for node in ast.walk(value))


def _call(statement: ast.Expr) -> ast.Call:
    value = statement.value.value if isinstance(statement.value, ast.Await) else statement.value
    assert isinstance(value, ast.Call), "looked at above"
    return value


def _handed(spans: "Spans", call: ast.Call, first: str) -> str:
    """The arguments of a call that makes `call` later."""
    given = [spans.source(one) for one in [*call.args, *call.keywords]]
    return ", ".join([first, *given])


def _in_background(
    spans: "Spans", handler: "Function", statement: ast.Expr, *, path: str
) -> Written | Declined:
    call = _call(statement)
    name = next((one.arg for one in handler.args.args if _is_background(one.annotation)), "")
    if not name:
        kind = add_import(spans, "fastapi", "BackgroundTasks")
        if kind is None or handler.args.posonlyargs:
            return Declined(NAME, "`BackgroundTasks` is the name of something else there")
        name = free_name("background_tasks", names_bound(handler))
        at = spans.text.index("(", spans.span(handler)[0]) + 1
        own = [*handler.args.args, *handler.args.kwonlyargs]
        between = spans.text[at : spans.span(own[0])[0]] if own and not handler.args.vararg else ""
        is_column = bool(between) and not between.strip()
        spans.insert(at, f"{between if is_column else ''}{name}: {kind}{_comma(own, is_column=is_column)}")
    spans.replace(statement.value, f"{name}.add_task({_handed(spans, call, spans.source(call.func))})")
    return _written(spans, path)


def _comma(own: list[ast.arg], *, is_column: bool) -> str:
    return "," if is_column else ", " if own else ""


def _is_background(annotation: ast.expr | None) -> bool:
    return annotation is not None and dotted(annotation).rpartition(".")[2] == "BackgroundTasks"


def _when_closed(
    spans: "Spans", handler: "Function", statement: ast.Expr, *, path: str
) -> Written | Declined:
    call = _call(statement)
    if isinstance(statement.value, ast.Await):
        return Declined(NAME, "what sends is awaited")
    hook, partial = (
        add_import(spans, "flask", "after_this_request"),
        add_import(spans, "functools", "partial"),
    )
    if hook is None or partial is None:
        return Declined(NAME, "a name that is needed is taken")
    taken = names_bound(handler)
    later, inner = free_name("send", taken), free_name("send_when_closed", taken)
    start, end = spans.line_start(statement), spans.line_end(statement)
    indent = spans.indent(statement)
    lines = [
        f"{later} = {partial}({_handed(spans, call, spans.source(call.func))})",
        "",
        f"@{hook}",
        f"def {inner}(response):",
        f"    response.call_on_close({later})",
        "    return response",
        "",
    ]
    spans.replace_span(start, end, "".join(f"{indent}{line}".rstrip() + "\n" for line in lines))
    return _written(spans, path)


def _queued(
    spans: "Spans", handler: "Function", statement: ast.Expr, entry: "EntryPoint", *, path: str
) -> Written | Declined:
    call = _call(statement)
    if entry.framework not in {"django", "django-rest-framework", "rest_framework"} or isinstance(
        handler, ast.AsyncFunctionDef
    ):
        return Declined(NAME, "when the rows that the task reads are committed is not plain")
    transaction, partial = (
        add_import(spans, "django.db", "transaction"),
        add_import(spans, "functools", "partial"),
    )
    if transaction is None or partial is None:
        return Declined(NAME, "a name that is needed is taken")
    task = f"{spans.source(call.func)}.delay"
    spans.replace(statement.value, f"{transaction}.on_commit({partial}({_handed(spans, call, task)}))")
    return _written(spans, path, rise=True)


def _written(spans: "Spans", path: str, *, rise: bool = False) -> Written:
    return Written(
        codemod=NAME,
        title="Send mail after the answer",
        files={path: spans.result()},
        constant_rise=("task",) if rise else (),
        verify=(
            "The mail is still sent, once, with the same content",
            "The process dies right after the answer: whether a lost mail may be lost",
            *(("The broker is down: the request fails where it sent mail before",) if rise else ()),
        ),
    )
