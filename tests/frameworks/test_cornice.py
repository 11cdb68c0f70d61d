"""Cornice: services with a function for each HTTP method, resources with a method for each."""

from __future__ import annotations

import pytest

from auditor.frameworks import cornice

from .linked import project


def found(files: dict[str, str]) -> dict[str, str]:
    """Endpoint id → dotted name of what answers it."""
    return {e.id: e.name for e in cornice.entry_points(project(files))}


LOOK_ALIKES = {
    "a service that nothing is tied to": """
        from cornice import Service

        shelves = Service(name="shelves", path="/shelves")
        """,
    "a service of another library": """
        from elsewhere import Service

        shelves = Service(name="shelves", path="/shelves")

        @shelves.get()
        def listed(request): ...
        """,
    "a class that is no resource": """
        from cornice.resource import view

        class Shelf:
            @view(renderer="json")
            def get(self): ...
        """,
}


@pytest.mark.parametrize("source", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_look_alikes_answer_nothing(source: str) -> None:
    assert found({"app.py": source}) == {}


SERVICES = """
    from cornice import Service

    PREFIX = "/api/v1"
    shelves = Service(name="shelves", path=PREFIX + "/shelves", description="All")
    shelf = Service("shelf", PREFIX + "/shelves/{id:.+}")

    def has_name(request, **kwargs): ...

    @shelves.get(permission="read")
    def listed(request): ...

    @shelves.post(validators=(has_name,))
    def added(request): ...

    @shelf.put()
    @shelf.patch()
    def changed(request): ...

    def gone(request): ...

    shelf.add_view("DELETE", gone)
    """


def test_functions_answer_the_methods_of_their_service() -> None:
    assert found({"app.py": SERVICES}) == {
        "GET /api/v1/shelves": "app.listed",
        "POST /api/v1/shelves": "app.added",
        "PUT /api/v1/shelves/{id}": "app.changed",
        "PATCH /api/v1/shelves/{id}": "app.changed",
        "DELETE /api/v1/shelves/{id}": "app.gone",
    }


def test_validators_run_before() -> None:
    entries = {e.id: e for e in cornice.entry_points(project({"app.py": SERVICES}))}
    around = entries["POST /api/v1/shelves"].around
    assert [(a.role, a.function.qualname) for a in around] == [("before", "app.has_name")]


def test_resources_answer_by_their_methods() -> None:
    source = """
    from cornice.resource import resource, view

    class Listed:
        def collection_get(self): ...

    @resource(collection_path="/books", path="/books/{id}", cors_policy=None)
    class Book(Listed):
        def __init__(self, request, context=None):
            self.request = request

        @view(renderer="json")
        def get(self): ...

        @view(renderer="json")
        def collection_post(self): ...

        def title(self): ...
    """
    assert found({"app.py": source}) == {
        "GET /books/{id}": "app.Book.get",
        "GET /books": "app.Book.collection_get",
        "POST /books": "app.Book.collection_post",
    }


def test_a_path_that_is_not_known_is_said_to_be_none() -> None:
    source = """
    import os
    from cornice import Service

    shelves = Service(name="shelves", path=os.environ["SHELVES"])

    @shelves.get()
    def listed(request): ...
    """
    assert found({"app.py": source}) == {"GET /{?}": "app.listed"}
