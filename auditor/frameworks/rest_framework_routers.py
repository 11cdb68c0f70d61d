"""Which routes a view set gets from the routers of DRF and drf-nested-routers, and from their heirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks.django_values import HOLE, UNKNOWN, AsView, Called, Route, Router, RouterRoute, Value
from auditor.frameworks.rest_framework_actions import actions_of
from auditor.index import ir
from auditor.index.symbols import Class, External, Module

if TYPE_CHECKING:
    from auditor.frameworks.django_evaluate import Evaluation
    from auditor.index.project import Project

_DETAIL: Final = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}
_BULK: Final = {"put": "bulk_update", "patch": "partial_bulk_update", "delete": "bulk_destroy"}


def is_router_name(name: str) -> bool:
    """Whether a library's dotted name is a view set router's class."""
    return name.startswith("rest_framework") and name.rpartition(".")[2].endswith("Router")


def is_router(cls: Class, project: Project) -> bool:
    """Whether a project class is a view set router."""
    return any(isinstance(base, External) and is_router_name(base.name) for base in project.mro(cls))


def new_router(
    cls: Class | External, args: list[Value], kwargs: dict[str, Value], project: Project
) -> Router:
    """A router as its library's constructor leaves it; a project's own `__init__` runs on it afterwards."""
    names = (
        [cls.name]
        if isinstance(cls, External)
        else [b.name for b in project.mro(cls) if isinstance(b, External)]
    )
    tails = {name.rpartition(".")[2] for name in names}
    router = Router(
        cls, {"registry": [], "routes": _default_routes(bulk="BulkRouter" in tails), "parent": ""}
    )
    slash = kwargs.get("trailing_slash")
    router.attributes["trailing_slash"] = "" if slash is False else "/"
    if any("Nested" in tail for tail in tails) and args and isinstance(args[0], Router):
        parent_prefix = args[1] if len(args) > 1 else kwargs.get("parent_prefix", HOLE)
        lookup = args[2] if len(args) > 2 else kwargs.get("lookup", "")
        nest(router, args[0], parent_prefix, lookup, project)
    return router


def nest(router: Router, parent: Router, prefix: Value, lookup: Value, project: Project) -> None:
    """Puts a nested router below `parent`'s view set of that prefix: `parents/{lookup_pk}/`."""
    registered = [viewset for told, viewset, _ in _registered(parent) if told == prefix]
    viewset = registered[0] if registered else UNKNOWN
    name = lookup_name(viewset, project)
    told = f"{lookup}_" if isinstance(lookup, str) and lookup else "nested_1_"
    above = parent.attributes["parent"]
    router.attributes["parent"] = (
        f"{above}{prefix if isinstance(prefix, str) else HOLE}/(?P<{told}{name}>[^/.]+)/"
    )
    router.attributes["trailing_slash"] = parent.attributes["trailing_slash"]


def _registered(router: Router) -> list[tuple[Value, Value, tuple[Module, int] | None]]:
    """Prefix, view set and place of every registration.

    A project's own `register` appends what DRF's does, whose third is a base name and no place.
    """
    registry = router.attributes["registry"]
    entries = (
        [e for e in registry if isinstance(e, tuple) and len(e) == 3] if isinstance(registry, list) else []
    )
    return [
        (prefix, viewset, where if isinstance(where, tuple) else None) for prefix, viewset, where in entries
    ]


def _default_routes(*, bulk: bool) -> list[RouterRoute]:
    return [
        RouterRoute(
            "^{prefix}{trailing_slash}$",
            {"get": "list", "post": "create", **(_BULK if bulk else {})},
            detail=False,
        ),
        RouterRoute("^{prefix}/{url_path}{trailing_slash}$", {}, detail=False, dynamic=True),
        RouterRoute("^{prefix}/{lookup}{trailing_slash}$", dict(_DETAIL), detail=True),
        RouterRoute("^{prefix}/{lookup}/{url_path}{trailing_slash}$", {}, detail=True, dynamic=True),
    ]


def routes_of(router: Router, evaluation: Evaluation) -> list[RouterRoute]:
    """The router's lines: its instance's, or what a project class declares as `routes = [Route(...)]`."""
    if not isinstance(router.cls, Class):
        return list(router.attributes["routes"])
    found = evaluation.project.member(router.cls, "routes")
    if found is None or found[0].module.role == "library":
        return list(router.attributes["routes"])
    declared = evaluation.names.class_attribute(router.cls, "routes")
    return [line for item in declared if (line := _declared_route(item)) is not None] if declared else []


def _declared_route(item: Value) -> RouterRoute | None:
    if isinstance(item, RouterRoute):
        return item
    if not isinstance(item, Called):
        return None
    kind = item.name.rpartition(".")[2]
    fields = ("url", "mapping", "name", "detail") if kind == "Route" else ("url", "name", "detail")
    told = {**dict(zip(fields, item.args, strict=False)), **item.kwargs}
    if kind not in {"Route", "DynamicRoute"} or not isinstance(told.get("url"), str):
        return None
    mapping = told.get("mapping")
    pairs = {k: v for k, v in mapping.items() if isinstance(v, str)} if isinstance(mapping, dict) else {}
    return RouterRoute(told["url"], pairs, detail=told.get("detail") is True, dynamic=kind == "DynamicRoute")


def expand(router: Router, evaluation: Evaluation) -> list[Route]:
    """Every route of a router, in the order in which DRF lists them."""
    evaluation.register_all()
    routes: list[Route] = []
    for prefix, viewset, where in _registered(router):
        if isinstance(viewset, Class):
            place = where or (viewset.module, viewset.line)
            routes.extend(_viewset_routes(router, prefix, viewset, where=place, evaluation=evaluation))
        elif where is not None:
            evaluation.note(*where, "what is registered here is not a class of this tree")
    root = root_view(router, evaluation)
    if root is not None:
        routes.append(Route("^$", "regex", AsView(root, {}), root.module, root.line))
    return routes


def _viewset_routes(
    router: Router,
    prefix: Value,
    viewset: Class,
    *,
    where: tuple[Module, int],
    evaluation: Evaluation,
) -> list[Route]:
    project = evaluation.project
    extra = actions_of(viewset, evaluation)
    slash = router.attributes.get("trailing_slash")
    told = {
        "prefix": router.attributes["parent"] + (prefix if isinstance(prefix, str) else HOLE),
        "lookup": f"(?P<{lookup_name(viewset, project)}>[^/.]+)",
        "trailing_slash": slash if isinstance(slash, str) else "/",
    }
    routes: list[Route] = []
    for line in routes_of(router, evaluation):
        if line.dynamic:
            routes.extend(
                _route(line.url, {**told, "url_path": action.url_path}, action.mapping, viewset, where)
                for action in extra
                if action.detail == line.detail
            )
            continue
        mapping = {
            verb: name for verb, name in line.mapping.items() if project.method(viewset, name) is not None
        }
        if mapping:
            routes.append(_route(line.url, told, mapping, viewset, where))
    return routes


def _route(
    template: str, told: dict[str, str], mapping: dict[str, str], viewset: Class, where: tuple[Module, int]
) -> Route:
    pattern = template
    for name, value in told.items():
        pattern = pattern.replace(f"{{{name}}}", value)
    if not told["prefix"] and pattern.startswith("^/"):
        pattern = "^" + pattern[2:]
    return Route(pattern, "regex", AsView(viewset, {}, mapping), *where)


def lookup_name(viewset: Value, project: Project) -> str:
    """The name of the view set's URL parameter."""
    if isinstance(viewset, Class):
        for attribute in ("lookup_url_kwarg", "lookup_field"):
            symbol = project.member(viewset, attribute)
            value = getattr(symbol[1][-1], "value", None) if symbol else None
            if value is not None and value[0] == ir.CONST and isinstance(value[2], str):
                return value[2]
    return "pk"


def root_view(router: Router, evaluation: Evaluation) -> Class | None:
    """The project's own view at the router's root; DRF's, which only lists links, is left out."""
    found = evaluation.names.attribute(router, "APIRootView")
    return found if isinstance(found, Class) and found.module.role != "library" else None
