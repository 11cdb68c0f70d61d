"""waitress: the server object holds the application."""

from auditor_probe import patching, wsgi


def patch(module):
    """`waitress.server`."""
    patching.around(module.BaseWSGIServer, "__init__", lambda server, *rest, **more: server, _made)


def _made(server, result, error):
    if error is None:
        server.application = wsgi.observed(server.application)
