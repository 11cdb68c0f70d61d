"""Flask: the way in, the view function, the exceptions that become a 500."""

from auditor_probe import patching, wsgi
from auditor_probe.frameworks import handler


def patch(module):
    """`flask.app`."""
    patching.replace(module.Flask, "wsgi_app", _entry)
    patching.replace(module.Flask, "dispatch_request", _dispatch)
    patching.around(module.Flask, "handle_exception", _failed)


def _entry(original):
    def wsgi_app(self, environ, start_response):
        return wsgi.serve(lambda *arguments: original(self, *arguments), environ, start_response)

    return wsgi_app


def _dispatch(original):
    def dispatch_request(self, *context):
        try:
            _name_view(self, *context)
        except Exception as error:
            from auditor_probe import notes

            notes.note("flask", error)
        return original(self, *context)

    return dispatch_request


def _name_view(app, *context):
    """Later versions hand the context on, earlier ones keep it in a context variable, the first in a stack."""
    from flask import globals as place

    if context:
        request = context[0].request
    elif hasattr(place, "_cv_request"):
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
