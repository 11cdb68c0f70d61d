"""What runs around a Django view: what must not be named first, then middleware, decorators and overrides."""

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
DECORATORS = """
    import functools

    def timed(view):
        @functools.wraps(view)
        def wrapper(request, *args, **kwargs):
            return view(request, *args, **kwargs)
        return wrapper

    def role(name):
        def decorate(view):
            def check(request, *args, **kwargs):
                return view(request, *args, **kwargs)
            return functools.wraps(view)(check)
        return decorate

    def is_member(user): ...
    def last_change(request): ...
    """
HEAD = """
from django.contrib.auth.decorators import login_required, user_passes_test
from django.http import JsonResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.http import condition
from django.views.generic import TemplateView
from site.decorators import is_member, last_change, role, timed
"""


def around(views: str, *, view: str = "views.v", settings: str = "", **more: str) -> list[tuple[str, str]]:
    """`(role, function)` of what runs around the only route."""
    files = {
        "site/__init__.py": "",
        "site/settings.py": "ROOT_URLCONF = 'site.urls'\n" + textwrap.dedent(settings),
        "site/decorators.py": DECORATORS,
        "site/views.py": HEAD + textwrap.dedent(views),
        "site/urls.py": (
            "from django.urls import path\nfrom site import views\nfrom site.decorators import role, timed\n"
            f"from django.contrib.auth.decorators import login_required\nurlpatterns = [path('v', {view})]"
        ),
        **{name.replace("__", "/") + ".py": text for name, text in more.items()},
    }
    summaries = [(path, "app", lower(textwrap.dedent(text).encode())) for path, text in files.items()]
    entry = django.entry_points(Project([*summaries, *MODELS]))[0]
    return [(a.role, a.function.qualname.removeprefix("site.")) for a in entry.around]


TIMED = ("before", "decorators.timed.<locals>.wrapper")
ROLE = ("before", "decorators.role.<locals>.decorate.<locals>.check")
QUIET = {
    "a library's decorator": "@login_required\ndef v(request): ...",
    "a decorator that only marks": "def mark(f):\n    f.x = 1\n    return f\n@mark\ndef v(request): ...",
    "a decorated helper": "@timed\ndef helper(): ...\ndef v(request): ...",
}


@pytest.mark.parametrize("views", QUIET.values(), ids=QUIET)
def test_nothing_of_the_project_runs_around_it(views: str) -> None:
    assert around(views) == []


def test_library_middleware_and_processors_are_not_named() -> None:
    settings = """
        MIDDLEWARE = ['django.middleware.common.CommonMiddleware']
        TEMPLATES = [{'OPTIONS': {'context_processors': ['django.template.context_processors.request']}}]
        """
    assert around("def v(request):\n    return render(request, 'x')", settings=settings) == []


FUNCTIONS = {
    "decorators, outermost first": ("@role('staff')\n@timed\ndef v(request): ...", [ROLE, TIMED]),
    "a predicate": (
        "@user_passes_test(is_member)\ndef v(request): ...",
        [("before", "decorators.is_member")],
    ),
    "a function of a library decorator": (
        "@condition(last_modified_func=last_change)\ndef v(request): ...",
        [("before", "decorators.last_change")],
    ),
}


@pytest.mark.parametrize(("views", "expected"), FUNCTIONS.values(), ids=FUNCTIONS)
def test_decorators_of_a_function(views: str, expected: list[tuple[str, str]]) -> None:
    assert around(views) == expected


def test_decorators_in_the_url_configuration() -> None:
    assert around("def v(request): ...", view="timed(login_required(role('x')(views.v)))") == [TIMED, ROLE]


CLASSES = {
    "on the class": (
        "@method_decorator(timed, name='dispatch')\nclass V(View):\n    def get(self, r): ...",
        [TIMED],
    ),
    "several": (
        "@method_decorator([timed, role('x')], name='get')\nclass V(View):\n    def get(self, r): ...",
        [TIMED, ROLE],
    ),
    "on the method": ("class V(View):\n    @method_decorator(role('x'))\n    def get(self, r): ...", [ROLE]),
    "overrides": (
        (
            "class M:\n    def dispatch(self, request):\n        return super().dispatch(request)\n"
            "class V(M, View):\n    def setup(self, request): ...\n    def get(self, r): ..."
        ),
        [("before", "views.V.setup"), ("before", "views.M.dispatch")],
    ),
}


@pytest.mark.parametrize(("views", "expected"), CLASSES.values(), ids=CLASSES)
def test_around_a_class(views: str, expected: list[tuple[str, str]]) -> None:
    assert around(views, view="views.V.as_view()") == expected


def test_middleware_comes_first() -> None:
    middleware = """
        class Old:
            def __init__(self, get_response): ...
            def process_request(self, request): ...
            def process_exception(self, request, error): ...
        class New:
            def __call__(self, request): ...
        def simple(get_response):
            def middleware(request):
                return get_response(request)
            return middleware
        """
    settings = """
        from site.base import *
        MIDDLEWARE = ['site.middleware.Old', 'django.middleware.common.CommonMiddleware'] + MIDDLEWARE
        MIDDLEWARE += ['site.middleware.simple']
        """
    told = around(
        "@timed\ndef v(request): ...",
        settings=settings,
        site__middleware=middleware,
        site__base="MIDDLEWARE = ['site.middleware.New']",
    )
    assert told == [
        ("middleware", "middleware.Old.process_request"),
        ("middleware", "middleware.New.__call__"),
        ("middleware", "middleware.simple.<locals>.middleware"),
        TIMED,
    ]


RENDERS = {
    "data": ("def v(request):\n    return JsonResponse({})", "views.v", False),
    "a page": ("def v(request):\n    return render(request, 'x')", "views.v", True),
    "by a helper": (
        "def page(r):\n    return render(r, 'x')\ndef v(request):\n    return page(request)",
        "views.v",
        True,
    ),
    "a template view": ("class V(TemplateView): ...", "views.V.as_view()", True),
    "a plain class": (
        "class V(View):\n    def get(self, r):\n        return JsonResponse({})",
        "views.V.as_view()",
        False,
    ),
}


@pytest.mark.parametrize(("views", "view", "runs"), RENDERS.values(), ids=RENDERS)
def test_context_processors_run_where_a_template_is_rendered(views: str, view: str, runs: bool) -> None:  # noqa: FBT001
    settings = "TEMPLATES = [{'OPTIONS': {'context_processors': ['site.processors.basket']}}]"
    told = around(views, view=view, settings=settings, site__processors="def basket(request): ...")
    assert told == ([("before", "processors.basket")] if runs else [])
