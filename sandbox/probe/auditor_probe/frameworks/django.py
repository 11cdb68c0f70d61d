"""Django: the way in (WSGI, ASGI), the view, the exceptions that become a 500."""

from auditor_probe import asgi, patching, wsgi
from auditor_probe.frameworks import handler
from auditor_probe.frameworks.wsgi_call import observe_calls


def patch(module):
    """`django.core.handlers.wsgi`, `.asgi`, `.base`, `.exception`."""
    kind = module.__name__.rpartition(".")[2]
    if kind == "wsgi":
        observe_calls(module.WSGIHandler)
    elif kind == "asgi":
        patching.replace(module.ASGIHandler, "__call__", _entry)
    elif kind == "base":
        patching.around(module.BaseHandler, "resolve_request", lambda handler, *rest: True, _resolved)
    else:
        patching.around(module, "handle_uncaught_exception", _failed)


def _entry(original):
    async def __call__(self, scope, receive, send):
        async def application(*arguments):
            return await original(self, *arguments)

        return await asgi.serve(application, scope, receive, send)

    return __call__


def _resolved(token, match, error):
    if error is not None:
        return
    view = match.func
    kind = getattr(view, "view_class", None) or getattr(view, "cls", None)
    actions = getattr(view, "actions", None)
    if kind is not None:
        view = _method_of(kind, actions)
    handler.handled_by(view)


def _method_of(kind, actions):
    """A class-based view's method can't be known before dispatch: the first that its own class declares."""
    names = list(actions.values()) if actions else ["get", "post", "put", "patch", "delete"]
    for name in names:
        if hasattr(kind, name):
            return getattr(kind, name)
    return kind.dispatch


def _failed(request, resolver, info):
    handler.failed(info[1])
