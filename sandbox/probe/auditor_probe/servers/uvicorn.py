"""uvicorn, alone and under gunicorn: the application after its adapters for WSGI and ASGI 2."""

from auditor_probe import asgi, patching


def patch(module):
    """`uvicorn.config`."""
    patching.around(module.Config, "load", lambda config, *rest: config, _loaded)


def _loaded(config, result, error):
    if error is None:
        config.loaded_app = asgi.observed(config.loaded_app)
