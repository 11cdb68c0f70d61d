"""Applications of Django whose configuration gives the routes, and views that are looked up by name."""

from tests.frameworks.test_django import found

SETTINGS = {
    "shop/__init__.py": "",
    "shop/settings.py": """
        ROOT_URLCONF = "shop.urls"
        INSTALLED_APPS = ["django.contrib.auth", "shop.config.Shop", "shop.books.apps.Both", "shop.other.apps.Other"]
        """,
    "shop/urls.py": """
        from django.apps import apps
        from django.urls import include, path

        urlpatterns = [path("", include(apps.get_app_config("shop").urls[0]))]
        """,
}
BASE = {
    "shop/core.py": """
        from django.apps import AppConfig

        def get_class(label, name, prefix="shop"):
            return loader()(label, [name], prefix)[0]

        def get_classes(label, names, prefix="shop"):
            return loader()(label, names, prefix)

        class Config(AppConfig):
            namespace = None
            views = ()

            def get_urls(self):
                return []

            @property
            def urls(self):
                return self.get_urls(), self.label, self.namespace
        """,
    "shop/config.py": """
        from django.apps import apps
        from django.urls import path
        from shop.core import Config

        class Shop(Config):
            name = "shop"

            def ready(self):
                self.books_app = apps.get_app_config("books")
                self.gone_app = apps.get_app_config("gone")

            def get_urls(self):
                return [path("books/", self.books_app.urls), path("gone/", self.gone_app.urls)]
        """,
    "shop/books/__init__.py": "",
    "shop/books/apps.py": """
        from django.urls import path
        from shop.core import Config, get_class, get_classes

        class Books(Config):
            label = "books"

            def ready(self):
                super().ready()
                self.list_view = get_class("books.views", "List")
                self.detail_view, self.edit_view = get_classes("books.views", ["Detail", "Edit"])
                self.lost_view = get_class("books.views", "Lost")
                self.named_view = get_class("books.forms", "Named")

            def get_urls(self):
                urls = super().get_urls()
                urls += [
                    path("", self.list_view.as_view()),
                    path("<int:pk>/", self.detail_view.as_view()),
                    path("<int:pk>/edit/", self.edit_view.as_view()),
                    path("lost/", self.lost_view.as_view()),
                    path("named/", self.named_view.as_view()),
                ]
                return urls

        class Both(Books):
            pass

        class Unused(Both):
            def get_urls(self):
                return [path("unused/", self.list_view.as_view())]
        """,
    "shop/books/views.py": """
        from django.views import View
        from shop.books.old import Edit

        class List(View):
            def get(self, request): ...

        class Detail(View):
            def get(self, request, pk): ...
        """,
    "shop/books/old.py": """
        from django.views import View

        class Edit(View):
            def post(self, request, pk): ...
        """,
    "shop/staff/books/views.py": """
        from django.views import View

        class List(View):
            def delete(self, request): ...
        """,
    "shop/other/__init__.py": "",
    "shop/other/apps.py": """
        from django.apps import AppConfig

        class Other(AppConfig):
            name = "shop.other"

            def ready(self):
                raise RuntimeError
        """,
}


def test_routes_of_configurations_are_found_with_the_views_that_are_looked_up() -> None:
    """The class that is installed decides, a name that no module has gives nothing, nor does a label of nobody's."""
    assert found({**SETTINGS, **BASE}) == {
        "GET /books/": "shop.books.views.List.get",
        "GET /books/{pk}/": "shop.books.views.Detail.get",
        "POST /books/{pk}/edit/": "shop.books.old.Edit.post",
    }


def test_without_a_list_the_class_that_builds_on_the_others_decides() -> None:
    settings = {**SETTINGS, "shop/settings.py": 'ROOT_URLCONF = "shop.urls"'}
    assert found({**settings, **BASE}) == {"GET /books/unused/": "shop.books.views.List.get"}


def test_two_modules_of_one_name_at_one_depth_are_not_told_apart() -> None:
    other = dict.fromkeys(("other/__init__.py", "other/books/__init__.py"), "")
    both = {**BASE, **other, "other/books/views.py": BASE["shop/books/views.py"]}
    assert found({**SETTINGS, **both}) == {"POST /books/{pk}/edit/": "shop.books.old.Edit.post"}
