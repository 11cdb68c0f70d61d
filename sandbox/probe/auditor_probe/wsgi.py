"""A WSGI request: from the server's call to the moment the answer has been closed."""

import atexit
import time

from auditor_probe import lines, notes, settings, stacks
from auditor_probe.current import SCOPE, Scope
from auditor_probe.failures import frames_of
from auditor_probe.record import Record

stacks.entry_file(__file__)
_now = time.perf_counter
KEY = "HTTP_" + settings.HEADER.upper().replace("-", "_")


def observed(application):
    """`application`, observed; servers call what this returns in its place."""
    if application is None or hasattr(application, "_auditor_application"):
        return application

    def entry(environ, start_response):
        return serve(application, environ, start_response)

    entry._auditor_application = application
    return entry


def serve(application, environ, start_response):
    """Calls `application`; inside a request that is already observed it just calls it."""
    if settings.LINES:
        lines.enter()
    outer = SCOPE.get()
    if outer is not None and not outer.record.closed and KEY not in environ:
        return application(environ, start_response)
    try:
        record = _opened(environ)
    except Exception as error:
        notes.note("wsgi", error)
        return application(environ, start_response)
    scope = Scope(record)
    token = SCOPE.set(scope)
    try:
        result = application(environ, _started(record, start_response))
    except BaseException as error:
        _failed(record, error)
        raise
    finally:
        SCOPE.reset(token)
    wrapper = environ.get("wsgi.file_wrapper")
    if wrapper.__class__ is type and isinstance(result, wrapper):
        record.close()  # the server sends the file itself
        return result
    return (SizedAnswer if hasattr(result, "__len__") else Answer)(result, scope)


def _opened(environ):
    path = environ.get("PATH_INFO") or ""
    mounted = environ.get("SCRIPT_NAME")
    record = Record(
        environ.pop(KEY, None), environ.get("REQUEST_METHOD"), mounted + path if mounted else path
    )
    if settings.CAPTURE:
        _end_former(record)
        record.query = environ.get("QUERY_STRING") or None
    return record


_former = []


def _end_former(record):
    """Test clients seldom close an answer; the request before this one is over all the same, and the last one at exit."""
    if not _former and record is not None:
        atexit.register(_end_former, None)
    for former in list(_former):
        if record is None or former.thread == record.thread:
            _former.remove(former)
            former.close()
    if record is not None:
        _former.append(record)


def _started(record, start_response):
    def start(status, headers, *rest):
        record.status = status
        write = start_response(status, headers, *rest)

        def counted(data):
            record.sent(len(data))
            return write(data)

        return counted if write is not None else write

    return start


def _failed(record, error):
    try:
        if record.status is None:
            record.status = 500
        record.failed(error, frames_of(error))
        record.close()
    except Exception as problem:
        notes.note("wsgi", problem)


class Answer(object):
    """The application's iterable; its parts are made within the request's scope."""

    def __init__(self, result, scope):
        self._auditor_result = result
        self._auditor_scope = scope
        self._auditor_parts = None
        self._auditor_sent = None

    def __iter__(self):
        result, scope = self._auditor_result, self._auditor_scope
        record = scope.record
        enter, leave = SCOPE.set, SCOPE.reset
        token = enter(scope)
        try:
            for part in result:
                leave(token)
                token = None
                try:
                    record.sent(len(part))
                except Exception as error:
                    notes.note("wsgi part", error)
                yield part
                token = enter(scope)
        except BaseException as error:
            if token is not None:  # else whoever asks for the parts threw it in
                _failed(record, error)
            raise
        finally:
            if token is not None:
                leave(token)
        self._auditor_sent = _now()
        if not hasattr(result, "close"):
            record.close()

    def __next__(self):
        if self._auditor_parts is None:
            self._auditor_parts = iter(self)
        return next(self._auditor_parts)

    def close(self):
        """The server has sent everything it got: what is done now, nobody waits for."""
        scope = self._auditor_scope
        record = scope.record
        record.answered = self._auditor_sent
        token = SCOPE.set(scope)
        try:
            close = getattr(self._auditor_result, "close", None)
            if close is not None:
                close()
        finally:
            SCOPE.reset(token)
            try:
                record.close()
            except Exception as error:
                notes.note("wsgi close", error)

    def __getattr__(self, name):
        return getattr(self._auditor_result, name)


class SizedAnswer(Answer):
    """An iterable that knows its length; some servers derive Content-Length from it."""

    def __len__(self):
        return len(self._auditor_result)
