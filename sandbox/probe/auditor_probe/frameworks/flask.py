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
    """Flask up to 3.1 has the request in a context variable of its own, later versions pass the context."""
    if context:
        request = context[0].request
    else:
        from flask import request
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
