"""The admin's pages: where the URL configuration puts them, for what is registered, in each of the ways that there are."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from auditor.frameworks import django
from tests.frameworks.linked import project
from tests.trace.rest_project import library

MODELS = """
    from django.db import models

    class Book(models.Model):
        title = models.CharField(max_length=9)

    class Author(models.Model):
        name = models.CharField(max_length=9)
    """
URLS = """
    from django.contrib import admin
    from django.urls import include, path

    urlpatterns = [path("back/office/", admin.site.urls)]
    """
ONE = {
    "GET /back/office/shop/book/",
    "GET /back/office/shop/book/add/",
    "POST /back/office/shop/book/add/",
    "GET /back/office/shop/book/{object_id}/change/",
    "POST /back/office/shop/book/{object_id}/change/",
    "GET /back/office/shop/book/{object_id}/delete/",
    "POST /back/office/shop/book/{object_id}/delete/",
    "GET /back/office/shop/book/{object_id}/history/",
}


def pages(admin: str, **changed: str) -> dict[str, str]:
    """Id → name of every page that is a model's."""
    files: Mapping[str, str] = {
        "shop/__init__.py": "",
        "shop/models.py": MODELS,
        "shop/admin.py": admin,
        "urls.py": URLS,
        **{name.replace("__", "/") + ".py": text for name, text in changed.items()},
    }
    found = django.entry_points(project(files, library()))
    return {entry.id: entry.name for entry in found}


@pytest.mark.parametrize(
    "admin",
    [
        """
        from django.contrib import admin
        from shop.models import Book
        admin.site.register(Book)
        """,
        """
        from django.contrib import admin
        from . import models

        @admin.register(models.Book)
        class BookAdmin(admin.ModelAdmin):
            actions = []
        """,
        """
        from django.contrib.admin import ModelAdmin, site
        from .models import Author, Book

        class BookAdmin(ModelAdmin):
            pass

        for model in (Author, Book):
            site.register(model, BookAdmin)
        site.unregister(Author)
        """,
        """
        from django.contrib import admin
        from elsewhere.admin import Special
        from shop.models import Book

        class BookAdmin(Special):
            pass

        admin.site.register([Book], admin_class=BookAdmin)
        """,
    ],
    ids=["plain", "decorated", "in a loop", "over another library's"],
)
def test_a_registered_model_has_its_pages_where_the_site_is(admin: str) -> None:
    assert set(pages(admin)) == ONE


def test_what_is_registered_on_another_site_is_not_below_this_one() -> None:
    admin = """
        from django.contrib import admin
        from shop.models import Book

        class Site(admin.AdminSite):
            pass

        other = Site(name="other")

        @admin.register(Book, site=other)
        class BookAdmin(admin.ModelAdmin):
            pass
        """
    assert not pages(admin)
    urls = """
        from django.urls import path
        from shop.admin import other

        urlpatterns = [path("back/office/", other.urls)]
        """
    assert set(pages(admin, urls=urls)) == ONE


@pytest.mark.parametrize(
    "how",
    [
        "other.register(Book)",
        "@admin.register(Book, site=other)\n        class Books(admin.ModelAdmin): pass",
    ],
)
def test_a_site_may_be_an_object_of_djangos_own_class(how: str) -> None:
    admin = f"""
        from django.contrib import admin
        from shop.models import Book

        other = admin.AdminSite(name="other")
        {how}
        """
    urls = """
        from django.urls import path
        from shop.admin import other

        urlpatterns = [path("back/office/", other.urls)]
        """
    assert set(pages(admin, urls=urls)) == ONE
    assert not pages(admin)


def test_pages_that_nobody_may_see_are_none_and_actions_and_own_paths_are_some() -> None:
    admin = """
        from django.contrib import admin
        from django.urls import path
        from shop.models import Book

        class BookAdmin(admin.ModelAdmin):
            actions = ["publish"]

            def has_add_permission(self, request):
                return False

            def has_delete_permission(self, request, obj=None):
                return False

            def publish(self, request, queryset):
                queryset.update(title="")

            def get_urls(self):
                own = [path("import/", self.admin_site.admin_view(self.load))]
                return own + super().get_urls()

            def load(self, request):
                return None

        admin.site.register(Book, BookAdmin)
        """
    found = pages(admin)
    refused = {id_ for id_ in ONE if "/add/" in id_ or "/delete/" in id_}
    load = {id_ for id_ in found if id_.endswith("/import/")}
    assert set(found) - load == ONE - refused | {"POST /back/office/shop/book/"}
    assert load == {"ANY /back/office/shop/book/import/"}
    assert found["GET /back/office/shop/book/"] == "shop.admin.BookAdmin.changelist_view"


def test_a_site_of_the_projects_own_has_its_own_paths_too() -> None:
    admin = """
        from django.contrib import admin
        from django.urls import path
        from shop.models import Book

        class Site(admin.AdminSite):
            def get_urls(self):
                return [path("report/", self.admin_view(self.report))] + super().get_urls()

            def report(self, request):
                if request.method == "GET":
                    return None

        other = Site()
        other.register(Book)
        """
    urls = """
        from django.urls import path
        from shop.admin import other

        urlpatterns = [path("back/office/", other.urls)]
        """
    found = django.entry_points(
        project(
            {"shop/__init__.py": "", "shop/models.py": MODELS, "shop/admin.py": admin, "urls.py": urls},
            library(),
        )
    )
    ids = {entry.id: entry for entry in found}
    assert set(ids) >= ONE
    assert any(id_.endswith("/back/office/report/") and e.handler.name == "report" for id_, e in ids.items())


def test_only_what_serves_a_registered_model_is_a_page_of_the_admin() -> None:
    views = """
        from django.contrib.admin import ModelAdmin
        from django.db.models import Model
        from django.views import View

        class Home(View):
            def get(self, request):
                return None
        """
    urls = """
        from django.contrib import admin
        from django.urls import path
        from shop.models import Book
        from shop.views import Home

        admin.site.register(Book)
        urlpatterns = [path("", Home.as_view()), path("back/office/", admin.site.urls)]
        """
    files = {"shop/__init__.py": "", "shop/models.py": MODELS, "shop/views.py": views, "urls.py": urls}
    found = {entry.id: entry.framework for entry in django.entry_points(project(files, library()))}
    assert {id_ for id_, framework in found.items() if framework == "django_admin"} == ONE
    assert found["GET /"] == "django"
