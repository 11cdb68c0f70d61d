"""Flask-AppBuilder: exposed methods, base paths."""

from __future__ import annotations

import textwrap

import pytest

from auditor.frameworks import flask_appbuilder
from auditor.index.lower import lower
from auditor.index.project import Project


def found(files: dict[str, str]) -> dict[str, str]:
    """Endpoint id → dotted name of what answers it."""
    parts = [(path, "app", lower(textwrap.dedent(text).encode())) for path, text in files.items()]
    return {e.id: e.name for e in flask_appbuilder.entry_points(Project(parts))}


LOOK_ALIKES = {
    "an expose that is another library's": """
        from elsewhere import expose
        from flask_appbuilder import BaseView

        class View(BaseView):
            @expose("/no")
            def no(self): ...
        """,
}


@pytest.mark.parametrize("source", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_no_endpoint(source: str) -> None:
    assert found({"app.py": source}) == {}


CASES: dict[str, tuple[str, dict[str, str]]] = {
    "views and APIs, with a base of their own or one that follows from the name": (
        """
        from flask_appbuilder import BaseView, expose
        from flask_appbuilder.api import ModelRestApi

        class Shared(BaseView):
            @expose("/list/")
            def listed(self): ...

        class Reports(Shared):
            route_base = "/reports"

            @expose("/<int:pk>/run", methods=["POST"])
            def run(self, pk): ...

        class Charts(ModelRestApi):
            resource_name = "chart"

            @expose("/<pk>/data", methods=("GET",))
            def data(self, pk): ...
        """,
        {
            "GET /reports/list/": "app.Reports.listed",
            "POST /reports/{pk}/run": "app.Reports.run",
            "GET /api/v1/chart/{pk}/data": "app.Charts.data",
        },
    ),
}


@pytest.mark.parametrize(("source", "expected"), CASES.values(), ids=CASES)
def test_endpoints(source: str, expected: dict[str, str]) -> None:
    assert found({"app.py": source}) == expected
