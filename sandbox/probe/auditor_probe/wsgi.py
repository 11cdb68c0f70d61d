"""A WSGI request: from the server's call to the moment the answer has been closed."""

import atexit
import time

from auditor_probe import lines, notes, settings, stacks
from auditor_probe.current import SCOPE, Scope
from auditor_probe.failures import frames_of
from auditor_probe.record import Record

stacks.entry_file(__file__)
_now = time.perf_counter
_KEY = "HTTP_" + settings.HEADER.upper().replace("-", "_")


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
    lines.enter()
    try:
        request = environ.pop(_KEY, None)
        outer = SCOPE.get()
        if outer is not None and not outer.record.closed and request is None:
            record = None
        else:
            path = (environ.get("SCRIPT_NAME") or "") + (environ.get("PATH_INFO") or "")
            record = Record(request, environ.get("REQUEST_METHOD"), path)
            if settings.CAPTURE:
                _end_former(record)
                record.query = environ.get("QUERY_STRING") or None
    except Exception as error:
        notes.note("wsgi", error)
        record = None
    if record is None:
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
    if isinstance(wrapper, type) and isinstance(result, wrapper):
        record.close()  # the server sends the file itself
        return result
    return (SizedAnswer if hasattr(result, "__len__") else Answer)(result, scope)


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
        try:
            record.status = int(status[:3])
        except Exception as error:
            notes.note("wsgi status", error)
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
        self._auditor_next = None
        self._auditor_sent = None

    def __iter__(self):
        return self

    def __next__(self):
        scope = self._auditor_scope
        token = SCOPE.set(scope)
        try:
            if self._auditor_next is None:
                self._auditor_next = iter(self._auditor_result).__next__
            part = self._auditor_next()
        except StopIteration:
            self._auditor_sent = _now()
            if not hasattr(self._auditor_result, "close"):
                scope.record.close()
            raise
        except BaseException as error:
            _failed(scope.record, error)
            raise
        finally:
            SCOPE.reset(token)
        try:
            scope.record.sent(len(part))
        except Exception as error:
            notes.note("wsgi part", error)
        return part

    def close(self):
        """The server has sent everything it got: what is done now, nobody waits for."""
        self._auditor_scope.record.answered = self._auditor_sent
        token = SCOPE.set(self._auditor_scope)
        try:
            close = getattr(self._auditor_result, "close", None)
            if close is not None:
                close()
        finally:
            SCOPE.reset(token)
            try:
                self._auditor_scope.record.close()
            except Exception as error:
                notes.note("wsgi close", error)

    def __getattr__(self, name):
        return getattr(self._auditor_result, name)


class SizedAnswer(Answer):
    """An iterable that knows its length; some servers derive Content-Length from it."""

    def __len__(self):
        return len(self._auditor_result)
