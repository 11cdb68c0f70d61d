"""Routes that frameworks answer by themselves: files of a folder, fixed pages, redirections."""

from __future__ import annotations

import textwrap
from pathlib import Path
from types import ModuleType

import pytest

from auditor.frameworks import aiohttp, falcon, fastapi, masonite, pyramid, sanic, starlette
from auditor.index.build import build_index
from auditor.repo.snapshot import open_snapshot

SILENT: dict[str, tuple[ModuleType, str]] = {
    "a function that is called static": (
        sanic,
        """
        from sanic import Sanic

        class Pages:
            def static(self, uri, folder): ...

        app = Sanic("shop")
        Pages().static("/assets", "assets")
        """,
    ),
    "files that another host serves": (
        pyramid,
        """
        from pyramid.config import Configurator

        def main():
            config = Configurator()
            config.add_static_view("https://files.example.org/", "shop:static")
            config.add_static_view("//files.example.org/", "shop:static")
            return config.make_wsgi_app()
        """,
    ),
    "files below a prefix that nobody can read": (
        falcon,
        """
        import os

        import falcon

        app = falcon.App()
        app.add_static_route(os.environ["PREFIX"], "/srv/files")
        """,
    ),
    "an application of somebody else that is mounted": (
        starlette,
        """
        from fastapi import FastAPI
        from somewhere import WSGIMiddleware, other

        app = FastAPI()
        app.mount("/old", WSGIMiddleware(other))
        """,
    ),
}
SERVED: dict[str, tuple[ModuleType, str, list[str]]] = {
    "sanic": (
        sanic,
        """
        from sanic import Blueprint, Sanic

        app = Sanic("shop")
        shop = Blueprint("shop", url_prefix="/shop")
        app.static("/assets", "./assets")
        shop.static("/files", "./files")
        app.blueprint(shop)
        """,
        ["GET /assets/*", "GET /shop/files/*"],
    ),
    "aiohttp": (
        aiohttp,
        """
        from aiohttp import web

        table = web.RouteTableDef()
        table.static("/pictures", "pictures")
        app = web.Application()
        inner = web.Application()
        inner.router.add_static("/static/", path="static")
        app.add_routes([web.static("/assets", "assets")])
        app.add_routes(table)
        app.add_subapp("/admin", inner)
        """,
        ["GET /admin/static/*", "GET /assets/*", "GET /pictures/*"],
    ),
    "falcon": (
        falcon,
        """
        import falcon

        app = falcon.App()
        app.add_static_route("/assets", "/srv/assets")
        """,
        ["GET /assets/*"],
    ),
    "pyramid": (
        pyramid,
        """
        from pyramid.config import Configurator

        def main():
            config = Configurator()
            config.add_static_view(name="assets", path="shop:static", cache_max_age=3600)
            return config.make_wsgi_app()
        """,
        ["GET /assets/*"],
    ),
    "starlette": (
        starlette,
        """
        from starlette.applications import Starlette
        from starlette.routing import Mount
        from starlette.staticfiles import StaticFiles

        app = Starlette(routes=[Mount("/site", routes=[Mount("/static", app=StaticFiles(directory="static"))])])
        """,
        ["GET /site/static/*"],
    ),
    "fastapi": (
        starlette,
        """
        from fastapi import FastAPI
        from fastapi.staticfiles import StaticFiles

        app = FastAPI()
        app.mount("/static", StaticFiles(directory="static"), name="static")
        app.mount("/", StaticFiles(directory="site", html=True))
        """,
        ["GET /*", "GET /static/*"],
    ),
    "masonite": (
        masonite,
        """
        from masonite.routes import Route

        ROUTES = [
            Route.view("/about", "about"),
            Route.group([Route.redirect("/old", "/"), Route.permanent_redirect("/legacy", "/")], prefix="/site"),
        ]
        """,
        ["GET /about", "GET /site/legacy", "GET /site/old"],
    ),
}


def endpoints(framework: ModuleType, source: str, folder: Path) -> list[str]:
    """What a framework's module finds in `app.py`, the models of libraries beside it."""
    (folder / "app.py").write_text(textwrap.dedent(source))
    with open_snapshot(folder) as snapshot:
        project = build_index(snapshot, cache_dir=None, jobs=1).project
    return sorted(point.id for point in framework.entry_points(project))


@pytest.mark.parametrize(("framework", "source"), SILENT.values(), ids=SILENT)
def test_what_is_no_such_route(framework: ModuleType, source: str, tmp_path: Path) -> None:
    assert endpoints(framework, source, tmp_path) == []


@pytest.mark.parametrize(("framework", "source", "expected"), SERVED.values(), ids=SERVED)
def test_what_a_framework_answers_by_itself(
    framework: ModuleType, source: str, expected: list[str], tmp_path: Path
) -> None:
    assert endpoints(framework, source, tmp_path) == expected


def test_the_operations_of_fastapi_are_not_among_them(tmp_path: Path) -> None:
    assert endpoints(fastapi, SERVED["fastapi"][1], tmp_path) == []
