"""Django Ninja: operations, routers, the API's place in the URLs."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

from auditor.frameworks import django_ninja
from auditor.frameworks.entry import EntryPoint

Entries = Callable[[ModuleType, str], list[EntryPoint]]
LOOK_ALIKES = {
    "a router that no API has": """
        from ninja import Router

        router = Router()

        @router.get("/no")
        def no(request): ...
        """,
}


@pytest.mark.parametrize("source", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_no_endpoint(entries: Entries, source: str) -> None:
    assert entries(django_ninja, source) == []


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
def test_endpoints(entries: Entries, source: str, expected: dict[str, str]) -> None:
    assert {one.id: one.name for one in entries(django_ninja, source)} == expected


def test_what_decides_who_may_call_runs_before_the_operations_it_guards(entries: Entries) -> None:
    source = """
        from ninja import NinjaAPI
        from ninja.security import HttpBearer

        class Bearer(HttpBearer):
            def authenticate(self, request, token): ...

        def by_key(request): ...

        api = NinjaAPI()

        @api.get("/open")
        def opened(request): ...

        @api.get("/token", auth=Bearer())
        def guarded(request): ...

        @api.get("/either", auth=[by_key, Bearer()])
        def either(request): ...
        """
    found = {e.path: [a.function.name for a in e.around] for e in entries(django_ninja, source)}
    assert found == {"/open": [], "/token": ["authenticate"], "/either": ["by_key", "authenticate"]}
