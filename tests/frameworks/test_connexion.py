"""Connexion: the functions that a description names as what answers its operations."""

from __future__ import annotations

import pytest

from auditor.frameworks import connexion

from .linked import project


def found(files: dict[str, str]) -> dict[str, str]:
    """Endpoint id → dotted name of what answers it."""
    return {e.id: e.name for e in connexion.entry_points(project(files))}


API = """
    openapi: 3.0.0
    servers:
      - url: /v1
    paths:
      /books/{id}:
        get:
          operationId: shop.books.one
          x-more: true
    """
BOOKS = "def one(id): ...\n"
LOOK_ALIKES = {
    "a description that another library serves": {"shop/__init__.py": "import flask\n"},
    "a function that is not there": {
        "shop/__init__.py": "import connexion\n",
        "shop/books.py": "def two(id): ...\n",
    },
    "a name for something else": {"shop/__init__.py": "import connexion\n", "shop/books.py": "one = 1\n"},
    "a method that needs an object": {
        "shop/__init__.py": "import connexion\n\nclass books:\n    def one(self, id): ...\n",
        "shop/books.py": None,
    },
    "no description": {"shop/__init__.py": "import connexion\n", "shop/api.yaml": None},
}


@pytest.mark.parametrize("changed", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_no_endpoint(changed: dict[str, str | None]) -> None:
    files = {"shop/books.py": BOOKS, "shop/api.yaml": API, **changed}
    assert found({path: text for path, text in files.items() if text is not None}) == {}


def test_operations_are_endpoints() -> None:
    files = {
        "shop/__init__.py": "from connexion import FlaskApp\n",
        "shop/books.py": BOOKS,
        "shop/api.yaml": API,
    }
    assert found(files) == {"GET /v1/books/{id}": "shop.books.one"}


def test_what_an_application_is_given_places_them() -> None:
    start = """
        import connexion
        from connexion.resolver import RelativeResolver

        def create():
            app = connexion.FlaskApp(__name__)
            app.add_api("api.yaml", base_path="/old")
            app.add_api("shelves/api.yaml", base_path="/new", resolver=RelativeResolver("shop.shelves"))
            return app
        """
    shelves = """
        openapi: 3.0.0
        paths:
          /shelves:
            get:
              operationId: Shelves.listed
        """
    files = {
        "shop/__init__.py": "",
        "shop/start.py": start,
        "shop/books.py": BOOKS,
        "shop/api.yaml": API,
        "shop/shelves/__init__.py": "class Shelves:\n    @staticmethod\n    def listed(): ...\n",
        "shop/shelves/api.yaml": shelves,
    }
    assert found(files) == {
        "GET /new/shelves": "shop.shelves.Shelves.listed",
        "GET /old/books/{id}": "shop.books.one",
    }


def test_who_is_signed_in_is_asked_first() -> None:
    files = {
        "shop/__init__.py": """
            import connexion
            from flask_login import LoginManager

            login = LoginManager()

            @login.user_loader
            def load(key): ...
            """,
        "shop/books.py": "from flask_login import current_user\n\ndef one(id):\n    return current_user.name\n",
        "shop/api.yaml": API,
    }
    [entry] = connexion.entry_points(project(files))
    assert [a.function.name for a in entry.around] == ["load"]
