"""daphne: the server object holds the application."""

from auditor_probe import asgi, patching


def patch(module):
    """`daphne.server`."""
    patching.around(module.Server, "__init__", lambda server, *rest, **more: server, _made)


def _made(server, result, error):
    if error is None:
        server.application = asgi.observed(server.application)
