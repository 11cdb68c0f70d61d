"""gunicorn: a worker loads the application once; whatever kind it is serves what we put in its place."""

from auditor_probe import asgi, notes, patching, wsgi


def patch(module):
    """`gunicorn.workers.base` and, where there is one, gunicorn's own ASGI worker."""
    if module.__name__ == "gunicorn.workers.gasgi":
        patching.around(module.ASGIWorker, "load_wsgi", _worker, _asgi_loaded)
    else:
        patching.around(module.Worker, "load_wsgi", _worker, _loaded)


def _worker(worker):
    return worker


def _loaded(worker, result, error):
    if error is not None:
        return
    names = [kind.__name__ for kind in type(worker).__mro__]
    if any("Uvicorn" in name for name in names):
        return  # the hook of uvicorn sees the application
    if "TornadoWorker" in names:
        notes.note("gunicorn's tornado worker is not observed")
        return
    worker.wsgi = wsgi.observed(worker.wsgi)


def _asgi_loaded(worker, result, error):
    if error is None:
        worker.asgi = asgi.observed(worker.asgi)
