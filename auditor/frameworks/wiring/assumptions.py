"""Objects that setup code receives from callers out of sight: a plug-in's `def load(app: Flask)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks.wiring.values import Instance, Value
from auditor.index.symbols import Class, External

if TYPE_CHECKING:
    from auditor.index.symbols import Function

CONSTRUCTORS: Final = frozenset({
    "Flask", "Quart", "APIFlask", "Blueprint", "Api", "Namespace", "FastAPI", "APIRouter", "Starlette",
    "Router", "Configurator", "Application", "Sanic", "Robyn", "SubRouter", "Bottle", "Litestar", "NinjaAPI",
    "RouteTableDef",
})  # fmt: skip
"""Last names of the library classes that applications are made of."""
_NAMED: Final[tuple[tuple[frozenset[str], tuple[tuple[str, str], ...]], ...]] = (
    (
        frozenset({"app", "application", "flask_app", "fastapi_app", "_app"}),
        (
            ("flask", "flask.Flask"),
            ("fastapi", "fastapi.FastAPI"),
            ("starlette", "starlette.applications.Starlette"),
            ("aiohttp", "aiohttp.web.Application"),
            ("sanic", "sanic.Sanic"),
            ("falcon", "falcon.App"),
            ("bottle", "bottle.Bottle"),
            ("robyn", "robyn.Robyn"),
            ("tornado", "tornado.web.Application"),
        ),
    ),
    (frozenset({"bp", "blueprint"}), (("flask", "flask.Blueprint"), ("sanic", "sanic.Blueprint"))),
    (frozenset({"router"}), (("fastapi", "fastapi.APIRouter"), ("ninja", "ninja.Router"))),
    (frozenset({"api"}), (("flask_restful", "flask_restful.Api"), ("flask_restx", "flask_restx.Api"))),
    (frozenset({"config", "configurator"}), (("pyramid", "pyramid.config.Configurator"),)),
)


def assumed(name: str, annotation: Value, function: Function, packages: frozenset[str]) -> Instance | None:
    """The object that a parameter must be, by its annotation, or by its name beside the right import."""
    if isinstance(annotation, External) and annotation.name.rpartition(".")[2] in CONSTRUCTORS:
        return made((annotation.name,), None, function)
    if isinstance(annotation, Class):
        return None
    if name in {"config", "configurator"} and function.name == "includeme":
        return made(("pyramid.config.Configurator",), None, function)
    for names, libraries in _NAMED:
        if name in names:
            found = next((library for package, library in libraries if package in packages), None)
            return None if found is None else made((found,), None, function)
    return None


def made(libraries: tuple[str, ...], cls: Class | None, function: Function) -> Instance:
    """An object that was not seen being made."""
    return Instance(libraries, cls, function.module, function.line, assumed=True)
