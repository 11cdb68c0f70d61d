"""Django: what looks like a route and is none, then URL configurations from their roots down."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

import auditor
from auditor.frameworks import django
from auditor.index.lower import lower
from auditor.index.project import Project

LIBRARY = Path(auditor.__file__).parent / "frameworks" / "library"
MODELS = [
    (f"<library>/{path.relative_to(LIBRARY).as_posix()}", "library", lower(path.read_bytes()))
    for path in sorted(LIBRARY.rglob("*.py"))
]
SETTINGS = {"site/__init__.py": "", "site/settings.py": "ROOT_URLCONF = 'site.urls'"}
VIEWS = """
    from django.views import View

    def index(request): ...
    def book(request, pk): ...
    def shelf(request): ...
    class Books(View):
        def get(self, request): ...
        def post(self, request): ...
    """


def project(files: dict[str, str], role: str = "app") -> Project:
    own = [(path, role, lower(textwrap.dedent(text).encode())) for path, text in files.items()]
    return Project([*own, *MODELS])


def found(files: dict[str, str]) -> dict[str, str]:
    """Endpoint id → dotted name of what answers it."""
    return {e.id: e.name for e in django.entry_points(project(files))}


def below(urls: str, **more: str) -> dict[str, str]:
    """What a site with these root URLs and `site/views.py` serves."""
    files = {
        **SETTINGS,
        "site/views.py": VIEWS,
        "site/urls.py": textwrap.dedent(HEAD) + textwrap.dedent(urls),
    }
    return found({**files, **{name.replace("__", "/") + ".py": text for name, text in more.items()}})


HEAD = """
from django.conf import settings
from django.urls import include, path, re_path
from site import views
"""

LOOK_ALIKES = {
    "a commented route": "urlpatterns = [\n# path('no/', views.index),\n]",
    "another `path`": "from os import path\nurlpatterns = [path('no/', views.index)]",
    "another name": "patterns = [path('no/', views.index)]\nurlpatterns = []",
    "a function of that name": "def urlpatterns():\n    return [path('no/', views.index)]",
    "a local": "def f():\n    urlpatterns = [path('no/', views.index)]\nurlpatterns = []",
    "a branch that never runs": "urlpatterns = []\nif False:\n    urlpatterns += [path('no/', views.index)]",
    "overwritten": "urlpatterns = [path('no/', views.index)]\nurlpatterns = []",
    "the admin": "from django.contrib import admin\nurlpatterns = [path('admin/', admin.site.urls)]",
    "static files": "from django.conf.urls.static import static\nurlpatterns = static(settings.MEDIA_URL)",
    "a library's routes": "urlpatterns = [path('accounts/', include('allauth.urls'))]",
    "a bare class": "urlpatterns = [path('no/', views.Missing.as_view)]",
    "a loop over what is not known": (
        "urlpatterns = []\nfor name in load():\n    urlpatterns.append(path(name, views.index))"
    ),
    "websockets": "websocket_urlpatterns = [path('ws/', views.index)]\nurlpatterns = []",
}


@pytest.mark.parametrize("urls", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_what_only_looks_like_a_route_is_none(urls: str) -> None:
    assert below(urls) == {}


def test_a_configuration_that_no_root_reaches_is_not_served() -> None:
    other = HEAD + "urlpatterns = [path('no/', views.index)]"
    assert list(below("urlpatterns = [path('yes/', views.index)]", site__unused_urls=other)) == ["ANY /yes/"]


def test_the_configuration_of_tests_is_not_served() -> None:
    files = {"tests/urls.py": HEAD + "urlpatterns = [path('no/', views.index)]", "site/views.py": VIEWS}
    assert django.entry_points(project(files, role="test")) == []


def test_a_tree_without_django_costs_nothing() -> None:
    assert found({"app.py": "from flask import Flask\napp = Flask(__name__)"}) == {}


CASES = {
    "a function": ("[path('books/', views.index)]", {"ANY /books/": "site.views.index"}),
    "keywords": ("[path(route='books/', view=views.index)]", {"ANY /books/": "site.views.index"}),
    "a regular expression": (
        r"[re_path(r'^books/(?P<pk>\d+)/$', views.book)]",
        {"ANY /books/{pk}/": "site.views.book"},
    ),
    "a class": (
        "[path('books', views.Books.as_view(template_name='x'))]",
        {"GET /books": "site.views.Books.get", "POST /books": "site.views.Books.post"},
    ),
    "a dotted string": ("[path('', 'site.views.index')]", {"ANY /": "site.views.index"}),
    "a decorated view": (
        "[path('a', csrf_exempt(views.index)), path('b', cache_page(60)(never_cache(views.shelf)))]",
        {"ANY /a": "site.views.index", "ANY /b": "site.views.shelf"},
    ),
    "a decorator that leaves one method": (
        "[path('a', require_POST(views.index))]",
        {"POST /a": "site.views.index"},
    ),
    "a partial": ("[path('a', partial(views.index, x=1))]", {"ANY /a": "site.views.index"}),
    "an inner list": (
        "[path('a/', include([path('b/', views.index), path('c/', views.shelf)]))]",
        {"ANY /a/b/": "site.views.index", "ANY /a/c/": "site.views.shelf"},
    ),
    "a tuple with its namespace": (
        "[path('a/', include(([path('b/', views.index)], 'app'), namespace='x'))]",
        {"ANY /a/b/": "site.views.index"},
    ),
    "languages": (
        "i18n_patterns(path('a/', views.index)) + [path('b/', views.shelf)]",
        {"ANY /{language}/a/": "site.views.index", "ANY /b/": "site.views.shelf"},
    ),
    "languages without a prefix for the first": (
        "i18n_patterns(path('a/', views.index), prefix_default_language=False)",
        {"ANY /a/": "site.views.index"},
    ),
    "a translated route": ("[path(_('a/'), views.index)]", {"ANY /a/": "site.views.index"}),
    "a comprehension": (
        "[path(f'{name}/', views.index) for name in ('a', 'b') if name != 'c']",
        {"ANY /a/": "site.views.index", "ANY /b/": "site.views.index"},
    ),
    "the first of two routes with one path": (
        "[path('a', views.index), path('a', views.shelf)]",
        {"ANY /a": "site.views.index"},
    ),
    "a library's view": ("[path('a', View.as_view())]", {}),
    "a redirect": (
        "[path('a', RedirectView.as_view(url='/b'))]",
        {"GET /a": "django.views.generic.base.RedirectView.get"},
    ),
    "a view of a library that is not modelled": (
        "[path('a', TokenView.as_view())]",
        {"ANY /a": "oauth2_provider.views.TokenView"},
    ),
}
IMPORTS = """
from functools import partial
from django.conf.urls.i18n import i18n_patterns
from django.utils.translation import gettext_lazy as _
from django.views import View
from django.views.decorators.cache import cache_page, never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from django.views.generic import RedirectView
from oauth2_provider.views import TokenView
"""


@pytest.mark.parametrize(("expression", "expected"), CASES.values(), ids=CASES)
def test_routes(expression: str, expected: dict[str, str]) -> None:
    assert below(f"{IMPORTS}\nurlpatterns = {expression}") == expected


def test_lists_grow_in_every_way() -> None:
    ours = below("""
        first = [path('a', views.index)]
        urlpatterns = first + [path('b', views.index)]
        urlpatterns += (path('c', views.index),)
        urlpatterns.append(path('d', views.index))
        urlpatterns.extend([path('e', views.index)])
        urlpatterns.insert(0, path('f', views.index))
        urlpatterns = [path('v1/', include(urlpatterns))]
        """)
    assert list(ours) == [f"ANY /v1/{name}" for name in "fabcde"]


def test_lists_of_a_library_leave_those_of_the_project() -> None:
    ours = below("""
        from auth_backends.urls import oauth2_urlpatterns
        from elsewhere import more

        urlpatterns = oauth2_urlpatterns + [path('a', views.index)]
        urlpatterns = urlpatterns + more('x')
        urlpatterns += [path('b', views.index)]
        """)
    assert list(ours) == ["ANY /a", "ANY /b"]


def test_a_router_has_what_is_registered_when_applications_are_ready() -> None:
    files = {
        "site/settings.py": "ROOT_URLCONF = 'asite.urls'",
        "asite/api.py": "from rest_framework.routers import DefaultRouter\nrouter = DefaultRouter()",
        "asite/urls.py": """
            from django.contrib import admin
            from django.urls import include, path
            from asite.api import router
            urlpatterns = [path('api/', include((router.urls, 'api')))]
            admin.site.site_header = 'Books'
            """,
        "books/__init__.py": "",
        "books/apps.py": """
            from django.apps import AppConfig
            class BooksConfig(AppConfig):
                name = 'books'
                def ready(self):
                    from asite.api import router
                    from books.views import Books
                    router.register('books', Books, basename='book')
            """,
        "books/views.py": """
            from rest_framework import viewsets
            class Books(viewsets.ViewSet):
                def list(self, request): ...
            """,
    }
    assert found(files) == {"GET /api/books/": "books.views.Books.list"}


def test_both_sides_of_a_setting_count() -> None:
    ours = below("""
        urlpatterns = [path('a', views.index)]
        if settings.DEBUG:
            urlpatterns += [path('b', views.index)]
        elif settings.ADMIN:
            urlpatterns.append(path('c', views.index))
        else:
            urlpatterns = urlpatterns + [path('d', views.index)]
        """)
    assert set(ours) == {"ANY /a", "ANY /b", "ANY /c", "ANY /d"}


def test_a_prefix_from_the_settings_is_told_as_shipped() -> None:
    settings = "import os\nROOT_URLCONF = 'site.urls'\nBASE = os.environ.get('BASE', 'base/')\n"
    urls = HEAD + "urlpatterns = [path(settings.BASE, include([path('a', views.index)]))]"
    files = {
        "site/__init__.py": "",
        "site/settings.py": settings,
        "site/views.py": VIEWS,
        "site/urls.py": urls,
    }
    assert list(found(files)) == ["ANY /base/a"]


def test_a_prefix_that_a_condition_sets_again_is_told_as_it_was_before() -> None:
    ours = below("""
        prefix = ''
        if base := urlparse(settings.SITE_ROOT).path:
            prefix = f'{base}/'
        urlpatterns = [path(prefix, include([path('a', views.index)])), path(f'{prefix}b', views.index)]
        """)
    assert set(ours) == {"ANY /a", "ANY /b"}


def test_included_modules_by_name_by_module_and_relative() -> None:
    inner = "from django.urls import path\nfrom . import views\nurlpatterns = [path('x', views.x)]"
    files = {
        **SETTINGS,
        "site/urls.py": """
            from django.urls import include, path
            import books.urls
            from shelves import urls as shelf_urls
            urlpatterns = [
                path('a/', include('books.urls')),
                path('b/', include(books.urls, namespace='b')),
                path('c/', include(shelf_urls)),
                path('c/', include(('shelves.urls', 'shelves'), namespace='again')),
            ]
            """,
        "books/__init__.py": "",
        "books/urls.py": inner,
        "books/views.py": "def x(request): ...",
        "shelves/__init__.py": "",
        "shelves/urls.py": inner,
        "shelves/views.py": "def x(request): ...",
    }
    assert found(files) == {
        "ANY /a/x": "books.views.x",
        "ANY /b/x": "books.views.x",
        "ANY /c/x": "shelves.views.x",
    }


def test_without_settings_every_configuration_that_none_includes_is_a_root() -> None:
    urls = "from django.urls import include, path\nfrom app import views\n"
    files = {
        "app/__init__.py": "",
        "app/views.py": "def a(request): ...",
        "app/urls.py": urls + "urlpatterns = [path('in/', include('app.inner')), path('a', views.a)]",
        "app/inner.py": urls + "urlpatterns = [path('b', views.a)]",
    }
    assert list(found(files)) == ["ANY /in/b", "ANY /a"]


def test_includes_in_a_circle_end() -> None:
    ours = below(
        "urlpatterns = [path('a', views.index), path('in/', include('site.again'))]",
        site__again="from django.urls import include, path\nurlpatterns = [path('x/', include('site.urls'))]",
    )
    assert {"ANY /a", "ANY /in/x/a"} <= set(ours)
    assert len(ours) == 2


def test_one_configuration_may_be_included_often() -> None:
    ours = below(
        "urlpatterns = [path('a/', include('site.inner')), path('b/', include('site.inner')), path('c/', include('site.inner'))]",
        site__inner="from django.urls import path\nfrom site import views\nurlpatterns = [path('x', views.index)]",
    )
    assert list(ours) == ["ANY /a/x", "ANY /b/x", "ANY /c/x"]


def test_includes_that_double_end_and_say_so() -> None:
    head = "from django.urls import include, path\nfrom site import views\nurlpatterns = ["
    twice = "path('a/', include('site.u{0}')), path('b/', include('site.u{0}'))]"
    files = {
        **SETTINGS,
        "site/views.py": VIEWS,
        "site/urls.py": f"{head}path('a', views.index), path('x/', include('site.urls')), path('y/', include('site.urls')), {twice.format(0)}",
        **{f"site/u{n}.py": head + twice.format(n + 1) for n in range(30)},
        "site/u30.py": head + "path('deep', views.index)]",
    }
    entries, unread = django.read(project(files))
    assert "/a" in {entry.path for entry in entries}
    assert [(item.file, item.line) for item in unread] == [("site/urls.py", 1)]
    assert "more than 20,000 routes" in unread[0].reason


def test_routes_of_the_old_form() -> None:
    ours = below("""
        from django.conf.urls import patterns, url
        urlpatterns = patterns('site.views',
            url(r'^a/$', 'index'),
            (r'^b/$', 'shelf', {'x': 1}),
        )
        urlpatterns += patterns('', url(r'^c/$', 'site.views.index'))
        """)
    assert ours == {
        "ANY /a/": "site.views.index",
        "ANY /b/": "site.views.shelf",
        "ANY /c/": "site.views.index",
    }


def test_a_helper_that_makes_routes_is_followed() -> None:
    ours = below("""
        def crud(name, view, *, delete=True):
            routes = [path(f'{name}/', view), path(f'{name}/<int:pk>/', view)]
            if delete:
                routes.append(path('%s/<int:pk>/delete/' % name, view))
            return routes

        shelves = crud('shelves', views.shelf, delete=False)
        urlpatterns = [*crud('books', views.index), path('x/', include(shelves))]
        """)
    assert list(ours) == [
        "ANY /books/",
        "ANY /books/{pk}/",
        "ANY /books/{pk}/delete/",
        "ANY /x/shelves/",
        "ANY /x/shelves/{pk}/",
    ]


def test_a_registry_that_decorators_fill_is_followed() -> None:
    files = {
        **SETTINGS,
        "site/registry.py": """
            import collections
            registry = {'views': collections.defaultdict(list)}

            def register(model, name='', detail=True):
                def wrapper(cls):
                    registry['views'][model].append({'view': cls, 'name': name, 'detail': detail})
                    return cls
                return wrapper
            """,
        "site/views.py": """
            from django.views import View
            from site.registry import register

            @register('book', 'edit')
            class Edit(View):
                def post(self, request, pk): ...

            @register('book', detail=False)
            class List(View):
                def get(self, request): ...
            """,
        "site/urls.py": """
            from django.urls import include, path
            from site.registry import registry

            def urls_of(model, detail=True):
                paths = []
                for entry in [e for e in registry['views'][model] if e['detail'] == detail]:
                    route = f"{entry['name']}/" if entry['name'] else ''
                    paths.append(path(route, entry['view'].as_view()))
                return paths

            urlpatterns = [
                path('books/', include(urls_of('book', detail=False))),
                path('books/<int:pk>/', include(urls_of('book'))),
            ]
            """,
    }
    assert found(files) == {
        "GET /books/": "site.views.List.get",
        "POST /books/{pk}/edit/": "site.views.Edit.post",
    }


def test_views_registered_for_models_when_the_application_is_ready() -> None:
    files = {
        **SETTINGS,
        "site/registry.py": (
            "views = {}\ndef add(model, view):\n"
            "    views.setdefault(model._meta.label_lower, []).append(view)"
        ),
        "site/views.py": "def log(request, pk): ...",
        "site/urls.py": """
            from django.urls import path
            from site import registry
            views = registry.views
            urlpatterns = [path(f'{label}/log', view) for label in views for view in views[label]]
            """,
        "books/__init__.py": "",
        "books/apps.py": """
            from django.apps import AppConfig
            class BooksConfig(AppConfig):
                name = 'books'
                def ready(self):
                    from site.registry import add
                    from site.views import log
                    for model in self.get_models():
                        if issubclass(model, Logged):
                            add(model, log)
            from .models import Logged
            """,
        "books/models.py": """
            from django.db import models
            class Logged(models.Model):
                class Meta:
                    abstract = True
            class Book(Logged): ...
            class Draft(models.Model): ...
            """,
    }
    assert found(files) == {"ANY /books.book/log": "site.views.log"}


CLASSES = """
    from django.views import View
    from django.views.generic import CreateView, DeleteView, DetailView, FormView, ListView, TemplateView

    class Mixin:
        def delete(self, request): ...
    class Plain(Mixin, View):
        def get(self, request): ...
        post = get
    class Narrow(Plain):
        http_method_names = ['get', 'options']
    class Heads(View):
        def head(self, request): ...
    class Own(View):
        def dispatch(self, request): ...
    class Page(TemplateView): ...
    class List(ListView): ...
    class Detail(DetailView): ...
    class Form(FormView): ...
    class Create(CreateView): ...
    class Delete(DeleteView): ...
    """
METHODS = {
    "Plain": ["GET", "POST", "DELETE"],
    "Narrow": ["GET"],
    "Heads": ["HEAD"],
    "Own": ["ANY"],
    "Page": ["GET"],
    "List": ["GET"],
    "Detail": ["GET"],
    "Form": ["GET", "POST"],
    "Create": ["GET", "POST"],
    "Delete": ["GET", "POST"],
}


@pytest.mark.parametrize(("name", "methods"), METHODS.items(), ids=METHODS)
def test_methods_of_a_class(name: str, methods: list[str]) -> None:
    urls = HEAD + f"urlpatterns = [path('x', views.{name}.as_view())]"
    entries = django.entry_points(project({**SETTINGS, "site/views.py": CLASSES, "site/urls.py": urls}))
    assert [e.method for e in entries] == methods
    assert all(e.receiver is not None and e.receiver.name == name for e in entries)
    assert all(e.file == "site/views.py" for e in entries)


def test_what_cannot_be_read_is_said() -> None:
    urls = """
        from django.contrib import admin
        urlpatterns = [
            path('admin/', admin.site.urls),
            path('x/', include('elsewhere.urls')),
        ]
        """
    files = {**SETTINGS, "site/views.py": VIEWS, "site/urls.py": HEAD + textwrap.dedent(urls)}
    told = [(item.file, item.line, item.reason) for item in django.unread(project(files))]
    assert [(file, reason) for file, _, reason in told] == [
        ("site/urls.py", "elsewhere.urls is included from outside this tree"),
    ]
    assert [line for _, line, _ in told] == [9]


@pytest.mark.parametrize(
    "urls",
    [
        (
            "urlpatterns = []\nfor a in range(900):\n    for b in range(900):\n"
            "        for c in range(900):\n            x = a"
        ),
        "def f(n):\n    return f(n) + f(n)\nurlpatterns = f(1)",
        "x = 'a'\nfor n in range(100):\n    x = x + x\nurlpatterns = [path(x, views.index)]",
        "urlpatterns = urlpatterns + urlpatterns",
        "class A(A): ...\nurlpatterns = [path('a', A.as_view())]",
    ],
)
def test_hostile_configurations_end(urls: str) -> None:
    assert len(below(urls)) <= 1
