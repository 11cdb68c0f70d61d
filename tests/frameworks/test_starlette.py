"""Starlette: routes in lists, mounts, endpoint classes."""

from __future__ import annotations

import pytest

from auditor.frameworks import starlette

from .linked import project


def found(files: dict[str, str]) -> dict[str, str]:
    """Endpoint id → dotted name of what answers it."""
    return {e.id: e.name for e in starlette.entry_points(project(files))}


def around(files: dict[str, str], entry: str) -> list[tuple[str, str]]:
    """`(role, function)` of what runs around one endpoint."""
    entries = [e for e in starlette.entry_points(project(files)) if e.id == entry]
    return [(a.role, a.function.qualname) for a in entries[0].around]


LOOK_ALIKES = {
    "a route class of the project's own": """
        import starlette

        class Route:
            def __init__(self, path, endpoint): ...

        def no(request): ...
        routes = [Route("/no", no)]
        """,
    "routes that no application serves": """
        from starlette.routing import Route

        def no(request): ...
        routes = [Route("/no", no)]
        """,
    "a path operation, which is FastAPI's": """
        from fastapi import FastAPI

        app = FastAPI()

        @app.get("/no")
        def no(): ...
        """,
    "static files below a mount": """
        from starlette.applications import Starlette
        from starlette.routing import Mount
        from starlette.staticfiles import StaticFiles

        app = Starlette(routes=[Mount("/static", StaticFiles(directory="static"), name="static")])
        """,
}


@pytest.mark.parametrize("source", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_no_endpoint(source: str) -> None:
    assert found({"app.py": source}) == {}


CASES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "a tree of routes": (
        {
            "app.py": """
                from starlette.applications import Starlette
                from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
                from starlette.routing import Host, Mount, Route, Router, WebSocketRoute
                from users import routes as user_routes

                def home(request): ...

                class Book(HTTPEndpoint):
                    async def get(self, request): ...
                    async def delete(self, request): ...

                class Plain:
                    async def __call__(self, scope, receive, send): ...

                class Chat(WebSocketEndpoint):
                    async def on_receive(self, socket, data): ...

                async def socket(ws): ...

                routes = [
                    Route("/", home),
                    Route("/books/{id:int}", Book),
                    Route("/plain", Plain()),
                    Mount("/users", routes=user_routes),
                    Mount("/v2", app=Router([Route("/home", home, methods=["POST"])])),
                    Host("api.example.org", app=Router(routes=[Route("/hosted", home)])),
                    WebSocketRoute("/ws", socket),
                    WebSocketRoute("/chat", endpoint=Chat),
                ]
                app = Starlette(debug=True, routes=routes + [Route("/more", home)])
                app.add_route("/added", home, methods=["PUT"])
                app.routes.append(Route("/appended", home))

                @app.route("/decorated")
                def decorated(request): ...
                """,
            "users.py": """
                from starlette.routing import Route

                class Views:
                    def show(self, request): ...

                views = Views()
                routes = [Route("/{name}", endpoint=views.show, methods=["GET", "POST"])]
                """,
        },
        {
            "GET /": "app.home",
            "GET /books/{id}": "app.Book.get",
            "DELETE /books/{id}": "app.Book.delete",
            "ANY /plain": "app.Plain.__call__",
            "GET /users/{name}": "users.Views.show",
            "POST /users/{name}": "users.Views.show",
            "POST /v2/home": "app.home",
            "GET /hosted": "app.home",
            "CONSUMER /ws": "app.socket",
            "CONSUMER /chat": "app.Chat.on_receive",
            "GET /more": "app.home",
            "PUT /added": "app.home",
            "GET /appended": "app.home",
            "GET /decorated": "app.decorated",
        },
    ),
}


@pytest.mark.parametrize(("files", "expected"), CASES.values(), ids=CASES)
def test_endpoints(files: dict[str, str], expected: dict[str, str]) -> None:
    assert found(files) == expected


def test_middleware_of_the_application_and_of_a_mount() -> None:
    files = {
        "app.py": """
            from starlette.applications import Starlette
            from starlette.background import BackgroundTask
            from starlette.middleware import Middleware
            from starlette.responses import JSONResponse
            from starlette.routing import Mount, Route

            class Outer:
                def __call__(self, scope, receive, send): ...

            class Inner:
                def __call__(self, scope, receive, send): ...

            def later(): ...

            def x(request):
                return JSONResponse({}, background=BackgroundTask(later))

            app = Starlette(
                routes=[Mount("/m", routes=[Route("/x", x)], middleware=[Middleware(Inner)])],
                middleware=[Middleware(Outer)],
            )
            """
    }
    assert around(files, "GET /m/x") == [
        ("middleware", "app.Outer.__call__"),
        ("middleware", "app.Inner.__call__"),
        ("background", "app.later"),
    ]
