"""Django REST framework: look-alikes, then routers, view sets, actions and what is asked before a view."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

import auditor
from auditor.frameworks import django
from auditor.frameworks.entry import EntryPoint
from auditor.index.lower import lower
from auditor.index.project import Project

LIBRARY = Path(auditor.__file__).parent / "frameworks" / "library"
MODELS = [
    (f"<library>/{path.relative_to(LIBRARY).as_posix()}", "library", lower(path.read_bytes()))
    for path in sorted(LIBRARY.rglob("*.py"))
]
VIEWS = """
    from rest_framework import generics, mixins, viewsets
    from rest_framework.decorators import action, api_view
    from rest_framework.views import APIView

    class Books(viewsets.ModelViewSet):
        @action(detail=True, methods=['post'])
        def publish(self, request, pk=None): ...
        @publish.mapping.delete
        def unpublish(self, request, pk=None): ...
        @action(detail=False, url_path='best-of')
        def best(self, request): ...
    class Shelves(viewsets.ReadOnlyModelViewSet):
        lookup_field = 'slug'
    class Inbox(mixins.CreateModelMixin, viewsets.GenericViewSet): ...
    class Bare(viewsets.ViewSet):
        lookup_url_kwarg = 'number'
        def list(self, request): ...
        def retrieve(self, request, number): ...
        def helper(self, request): ...
    class One(generics.RetrieveUpdateAPIView): ...
    class Raw(APIView):
        def post(self, request): ...
    """
HEAD = """
from django.urls import include, path
from rest_framework.routers import DefaultRouter, DynamicRoute, Route, SimpleRouter
from rest_framework_nested.routers import NestedSimpleRouter
from site import views
"""


def entries(files: dict[str, str]) -> list[EntryPoint]:
    own = {
        "site/__init__.py": "",
        "site/settings.py": "ROOT_URLCONF = 'site.urls'",
        "site/views.py": VIEWS,
        **files,
    }
    summaries = [(path, "app", lower(textwrap.dedent(text).encode())) for path, text in own.items()]
    return django.entry_points(Project([*summaries, *MODELS]))


def found(urls: str) -> dict[str, str]:
    ours = entries({"site/urls.py": HEAD + textwrap.dedent(urls)})
    assert all(e.framework == "rest_framework" for e in ours)
    return {e.id: e.name.removeprefix("site.views.") for e in ours}


LOOK_ALIKES = {
    "a router that is not mounted": (
        "router = DefaultRouter()\nrouter.register('no', views.Shelves)\nurlpatterns = []"
    ),
    "another `register`": "plugins = Plugins()\nplugins.register('no', views.Shelves)\nurlpatterns = []",
    "an empty router": "urlpatterns = DefaultRouter().urls",
    "a commented registration": (
        "router = DefaultRouter()\n# router.register('no', views.Shelves)\nurlpatterns = router.urls"
    ),
    "a view set of a library": (
        "from x import Y\nrouter = SimpleRouter()\nrouter.register('no', Y)\nurlpatterns = router.urls"
    ),
}


@pytest.mark.parametrize("urls", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_what_only_looks_like_an_endpoint_is_none(urls: str) -> None:
    assert found(urls) == {}


SHELVES = {"GET /shelves/": "Shelves.list", "GET /shelves/{slug}/": "Shelves.retrieve"}
CASES = {
    "a model view set with actions": (
        (
            "router.register(r'books', views.Books, basename='book')\n"
            "urlpatterns = [path('api/', include(router.urls))]"
        ),
        {
            "GET /api/books/": "Books.list",
            "POST /api/books/": "Books.create",
            "GET /api/books/best-of/": "Books.best",
            "GET /api/books/{pk}/": "Books.retrieve",
            "PUT /api/books/{pk}/": "Books.update",
            "PATCH /api/books/{pk}/": "Books.partial_update",
            "DELETE /api/books/{pk}/": "Books.destroy",
            "POST /api/books/{pk}/publish/": "Books.publish",
            "DELETE /api/books/{pk}/publish/": "Books.unpublish",
        },
    ),
    "a lookup of its own": ("router.register('shelves', views.Shelves)\nurlpatterns = router.urls", SHELVES),
    "keywords": (
        "router.register(prefix='shelves', viewset=views.Shelves)\nurlpatterns = router.urls",
        SHELVES,
    ),
    "one mixin": (
        "router.register('inbox', views.Inbox)\nurlpatterns = router.urls",
        {"POST /inbox/": "Inbox.create"},
    ),
    "methods of its own": (
        "router.register('bare', views.Bare)\nurlpatterns = router.urls",
        {"GET /bare/": "Bare.list", "GET /bare/{number}/": "Bare.retrieve"},
    ),
    "an empty prefix": (
        "router.register('', views.Shelves)\nurlpatterns = [path('s/', include(router.urls))]",
        {"GET /s/": "Shelves.list", "GET /s/{slug}/": "Shelves.retrieve"},
    ),
    "a prefix with a parameter": (
        "router.register(r'users/(?P<user>\\d+)/inbox', views.Inbox)\nurlpatterns = router.urls",
        {"POST /users/{user}/inbox/": "Inbox.create"},
    ),
    "no trailing slash": (
        (
            "router = SimpleRouter(trailing_slash=False)\nrouter.register('inbox', views.Inbox)\n"
            "urlpatterns = router.urls"
        ),
        {"POST /inbox": "Inbox.create"},
    ),
    "in a loop": (
        "for p, v in [('shelves', views.Shelves)]:\n    router.register(p, v)\nurlpatterns = router.urls",
        SHELVES,
    ),
    "joined registries": (
        (
            "other = SimpleRouter()\nother.register('shelves', views.Shelves)\n"
            "router.registry.extend(other.registry)\nurlpatterns = router.urls"
        ),
        SHELVES,
    ),
    "a nested router": (
        (
            "router.register('shelves', views.Shelves)\n"
            "inner = NestedSimpleRouter(router, 'shelves', lookup='shelf')\n"
            "inner.register('inbox', views.Inbox)\nurlpatterns = router.urls + inner.urls"
        ),
        {**SHELVES, "POST /shelves/{shelf_slug}/inbox/": "Inbox.create"},
    ),
    "a router that maps more": (
        """
        class Bulk(DefaultRouter):
            def __init__(self, *args, **kwargs):
                super().__init__(*args, **kwargs)
                self.routes[0].mapping.update({'delete': 'helper'})
                self.trailing_slash = '/?'
        router = Bulk()
        router.register('bare', views.Bare)
        urlpatterns = router.urls
        """,
        {"GET /bare": "Bare.list", "DELETE /bare": "Bare.helper", "GET /bare/{number}": "Bare.retrieve"},
    ),
    "a router that registers for itself": (
        """
        class Twice(SimpleRouter):
            def register(self, prefix, viewset, basename=None):
                if basename is None:
                    basename = self.get_default_basename(viewset)
                self.registry.append((prefix, viewset, basename))
                if hasattr(self, '_urls'):
                    del self._urls
        router = Twice()
        router.register('bare', views.Bare)
        router.register('missing', views.Missing)
        urlpatterns = router.urls
        """,
        {"GET /bare/": "Bare.list", "GET /bare/{number}/": "Bare.retrieve"},
    ),
    "a router with routes of its own": (
        """
        class ReadOnly(SimpleRouter):
            routes = [
                Route(url=r'^{prefix}$', mapping={'get': 'list'}, name='x', detail=False, initkwargs={}),
                DynamicRoute(url=r'^{prefix}/{lookup}/{url_path}$', name='x', detail=True, initkwargs={}),
            ]
        router = ReadOnly()
        router.register('books', views.Books)
        urlpatterns = router.urls
        """,
        {
            "GET /books": "Books.list",
            "POST /books/{pk}/publish": "Books.publish",
            "DELETE /books/{pk}/publish": "Books.unpublish",
        },
    ),
    "a router with urls of its own": (
        """
        class Extra(SimpleRouter):
            def get_urls(self):
                return super().get_urls() + [path('raw', views.Raw.as_view())]
        router = Extra()
        router.register('inbox', views.Inbox)
        urlpatterns = router.urls
        """,
        {"POST /inbox/": "Inbox.create", "POST /raw": "Raw.post"},
    ),
    "a mapping by hand": (
        "urlpatterns = [path('b', views.Books.as_view({'get': 'list', 'put': 'helper', 'post': 'create'}))]",
        {"GET /b": "Books.list", "POST /b": "Books.create"},
    ),
    "generic views": (
        "urlpatterns = [path('one/<int:pk>', views.One.as_view()), path('raw', views.Raw.as_view())]",
        {
            "GET /one/{pk}": "One.get",
            "PUT /one/{pk}": "One.put",
            "PATCH /one/{pk}": "One.patch",
            "POST /raw": "Raw.post",
        },
    ),
    "format suffixes": (
        (
            "from rest_framework.urlpatterns import format_suffix_patterns\n"
            "urlpatterns = format_suffix_patterns([path('raw', views.Raw.as_view())])"
        ),
        {"POST /raw": "Raw.post"},
    ),
}


@pytest.mark.parametrize(("urls", "expected"), CASES.values(), ids=CASES)
def test_endpoints(urls: str, expected: dict[str, str]) -> None:
    assert found("router = DefaultRouter()\n" + textwrap.dedent(urls)) == expected


def test_a_router_filled_by_another_module() -> None:
    ours = entries(
        {
            "site/routing.py": "from rest_framework.routers import DefaultRouter\nrouter = DefaultRouter()",
            "site/extra.py": """
            from site.routing import router
            from site import views
            router.register('inbox', views.Inbox)
            """,
            "site/urls.py": "from site.routing import router\nurlpatterns = router.urls",
        }
    )
    assert [e.id for e in ours] == ["POST /inbox/"]


def test_an_inherited_action_names_the_library_function_and_the_project_class() -> None:
    urls = (
        HEAD
        + "router = DefaultRouter()\nrouter.register('shelves', views.Shelves)\nurlpatterns = router.urls"
    )
    entry = entries({"site/urls.py": urls})[0]
    assert entry.handler.qualname == "rest_framework.mixins.ListModelMixin.list"
    assert entry.receiver is not None
    assert (entry.receiver.name, entry.file) == ("Shelves", "site/views.py")


POLICIES = """
    from rest_framework.authentication import TokenAuthentication
    from rest_framework.permissions import BasePermission, IsAuthenticated
    from rest_framework.throttling import UserRateThrottle

    class Token(TokenAuthentication):
        def authenticate_credentials(self, key): ...
    class IsOwner(BasePermission):
        def has_permission(self, request, view): ...
    class IsStaff(BasePermission):
        def has_permission(self, request, view): ...
    class Slow(UserRateThrottle):
        def allow_request(self, request, view): ...
    """
SETTINGS = """
    ROOT_URLCONF = 'site.urls'
    REST_FRAMEWORK = {
        'DEFAULT_AUTHENTICATION_CLASSES': ['site.policies.Token'],
        'DEFAULT_PERMISSION_CLASSES': ('rest_framework.permissions.IsAuthenticated', 'site.policies.IsOwner'),
    }
    """
ASKED = {
    "the defaults": ("class V(APIView):\n    def get(self, request): ...", ["Token", "IsOwner"]),
    "none": (
        (
            "class V(APIView):\n    authentication_classes = ()\n    permission_classes = []\n"
            "    def get(self, request): ..."
        ),
        [],
    ),
    "its own": (
        (
            "class V(APIView):\n    permission_classes = [IsAuthenticated & (IsStaff | ~IsOwner)]\n"
            "    throttle_classes = [Slow]\n    def get(self, request): ..."
        ),
        ["Token", "IsStaff", "IsOwner", "Slow"],
    ),
    "inherited": (
        (
            "class Base(APIView):\n    permission_classes = (IsStaff,)\nclass V(Base):\n"
            "    def get(self, request): ..."
        ),
        ["Token", "IsStaff"],
    ),
    "chosen by a method": (
        (
            "class V(APIView):\n    def get_permissions(self):\n"
            "        return [IsStaff()] if self.x else [IsAuthenticated()]\n"
            "    def get(self, request): ..."
        ),
        ["Token", "V", "IsStaff"],
    ),
    "a function": (
        "@api_view()\n@permission_classes([IsStaff])\ndef V(request): ...",
        ["Token", "IsStaff"],
    ),
}


@pytest.mark.parametrize(("source", "expected"), ASKED.values(), ids=ASKED)
def test_what_is_asked_before_a_view(source: str, expected: list[str]) -> None:
    views = (
        "from rest_framework.decorators import api_view, permission_classes\n"
        "from rest_framework.views import APIView\nfrom site.policies import *\n"
        "from rest_framework.permissions import IsAuthenticated\n"
    )
    view = "views.V" if "def V" in source else "views.V.as_view()"
    ours = entries(
        {
            "site/settings.py": SETTINGS,
            "site/policies.py": POLICIES,
            "site/views.py": views + source,
            "site/urls.py": f"{HEAD}urlpatterns = [path('v', {view})]",
        }
    )
    assert [a.receiver.name for a in ours[0].around if a.receiver is not None] == expected
