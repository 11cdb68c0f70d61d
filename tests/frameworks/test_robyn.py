"""Robyn: applications, sub-routers, hooks."""

from __future__ import annotations

import textwrap

import pytest

from auditor.frameworks import robyn
from auditor.index.lower import lower
from auditor.index.project import Project


def found(files: dict[str, str]) -> dict[str, str]:
    """Endpoint id → dotted name of what answers it."""
    parts = [(path, "app", lower(textwrap.dedent(text).encode())) for path, text in files.items()]
    return {e.id: e.name for e in robyn.entry_points(Project(parts))}


def around(files: dict[str, str], entry: str) -> list[tuple[str, str]]:
    """`(role, function)` of what runs around one endpoint."""
    parts = [(path, "app", lower(textwrap.dedent(text).encode())) for path, text in files.items()]
    entries = [e for e in robyn.entry_points(Project(parts)) if e.id == entry]
    return [(a.role, a.function.qualname) for a in entries[0].around]


LOOK_ALIKES = {
    "a dictionary's get": """
        import robyn

        app = {}
        app.get("/no")
        """,
}


@pytest.mark.parametrize("source", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_no_endpoint(source: str) -> None:
    assert found({"app.py": source}) == {}


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
def test_endpoints(source: str, expected: dict[str, str]) -> None:
    assert found({"app.py": source}) == expected


def test_what_runs_around() -> None:
    source = """
        from robyn import Robyn

        app = Robyn(__file__)

        @app.before_request("/")
        async def load(request): ...

        @app.get("/")
        async def home(request): ...
    """
    expected = [("before", "app.load")]
    assert around({"app.py": source}, "GET /") == expected
