"""Starlette and FastAPI: the way in, the endpoint."""

from auditor_probe import asgi, patching
from auditor_probe.frameworks import handler


def patch(module):
    """`starlette.applications`, `starlette.routing`, `fastapi.routing`."""
    if module.__name__ == "starlette.applications":
        patching.replace(module.Starlette, "__call__", _entry)
    else:
        for name in ("Route", "APIRoute"):
            kind = vars(module).get(name)
            if kind is not None and "handle" in vars(kind):
                patching.around(kind, "handle", _route)


def _entry(original):
    async def __call__(self, scope, receive, send):
        async def application(*arguments):
            return await original(self, *arguments)

        return await asgi.serve(application, scope, receive, send)

    return __call__


def _route(route, scope, *rest):
    endpoint = route.endpoint
    if isinstance(endpoint, type):
        endpoint = getattr(endpoint, str(scope.get("method", "get")).lower(), None) or endpoint
    handler.handled_by(endpoint)
