"""Pyramid: named routes, views that decorators or calls tie to them, what runs around."""

from __future__ import annotations

import pytest

from auditor.frameworks import pyramid

from .linked import project


def found(files: dict[str, str]) -> dict[str, str]:
    """Endpoint id → dotted name of what answers it."""
    return {e.id: e.name for e in pyramid.entry_points(project(files))}


def around(files: dict[str, str], entry: str) -> list[tuple[str, str]]:
    """`(role, function)` of what runs around one endpoint."""
    entries = [e for e in pyramid.entry_points(project(files)) if e.id == entry]
    return [(a.role, a.function.qualname) for a in entries[0].around]


LOOK_ALIKES = {
    "a route without a view": """
        from pyramid.config import Configurator

        def main(**settings):
            config = Configurator(settings=settings)
            config.add_route("no", "/no")
        """,
    "a view without a route": """
        from pyramid.view import view_config
        from pyramid.config import Configurator

        config = Configurator()

        @view_config(route_name="elsewhere")
        def no(request): ...

        @view_config(context=ValueError)
        def failed(error, request): ...
        """,
    "a static route": """
        from pyramid.config import Configurator
        from pyramid.view import view_config

        config = Configurator()
        config.add_route("no", "https://elsewhere.example", static=True)

        @view_config(route_name="no")
        def no(request): ...
        """,
    "an add_route that is not Pyramid's": """
        import pyramid

        class Table:
            def add_route(self, name, path): ...
            def add_view(self, view, route_name): ...

        def no(request): ...
        Table().add_route("no", "/no")
        Table().add_view(no, "no")
        """,
}


@pytest.mark.parametrize("source", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_no_endpoint(source: str) -> None:
    assert found({"app.py": source}) == {}


CASES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "includes with prefixes, defaults of a class, methods": (
        {
            "app/__init__.py": """
                from pyramid.config import Configurator

                def main(global_config, **settings):
                    config = Configurator(settings=settings)
                    config.include("app.routes")
                    config.include(".admin", route_prefix="/admin")
                    config.scan()
                    return config.make_wsgi_app()
                """,
            "app/routes.py": """
                def includeme(config):
                    config.add_route("home", "/")
                    config.add_route("book", "/books/{id:[a-z]{2,3}}")
                    config.add_route("files", "/files/*path")
                    config.add_route("only_get", "/get", request_method="GET")
                """,
            "app/admin.py": """
                def includeme(config):
                    config.add_route("users", "/users")
                    config.add_view("app.views.users", route_name="users", request_method=("GET", "POST"))
                """,
            "app/views.py": """
                from pyramid.view import view_config, view_defaults

                @view_config(route_name="home")
                @view_config(route_name="only_get")
                def home(request): ...

                @view_config(route_name="files", request_method="GET")
                def files(request): ...

                def users(request): ...

                @view_defaults(route_name="book", renderer="json")
                class Book:
                    def __init__(self, request): ...

                    @view_config(request_method="GET")
                    def read(self): ...

                    @view_config(request_method="PUT")
                    def update(self): ...

                @view_config(route_name="book", attr="remove", request_method="DELETE")
                class Remover:
                    def remove(self): ...
                """,
        },
        {
            "ANY /": "app.views.home",
            "GET /get": "app.views.home",
            "GET /files/{path}": "app.views.files",
            "GET /books/{id}": "app.views.Book.read",
            "PUT /books/{id}": "app.views.Book.update",
            "DELETE /books/{id}": "app.views.Remover.remove",
            "GET /admin/users": "app.views.users",
            "POST /admin/users": "app.views.users",
        },
    ),
    "a decorator of the project on venusian": (
        {
            "app.py": """
                import venusian
                from pyramid.config import Configurator

                def add_api_view(config, view, versions, **options):
                    for version in versions:
                        config.add_view(view=view, accept=version, **options)

                def api_config(versions, **options):
                    def callback(context, _name, view):
                        add_api_view(context.config, view, versions, **options)

                    def wrapper(wrapped):
                        venusian.attach(wrapped, callback)
                        return wrapped
                    return wrapper

                @api_config(["v1", "v2"], route_name="search", request_method="POST")
                def search(request): ...

                config = Configurator()
                config.add_route("search", "/search")
                """
        },
        {"POST /search": "app.search"},
    ),
}


@pytest.mark.parametrize(("files", "expected"), CASES.values(), ids=CASES)
def test_endpoints(files: dict[str, str], expected: dict[str, str]) -> None:
    assert found(files) == expected


def test_around_a_view() -> None:
    files = {
        "app.py": """
            from pyramid.config import Configurator
            from pyramid.view import view_config

            class Root:
                def __init__(self, request): ...
                def __getitem__(self, key): ...

            class Policy:
                def permits(self, request, context, permission): ...

            def tween_factory(handler, registry):
                def tween(request):
                    return handler(request)
                return tween

            def logged(view):
                def log(context, request):
                    return view(context, request)
                return log

            class Views:
                def __init__(self, request): ...

                @view_config(route_name="book", permission="read", decorator=logged)
                def read(self): ...

            config = Configurator()
            config.add_tween("app.tween_factory")
            config.set_security_policy(Policy())
            config.add_route("book", "/books/{id}", factory="app:Root", traverse="/{id}")
            """
    }
    assert around(files, "ANY /books/{id}") == [
        ("middleware", "app.tween_factory.<locals>.tween"),
        ("dependency", "app.Root.__init__"),
        ("dependency", "app.Root.__getitem__"),
        ("permission", "app.Policy.permits"),
        ("before", "app.Views.__init__"),
        ("before", "app.logged.<locals>.log"),
    ]


TREE = """
    from pyramid.config import Configurator
    from pyramid.httpexceptions import HTTPNotFound
    from pyramid.view import view_config

    class Shelf:
        def __init__(self, key): ...

    class Root:
        def __init__(self, request): ...
        def __getitem__(self, key): return Shelf(key)

    class Lost(Exception): ...

    @view_config(context=Root, renderer="json")
    def home(context, request): ...

    @view_config(context=Shelf, request_method="GET")
    def shelf(context, request): ...

    @view_config(context=Shelf, name="edit", request_method=("GET", "POST"))
    def edit(context, request): ...

    @view_config(context=HTTPNotFound)
    def missing(context, request): ...

    @view_config(context=Lost)
    def lost(context, request): ...

    @view_config(route_name="plain", context=Shelf)
    def plain(context, request): ...

    config = Configurator({factory})
    config.add_route("plain", "/plain")
    """


def test_views_without_a_route_are_found_by_walking_through_resources() -> None:
    source = TREE.replace("{factory}", "root_factory=Root")
    assert {e.id: e.name for e in pyramid.entry_points(project({"app.py": source}))} == {
        "ANY /": "app.home",
        "GET /{traverse}": "app.shelf",
        "GET /{traverse}/edit": "app.edit",
        "POST /{traverse}/edit": "app.edit",
        "ANY /plain": "app.plain",
    }
    assert around({"app.py": source}, "GET /{traverse}") == [
        ("dependency", "app.Root.__init__"),
        ("dependency", "app.Root.__getitem__"),
    ]


def test_the_root_of_a_registry_that_is_set_up_by_hand_is_known() -> None:
    source = TREE.replace("{factory}", "registry=REGISTRY").replace(
        'config.add_route("plain"', 'config.setup_registry(root_factory=Root)\n    config.add_route("plain"'
    )
    assert "POST /{traverse}/edit" in {e.id for e in pyramid.entry_points(project({"app.py": source}))}


def test_without_a_root_nothing_is_walked_through() -> None:
    source = TREE.replace("{factory}", "")
    assert [e.id for e in pyramid.entry_points(project({"app.py": source}))] == ["ANY /plain"]


SHOWN = """
    from pyramid.config import Configurator
    from pyramid.view import view_config, view_defaults

    class Shop: ...

    class Root:
        def __init__(self, request): ...

    class Shops:
        def __init__(self, request): ...
        def __getitem__(self, name): ...

    config = Configurator()
    config.add_route("shop", "/{name}", factory=Shops, traverse="/{name}")
    config.add_route("root", "/", factory=Root)
    config.add_route("plain", "/plain")

    @view_config(route_name="shop", renderer="shop:pages/one.html")
    def one(shop, request): ...

    @view_config(route_name="plain", context=Shop, renderer="json")
    def asked(shop, request): ...

    @view_defaults(route_name="root", renderer="root.html")
    class Views:
        @view_config(request_method="GET")
        def get(self): ...
        @view_config(request_method="POST", renderer=render)
        def post(self): ...
    """


def test_a_view_has_its_renderer_and_what_it_is_asked_for() -> None:
    entries = {e.id: e for e in pyramid.entry_points(project({"app.py": SHOWN}))}
    shown = {key: (e.renderer, getattr(e.resource, "function", e.resource)) for key, e in entries.items()}
    assert {k: (r, None if x is None else x.name) for k, (r, x) in shown.items()} == {
        "ANY /{name}": ("shop:pages/one.html", "__getitem__"),
        "ANY /plain": ("json", "Shop"),
        "GET /": ("root.html", "Root"),
        "POST /": ("", "Root"),
    }
