"""Flask-AppBuilder: exposed methods, base paths."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

from auditor.frameworks import flask_appbuilder
from auditor.frameworks.entry import EntryPoint

Entries = Callable[[ModuleType, str], list[EntryPoint]]
LOOK_ALIKES = {
    "an expose that is another library's": """
        from elsewhere import expose
        from flask_appbuilder import BaseView

        class View(BaseView):
            @expose("/no")
            def no(self): ...
        """,
    "a view of no table, and one whose pages are named somewhere out of sight": """
        from elsewhere import NAMES
        from flask_appbuilder import ModelView
        from flask_appbuilder.models.sqla.interface import SQLAInterface
        from models import Book

        class Nothing(ModelView):
            list_columns = ["name"]

        class Unknown(ModelView):
            datamodel = SQLAInterface(Book)
            include_route_methods = NAMES
        """,
}


@pytest.mark.parametrize("source", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_no_endpoint(entries: Entries, source: str) -> None:
    assert entries(flask_appbuilder, source) == []


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
def test_endpoints(entries: Entries, source: str, expected: dict[str, str]) -> None:
    assert {one.id: one.name for one in entries(flask_appbuilder, source)} == expected
