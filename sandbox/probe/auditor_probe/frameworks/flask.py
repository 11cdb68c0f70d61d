"""Flask: the way in, the view function, the exceptions that become a 500."""

import sys

from auditor_probe import notes, patching, wsgi
from auditor_probe.current import SCOPE
from auditor_probe.frameworks import handler


def patch(module):
    """`flask.app`."""
    patching.replace(module.Flask, "wsgi_app", _entry)
    patching.replace(module.Flask, "dispatch_request", _dispatch)
    patching.around(module.Flask, "handle_exception", _failed)


def _entry(original):
    def wsgi_app(self, environ, start_response):
        outer = SCOPE.get()
        if outer is not None and not outer.record.closed and wsgi.KEY not in environ:
            return original(self, environ, start_response)  # the server's hook was first
        return wsgi.serve(lambda *arguments: original(self, *arguments), environ, start_response)

    return wsgi_app


def _dispatch(original):
    def dispatch_request(self, *context):
        try:
            _name_view(self, *context)
        except Exception as error:
            notes.note("flask", error)
        return original(self, *context)

    return dispatch_request


def _name_view(app, *context):
    """Later versions hand the context on, earlier ones keep it in a context variable, the first in a stack."""
    if context:
        request = context[0].request
    else:
        place = sys.modules["flask.globals"]
        if hasattr(place, "_cv_request"):
            request = place._cv_request.get().request
        else:
            request = place._request_ctx_stack.top.request
    rule = request.url_rule
    if rule is None:
        return
    view = app.view_functions.get(rule.endpoint)
    kind = getattr(view, "view_class", None)
    if kind is not None:
        view = getattr(kind, request.method.lower(), None) or kind.dispatch_request
    handler.handled_by(view)


def _failed(app, *arguments):
    handler.failed(arguments[-1])
