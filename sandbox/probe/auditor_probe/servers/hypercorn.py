"""hypercorn: its wrappers hold the application."""

from auditor_probe import asgi, patching, wsgi


def patch(module):
    """`hypercorn.app_wrappers`."""
    patching.around(module.ASGIWrapper, "__init__", lambda wrapper, *rest, **more: wrapper, _asgi)
    patching.around(module.WSGIWrapper, "__init__", lambda wrapper, *rest, **more: wrapper, _wsgi)


def _asgi(wrapper, result, error):
    if error is None:
        wrapper.app = asgi.observed(wrapper.app)


def _wsgi(wrapper, result, error):
    if error is None:
        wrapper.app = wsgi.observed(wrapper.app)
