"""Several applications in one tree: what is one's alone, and what they are told apart by."""

from __future__ import annotations

import textwrap

import pytest

from auditor.frameworks import discover
from auditor.frameworks.django_orm_models import Registry
from auditor.frameworks.django_projects import Projects
from auditor.index.lower import lower
from auditor.index.project import Project
from auditor.trace.rendering import Templates

MANAGE = "import sys\n"
VIEWS = """
    def entries(request): ...
    def only(request): ...
    """
FLASK = """
    from flask import Flask
    app = Flask(__name__)

    @app.get("/entries")
    def entries(): ...

    @app.get("/health")
    def health(): ...
    """


def linked(files: dict[str, str]) -> Project:
    return Project([(path, "app", lower(textwrap.dedent(text).encode())) for path, text in files.items()])


def site(folder: str, *, own: str, middleware: str = "", user: str = "") -> dict[str, str]:
    """A Django project with the packages `config` and `core`, as its neighbours have."""
    return {
        f"{folder}/manage.py": MANAGE,
        f"{folder}/config/__init__.py": "",
        f"{folder}/config/settings.py": f"""
            ROOT_URLCONF = "config.urls"
            MIDDLEWARE = [{middleware!r}]
            PREFIX = {own!r}
            AUTH_USER_MODEL = {user or "auth.User"!r}
            """,
        f"{folder}/config/middleware.py": "def counted(get_response):\n    def inner(request): ...\n    return inner\n",
        f"{folder}/config/urls.py": """
            from django.conf import settings
            from django.urls import path
            from core import views
            urlpatterns = [path("entries", views.entries), path(settings.PREFIX, views.only)]
            """,
        f"{folder}/core/__init__.py": "",
        f"{folder}/core/views.py": VIEWS,
        f"{folder}/core/models.py": """
            from django.conf import settings
            from django.db import models

            class Member(models.Model):
                name = models.TextField()

            class Entry(models.Model):
                owner = models.ForeignKey("core.Member", on_delete=models.CASCADE)
                near = models.ForeignKey("Member", on_delete=models.CASCADE)
                by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
            """,
    }


TWO = {
    **site("services/blog", own="blog"),
    **site("services/shop", own="shop", middleware="config.middleware.counted", user="core.Member"),
}


def test_one_project_is_not_told_apart() -> None:
    project = linked(site("services/blog", own="blog"))
    assert [entry.id for entry in discover(project)] == ["ANY /blog", "ANY /entries"]
    module = project.module("core.models")
    assert module is not None
    assert Projects(project).of(module) is None


def test_settings_for_development_are_no_project_of_their_own() -> None:
    files = site("a", own="x")
    files["a/local/settings_dev.py"] = "from config.settings import *\nROOT_URLCONF = 'config.urls'\n"
    assert [entry.id for entry in discover(linked(files))] == ["ANY /entries", "ANY /x"]


SECOND_SITE = """
    from django.urls import path
    from zine import views
    urlpatterns = [path("entries", views.listed)]
    """


def test_another_site_of_one_project_is_served_although_only_settings_for_development_name_it() -> None:
    files = site("a", own="x") | {
        "a/config/zine_dev.py": "from config.settings import *\nROOT_URLCONF = 'zine.urls'\n",
        "a/zine/__init__.py": "",
        "a/zine/views.py": "def listed(request): ...\n",
        "a/zine/urls.py": SECOND_SITE,
    }
    assert [e.handler.module.path for e in discover(linked(files))] == [
        "a/core/views.py",
        "a/zine/views.py",
        "a/core/views.py",
    ]


def test_what_a_configuration_for_development_serves_instead_is_not_told() -> None:
    files = site("a", own="x") | {
        "a/config/settings_dev.py": "from config.settings import *\nROOT_URLCONF = 'config.urls_dev'\n",
        "a/zine/__init__.py": "",
        "a/zine/views.py": "def listed(request): ...\n",
        "a/config/urls_dev.py": SECOND_SITE,
    }
    assert [e.handler.module.path for e in discover(linked(files))] == ["a/core/views.py", "a/core/views.py"]


def test_the_same_path_is_kept_for_each_application_and_named_after_it() -> None:
    found = discover(linked({**TWO, "panel/app.py": FLASK}))
    assert [(entry.id, entry.handler.module.path) for entry in found] == [
        ("ANY /blog", "services/blog/core/views.py"),
        ("ANY /entries (services/blog)", "services/blog/core/views.py"),
        ("ANY /entries (services/shop)", "services/shop/core/views.py"),
        ("ANY /shop", "services/shop/core/views.py"),
        ("GET /entries", "panel/app.py"),
        ("GET /health", "panel/app.py"),
    ]


def test_two_applications_of_flask_are_named_after_their_folders() -> None:
    found = discover(linked({"panel/app.py": FLASK, "admin/app.py": FLASK}))
    assert [entry.id for entry in found] == [
        "GET /entries (admin)",
        "GET /entries (panel)",
        "GET /health (admin)",
        "GET /health (panel)",
    ]


def test_middleware_and_settings_stay_with_their_project() -> None:
    around = {entry.id: len(entry.around) for entry in discover(linked(TWO))}
    assert around == {
        "ANY /blog": 0,
        "ANY /entries (services/blog)": 0,
        "ANY /entries (services/shop)": 1,
        "ANY /shop": 1,
    }


@pytest.mark.parametrize("folder", ["services/blog", "services/shop"])
def test_models_of_the_same_name_point_at_their_neighbours(folder: str) -> None:
    registry = Registry(linked(TWO))
    entry = next(
        m for m in registry.by_class.values() if m.name == "Entry" and m.cls.module.path.startswith(folder)
    )
    targets = {name: registry.target_of(relation) for name, relation in entry.relations.items()}
    homes = {name: target.cls.module.path for name, target in targets.items() if target is not None}
    own = f"{folder}/core/models.py"
    assert homes["owner"] == homes["near"] == own
    assert (homes["by"] == own) == (folder == "services/shop")


def test_two_urlconfs_of_one_project_both_answer_a_path() -> None:
    files = {
        "site/__init__.py": "",
        "site/views.py": VIEWS,
        **{f"{name}/__init__.py": "" for name in ("lms", "cms")},
        **{f"{name}/settings.py": f"ROOT_URLCONF = '{name}.urls'" for name in ("lms", "cms")},
        "lms/urls.py": "from django.urls import path\nfrom site import views\nurlpatterns = [path('', views.entries)]\n",
        "cms/urls.py": "from django.urls import path\nfrom site import views\nurlpatterns = [path('', views.only)]\n",
    }
    found = [(entry.id, entry.handler.name) for entry in discover(linked(files))]
    assert found == [("ANY / (cms.urls)", "only"), ("ANY / (lms.urls)", "entries")]


def test_a_module_in_one_package_hides_no_library_from_others() -> None:
    project = linked(
        {
            "kit/__init__.py": "",
            "kit/celery.py": "app = 1\n",
            "kit/beat.py": "import celery\n",
            "kit/jobs/__init__.py": "",
            "kit/jobs/mail.py": "import celery\n",
        }
    )
    for order in (("kit.beat", "kit.jobs.mail"), ("kit.jobs.mail", "kit.beat")):
        near = {name: project.module(name) for name in order}
        found = {name: project.module("celery", module) for name, module in near.items()}
        assert found["kit.jobs.mail"] is None


def test_a_template_is_its_own_applications() -> None:
    sources = {
        path: (lambda: "") for path in ("a/templates/x.html", "b/web/templates/x.html", "c/templates/y.html")
    }
    templates = Templates(sources, jinja=True, applications={"a": True, "b": False, "b/web": False})
    assert templates.find("x.html", "b/web/views.py") == "b/web/templates/x.html"
    assert templates.find("x.html", "a/app.py") == "a/templates/x.html"
    assert templates.find("y.html", "a/app.py") == "c/templates/y.html"
    assert Templates(sources, jinja=True).find("x.html", "b/web/views.py") == "a/templates/x.html"
