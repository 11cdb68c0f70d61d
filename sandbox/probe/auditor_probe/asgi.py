"""An ASGI request: from the server's call to the moment the application returns."""

import time

from auditor_probe import lines, notes, settings, stacks
from auditor_probe.current import SCOPE, Scope
from auditor_probe.failures import frames_of
from auditor_probe.record import Record

stacks.entry_file(__file__)
_now = time.perf_counter
_NAME = settings.HEADER.lower().encode("ascii")


def observed(application):
    """`application`, observed; servers call what this returns in its place."""
    if application is None or hasattr(application, "_auditor_application"):
        return application

    async def entry(scope, receive, send):
        return await serve(application, scope, receive, send)

    entry._auditor_application = application
    return entry


async def serve(application, scope, receive, send):
    """Awaits `application`; inside a request that is already observed it just awaits it."""
    record = _opened(scope)
    if record is None:
        return await application(scope, receive, send)
    token = SCOPE.set(Scope(record))
    try:
        return await application(scope, receive, _sender(record, send))
    except BaseException as error:
        record.failed(error, frames_of(error))
        if record.status is None:
            record.status = 500
        raise
    finally:
        SCOPE.reset(token)
        try:
            record.close()
        except Exception as problem:
            notes.note("asgi", problem)


def _opened(scope):
    lines.enter()
    try:
        if scope["type"] != "http":
            return None
        request = None
        headers = scope["headers"]
        for name, value in headers:
            if name.lower() == _NAME:
                request = value.decode("latin-1")
        if request is not None:
            scope["headers"] = [pair for pair in headers if pair[0].lower() != _NAME]
        outer = SCOPE.get()
        if outer is not None and not outer.record.closed and request is None:
            return None
        record = Record(request, scope.get("method"), scope.get("path"))
        if settings.CAPTURE:
            record.query = (scope.get("query_string") or b"").decode("latin-1") or None
        return record
    except Exception as error:
        notes.note("asgi", error)
        return None


def _sender(record, send):
    async def sender(message):
        token = SCOPE.set(
            None
        )  # what the server does with it, its access log above all, is not the application's
        try:
            await send(message)
        finally:
            SCOPE.reset(token)
        try:
            _observe(record, message)
        except Exception as error:
            notes.note("asgi send", error)

    return sender


def _observe(record, message):
    kind = message.get("type")
    if kind == "http.response.start":
        record.status = message.get("status")
    elif kind == "http.response.body":
        record.sent(len(message.get("body", b"")))
        if not message.get("more_body", False):
            record.answered = _now()
