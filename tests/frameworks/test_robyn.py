"""Robyn: applications, sub-routers, hooks."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

from auditor.frameworks import robyn
from auditor.frameworks.entry import EntryPoint

Entries = Callable[[ModuleType, str], list[EntryPoint]]
LOOK_ALIKES = {
    "a dictionary's get": """
        import robyn

        app = {}
        app.get("/no")
        """,
}


@pytest.mark.parametrize("source", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_no_endpoint(entries: Entries, source: str) -> None:
    assert entries(robyn, source) == []


CASES: dict[str, tuple[str, dict[str, str]]] = {
    "prefixes of included routers are joined": (
        """
        from robyn import Robyn, SubRouter

        app = Robyn(__file__)
        api = SubRouter(__file__, prefix="/api")
        admin = SubRouter(__file__, "/admin")

        @app.get("/users/:id")
        async def user(request): ...

        @admin.delete("/users/:id")
        async def remove(request): ...

        api.include_router(admin)
        app.include_router(api)
        """,
        {
            "GET /users/{id}": "app.user",
            "DELETE /api/admin/users/{id}": "app.remove",
        },
    ),
}


@pytest.mark.parametrize(("source", "expected"), CASES.values(), ids=CASES)
def test_endpoints(entries: Entries, source: str, expected: dict[str, str]) -> None:
    assert {one.id: one.name for one in entries(robyn, source)} == expected


def test_what_runs_around(entries: Entries) -> None:
    source = """
        from robyn import Robyn

        app = Robyn(__file__)

        @app.before_request("/")
        async def load(request): ...

        @app.get("/")
        async def home(request): ...
    """
    expected = [("before", "app.load")]
    (found,) = (one for one in entries(robyn, source) if one.id == "GET /")
    assert [(a.role, a.function.qualname) for a in found.around] == expected
