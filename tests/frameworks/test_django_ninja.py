"""Django Ninja: operations, routers, the API's place in the URLs."""

from __future__ import annotations

import textwrap

import pytest

from auditor.frameworks import django_ninja
from auditor.index.lower import lower
from auditor.index.project import Project


def found(files: dict[str, str]) -> dict[str, str]:
    """Endpoint id → dotted name of what answers it."""
    parts = [(path, "app", lower(textwrap.dedent(text).encode())) for path, text in files.items()]
    return {e.id: e.name for e in django_ninja.entry_points(Project(parts))}


LOOK_ALIKES = {
    "a router that no API has": """
        from ninja import Router

        router = Router()

        @router.get("/no")
        def no(request): ...
        """,
}


@pytest.mark.parametrize("source", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_no_endpoint(source: str) -> None:
    assert found({"app.py": source}) == {}


CASES: dict[str, tuple[str, dict[str, str]]] = {
    "an API below a prefix, with routers": (
        """
        from django.urls import path
        from ninja import NinjaAPI, Router

        api = NinjaAPI()
        events = Router()

        @api.get("/items/{int:id}")
        def item(request, id: int): ...

        @api.api_operation(["POST", "PATCH"], "/mixed")
        def mixed(request): ...

        @events.get("/")
        def all_events(request): ...

        api.add_router("/events/", events)
        urlpatterns = [path("api/", api.urls)]
        """,
        {
            "GET /api/items/{id}": "app.item",
            "POST /api/mixed": "app.mixed",
            "PATCH /api/mixed": "app.mixed",
            "GET /api/events/": "app.all_events",
        },
    ),
}


@pytest.mark.parametrize(("source", "expected"), CASES.values(), ids=CASES)
def test_endpoints(source: str, expected: dict[str, str]) -> None:
    assert found({"app.py": source}) == expected
