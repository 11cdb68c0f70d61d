"""werkzeug's development server, which is also ``flask run``."""

from auditor_probe import patching, wsgi


def patch(module):
    """`werkzeug.serving`."""
    patching.around(module.BaseWSGIServer, "__init__", lambda server, *rest, **more: server, _made)


def _made(server, result, error):
    if error is None:
        server.app = wsgi.observed(server.app)
