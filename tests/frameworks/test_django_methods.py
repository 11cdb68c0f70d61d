"""HTTP methods of view functions: those whose body says nothing first, then decorators and comparisons."""

from __future__ import annotations

import textwrap

import pytest

from auditor.frameworks.django_evaluate import Evaluation
from auditor.frameworks.django_methods import methods_of
from auditor.index.lower import lower
from auditor.index.project import Project

HEAD = """
from http import HTTPMethod
from django.http import *
from django.views.decorators.http import require_GET, require_POST, require_http_methods, require_safe
from rest_framework.decorators import api_view
"""

OPEN = {
    "nothing said": "def view(request):\n    return render(request)",
    "another object's method": (
        "def view(request):\n    if order.method == 'POST':\n        pass\n    return 1"
    ),
    "a parameter": "def view(request, method):\n    if method == 'POST':\n        pass\n    return 1",
    "only OPTIONS": "def view(request):\n    if request.method == 'OPTIONS':\n        return 1\n    return 2",
    "compared with a name": (
        "def view(request):\n    if request.method == VERB:\n        return 1\n    return 2"
    ),
    "another decorator": "@login_required\n@csrf_exempt\ndef view(request):\n    return 1",
    "a decorator of that name": (
        "def require_POST(f):\n    return f\n@require_POST\ndef view(request):\n    return 1"
    ),
}
CLOSED = {
    "require_POST": ("@require_POST\ndef view(request): ...", "POST"),
    "require_GET": ("@require_GET\ndef view(request): ...", "GET"),
    "require_safe": ("@require_safe\ndef view(request): ...", "GET"),
    "require_http_methods": (
        "@require_http_methods(['POST', 'HEAD', 'GET'])\ndef view(request): ...",
        "GET POST",
    ),
    "below another decorator": ("@cached\n@require_POST\ndef view(request): ...", "POST"),
    "api_view": ("@api_view(['GET', 'PUT'])\ndef view(request): ...", "GET PUT"),
    "api_view, plain": ("@api_view()\ndef view(request): ...", "GET"),
    "api_view with constants": ("@api_view([HTTPMethod.PATCH])\ndef view(request): ...", "PATCH"),
    "a form": (
        """
        def view(request):
            if request.method == 'POST':
                return save(request)
            return render(request)
        """,
        "GET POST",
    ),
    "only one works": (
        """
        def view(request):
            if request.method != 'POST':
                return HttpResponseNotAllowed(['POST'])
            return save(request)
        """,
        "POST",
    ),
    "the rest is refused by a status": (
        """
        def view(request):
            if request.method == 'POST':
                return save(request)
            return JsonResponse({}, status=405)
        """,
        "POST",
    ),
    "the rest is refused by an error": (
        """
        def view(request):
            if request.method in ('PUT', 'PATCH'):
                return save(request)
            raise Http404
        """,
        "PUT PATCH",
    ),
    "a chain": (
        """
        def view(request):
            method = request.method.upper()
            if method == 'GET':
                return 1
            elif method == 'DELETE':
                return 2
            else:
                return HttpResponseBadRequest()
        """,
        "GET DELETE",
    ),
    "GET and the rest": (
        """
        def view(request):
            if request.method == 'GET':
                form = Form()
            else:
                form = Form(request.POST)
            return render(request, form)
        """,
        "GET POST",
    ),
    "with a condition beside it": (
        """
        def view(request):
            if request.method == 'POST' and form.is_valid():
                return save(request)
            return render(request)
        """,
        "GET POST",
    ),
    "a method of an object": (
        """
        def view(self, request):
            if request.method == 'POST':
                return save(request)
            return render(request)
        """,
        "GET POST",
    ),
}


def methods(source: str) -> list[str]:
    project = Project([("views.py", "app", lower((HEAD + textwrap.dedent(source)).encode()))])
    view = next(f for f in project.modules[0].functions if f.name == "view")
    return list(methods_of(Evaluation(project), view))


@pytest.mark.parametrize("source", OPEN.values(), ids=OPEN)
def test_a_view_that_names_no_method_takes_any(source: str) -> None:
    assert methods(source) == ["ANY"]


@pytest.mark.parametrize(("source", "expected"), CLOSED.values(), ids=CLOSED)
def test_methods_that_a_view_names(source: str, expected: str) -> None:
    assert methods(source) == expected.split()
