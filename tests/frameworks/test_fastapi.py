"""FastAPI: look-alikes, then routers, includes and mounts, and what runs around a path operation."""

from __future__ import annotations

import pytest

from auditor.frameworks import fastapi

from .linked import project


def found(files: dict[str, str]) -> dict[str, str]:
    """Endpoint id → dotted name of what answers it."""
    return {e.id: e.name for e in fastapi.entry_points(project(files))}


def around(files: dict[str, str], entry: str) -> list[tuple[str, str]]:
    """`(role, function)` of what runs around one endpoint."""
    entries = [e for e in fastapi.entry_points(project(files)) if e.id == entry]
    return [(a.role, a.function.qualname) for a in entries[0].around]


LOOK_ALIKES = {
    "an HTTP client": """
        import fastapi, httpx

        client = httpx.AsyncClient()
        client.get("/no")
        """,
    "a test client": """
        from fastapi import FastAPI
        from fastapi.testclient import TestClient

        app = FastAPI()
        client = TestClient(app)
        client.get("/no")
        client.post("/no")
        """,
    "a mapping's get": """
        from fastapi import FastAPI

        app = FastAPI()
        app.state.get("/no")
        {}.get("/no")
        """,
    "a router class of the project's own": """
        import fastapi

        class APIRouter:
            def get(self, path):
                return lambda f: f

        router = APIRouter()

        @router.get("/no")
        def no(): ...
        """,
    "static files": """
        from fastapi import FastAPI
        from fastapi.staticfiles import StaticFiles

        app = FastAPI()
        app.mount("/static", StaticFiles(directory="static"))
        """,
    "events and handlers": """
        from fastapi import FastAPI

        app = FastAPI()

        @app.on_event("startup")
        async def start(): ...

        @app.exception_handler(ValueError)
        async def bad(request, error): ...

        @app.middleware("http")
        async def timing(request, call_next): ...
        """,
}


@pytest.mark.parametrize("source", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_no_endpoint(source: str) -> None:
    assert found({"app.py": source}) == {}


CASES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "methods, converters, sockets": (
        {
            "app.py": """
                from fastapi import FastAPI

                app = FastAPI()

                @app.get("/files/{path:path}")
                async def read(path): ...

                @app.api_route("/both", methods=["GET", "POST"])
                async def both(): ...

                @app.websocket("/ws/{room}")
                async def chat(socket, room): ...

                def late(): ...
                app.add_api_route("/late", late, methods=["PUT"])
                app.router.add_api_route("/later", endpoint=late)
                """
        },
        {
            "GET /files/{path}": "app.read",
            "GET /both": "app.both",
            "POST /both": "app.both",
            "CONSUMER /ws/{room}": "app.chat",
            "PUT /late": "app.late",
            "GET /later": "app.late",
        },
    ),
    "routers included in routers, twice, with prefixes from settings": (
        {
            "main.py": """
                from fastapi import FastAPI
                from api import router as api_router
                from config import settings

                def create_app() -> FastAPI:
                    app = FastAPI()
                    app.include_router(api_router, prefix=settings.API_PREFIX + "/v1")
                    return app

                app = create_app()
                """,
            "config.py": """
                from pydantic_settings import BaseSettings

                class Settings(BaseSettings):
                    API_PREFIX: str = "/api"

                settings = Settings()
                """,
            "api.py": """
                from fastapi import APIRouter
                import books

                router = APIRouter()
                router.include_router(books.router, prefix="/library")
                router.include_router(router=books.router, prefix="/legacy")
                """,
            "books.py": """
                from fastapi import APIRouter
                router = APIRouter(prefix="/books", tags=["books"])

                @router.get("")
                def index(): ...

                @router.delete("/{id}")
                def remove(id): ...
                """,
        },
        {
            "GET /api/v1/library/books": "books.index",
            "GET /api/v1/legacy/books": "books.index",
            "DELETE /api/v1/library/books/{id}": "books.remove",
            "DELETE /api/v1/legacy/books/{id}": "books.remove",
        },
    ),
    "a router subclass, a class made by a function, a list of routers": (
        {
            "app.py": """
                from fastapi import APIRouter, FastAPI

                class Slashless(APIRouter):
                    def get(self, path, **options):
                        return super().get(path.rstrip("/"), **options)

                def router_class(route):
                    class Custom(APIRouter):
                        def __init__(self, *args, **kwargs):
                            kwargs["route_class"] = route
                            super().__init__(*args, **kwargs)
                    return Custom

                Router = router_class(object)
                a = Slashless(prefix="/a")
                b = Router(prefix="/b")

                @a.get("/x/")
                def x(): ...

                @b.get("/y/")
                def y(): ...

                app = FastAPI()
                for router in [a, b]:
                    app.include_router(router)
                """
        },
        {"GET /a/x": "app.x", "GET /b/y/": "app.y"},
    ),
    "sub-applications": (
        {
            "app.py": """
                from fastapi import FastAPI
                from starlette.routing import Mount

                admin = FastAPI()
                inner = FastAPI()
                app = FastAPI(routes=[Mount("/inner", app=inner)])
                app.mount("/admin", admin)

                @admin.get("/x")
                def x(): ...

                @inner.get("/y")
                def y(): ...
                """
        },
        {"GET /admin/x": "app.x", "GET /inner/y": "app.y"},
    ),
    "a router that nobody in sight includes": (
        {
            "plugin.py": """
                from fastapi import APIRouter
                router = APIRouter(prefix="/plugin")

                @router.get("/x")
                def x(): ...
                """
        },
        {"GET /plugin/x": "plugin.x"},
    ),
}


@pytest.mark.parametrize(("files", "expected"), CASES.values(), ids=CASES)
def test_endpoints(files: dict[str, str], expected: dict[str, str]) -> None:
    assert found(files) == expected


DEPENDENCIES = {
    "app.py": """
        from typing import Annotated, Optional
        from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, Security
        import deps
        from deps import CurrentUser

        app = FastAPI(dependencies=[Depends(deps.on_app)])
        router = APIRouter(dependencies=[Depends(deps.on_router)])

        class Page:
            def __init__(self, size: int = 10): ...

        def mail(to): ...

        @router.get("/x", dependencies=[Depends(deps.on_route)], response_model=list[Page])
        def view(
            user: CurrentUser,
            maybe: Optional[deps.CurrentUser],
            page: Page = Depends(),
            session=Depends(deps.session),
            checked=Security(deps.Checker("read")),
            plain: int = 3,
            tasks: BackgroundTasks = None,
        ) -> dict:
            tasks.add_task(mail, user.email)
            deps.queue.add_task(deps.session)
            return session.query(page, maybe)

        app.include_router(router, dependencies=[Depends(deps.on_include)])
        """,
    "deps.py": """
        from typing import Annotated
        from fastapi import Depends

        def on_app(): ...
        def on_router(settings=Depends(lambda: 1)): ...
        def on_include(): ...
        def on_route(): ...

        def unused(): ...
        def engine(): ...

        def session(engine=Depends(engine), _=Depends(unused)):
            yield engine.begin()

        def current_user(session=Depends(session)):
            return session

        class Checker:
            def __init__(self, scope): ...
            def __call__(self): ...

        CurrentUser = Annotated[object, Depends(current_user)]
        """,
}


def test_dependencies_run_around_only_where_their_value_is_not_read() -> None:
    assert around(DEPENDENCIES, "GET /x") == [
        ("dependency", "deps.on_app"),
        ("dependency", "deps.on_include"),
        ("dependency", "deps.on_router"),
        ("dependency", "deps.on_route"),
        ("dependency", "deps.unused"),
        ("dependency", "deps.Checker.__call__"),
        ("background", "app.mail"),
    ]


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        ("plain", None),
        ("tasks", None),
        ("nothing of that name", None),
        ("user", "deps.current_user"),
        ("maybe", "deps.current_user"),
        ("page", "app.Page"),
        ("session", "deps.session"),
        ("checked", "deps.Checker.__call__"),
    ],
)
def test_what_fills_a_parameter(parameter: str, expected: str | None) -> None:
    linked = project(DEPENDENCIES)
    view = next(f for f in linked.modules[0].functions if f.name == "view")
    found = fastapi.dependency_of(linked, view, parameter)
    assert (None if found is None else found.qualname) == expected


def test_the_response_model_is_the_decorator_s_then_the_annotation_s() -> None:
    files = {
        "app.py": """
            from fastapi import FastAPI
            app = FastAPI()

            @app.get("/a", response_model=Model)
            def a() -> dict: ...

            @app.get("/b")
            def b() -> Other: ...

            @app.get("/c", response_model=None)
            def c() -> Other: ...
            """
    }
    linked = project(files)
    models = {e.id: fastapi.response_model_of(linked, e) for e in fastapi.entry_points(linked)}
    assert {k: v and v[2] for k, v in models.items()} == {
        "GET /a": "Model",
        "GET /b": "Other",
        "GET /c": None,
    }


def test_middleware_runs_outermost_first() -> None:
    files = {
        "app.py": """
            from fastapi import FastAPI
            from starlette.middleware.base import BaseHTTPMiddleware
            from starlette.middleware.gzip import GZipMiddleware

            class Inner(BaseHTTPMiddleware):
                async def dispatch(self, request, call_next): ...

            class Outer:
                def __init__(self, app): ...
                async def __call__(self, scope, receive, send): ...

            app = FastAPI()
            app.add_middleware(GZipMiddleware)
            app.add_middleware(Inner)
            app.add_middleware(Outer)

            @app.middleware("http")
            async def outermost(request, call_next): ...

            @app.get("/x")
            def x(): ...
            """
    }
    assert around(files, "GET /x") == [
        ("middleware", "app.outermost"),
        ("middleware", "app.Outer.__call__"),
        ("middleware", "app.Inner.dispatch"),
    ]


def test_routers_that_include_each_other_end() -> None:
    files = {
        "app.py": """
            from fastapi import APIRouter, FastAPI
            a, b = APIRouter(prefix="/a"), APIRouter(prefix="/b")
            a.include_router(b)
            b.include_router(a)
            app = FastAPI()
            app.include_router(a)

            @b.get("/x")
            def x(): ...
            """
    }
    assert found(files) == {"GET /a/b/x": "app.x"}
