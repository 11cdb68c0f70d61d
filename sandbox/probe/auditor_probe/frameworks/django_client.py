"""Django's test client: it calls the handler itself, with no server and no `start_response` between."""

from auditor_probe import lines, notes, patching, settings, stacks
from auditor_probe.current import SCOPE, Scope
from auditor_probe.failures import frames_of
from auditor_probe.record import Record

stacks.entry_file(__file__)


def patch(module):
    """`django.test.client`."""
    patching.replace(module.ClientHandler, "__call__", _entry)
    if hasattr(module, "AsyncClientHandler"):
        patching.replace(module.AsyncClientHandler, "__call__", _async_entry)


def _entry(original):
    def __call__(self, environ):
        record = _opened(environ, "REQUEST_METHOD", "PATH_INFO", "QUERY_STRING")
        if record is None:
            return original(self, environ)
        token = SCOPE.set(Scope(record))
        try:
            response = original(self, environ)
        except BaseException as error:
            _failed(record, error)
            raise
        finally:
            SCOPE.reset(token)
        _answered(record, response)
        return response

    return __call__


def _async_entry(original):
    async def __call__(self, scope):
        record = _opened(scope, "method", "path", "query_string")
        if record is None:
            return await original(self, scope)
        token = SCOPE.set(Scope(record))
        try:
            response = await original(self, scope)
        except BaseException as error:
            _failed(record, error)
            raise
        finally:
            SCOPE.reset(token)
        _answered(record, response)
        return response

    return __call__


def _opened(environ, method, path, query):
    lines.enter()
    try:
        outer = SCOPE.get()
        if outer is not None and not outer.record.closed:
            return None
        record = Record(None, environ.get(method), environ.get(path))
        if settings.CAPTURE:
            text = environ.get(query) or ""
            record.query = (text.decode("latin-1") if isinstance(text, bytes) else text) or None
        return record
    except Exception as error:
        notes.note("django test client", error)
        return None


def _answered(record, response):
    """What a streaming answer does later comes late."""
    try:
        record.status = response.status_code
        if not response.streaming:
            record.sent(len(response.content))
        record.close()
    except Exception as error:
        notes.note("django test client", error)


def _failed(record, error):
    try:
        record.status = 500
        record.failed(error, frames_of(error))
        record.close()
    except Exception as problem:
        notes.note("django test client", problem)
