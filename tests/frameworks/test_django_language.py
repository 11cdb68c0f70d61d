from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.cli.narration import Narration
from auditor.cli.running_arguments import Narrated
from auditor.engine.measuring.survey import survey
from auditor.engine.request import AuditRequest

Asked = Callable[[str, str], list[str]]
URLS = """from django.conf.urls.i18n import i18n_patterns
from django.urls import path
from shop import views
urlpatterns = [path("health/", views.page), path("of/<str:language>/", views.page)]
urlpatterns += i18n_patterns(path("books/", views.page){more})
"""


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    """The paths of a project with these settings and URLs."""

    def paths(settings: str, urls: str = URLS.format(more="")) -> list[str]:
        (tmp_path / "shop").mkdir()
        (tmp_path / "shop/settings.py").write_text(f"ROOT_URLCONF = 'shop.urls'\n{settings}")
        (tmp_path / "shop/urls.py").write_text(urls)
        (tmp_path / "shop/views.py").write_text("def page(request, language=''):\n    return None\n")
        notes = Narrated(Narration.standard(quiet=True))
        found = survey(AuditRequest(path=tmp_path, jobs=1, cache_dir=None), notes, parameters=False)
        return sorted({one.path for one in found})

    return paths


def test_a_parameter_of_that_name_that_the_project_declares_is_left(asked: Asked) -> None:
    urls = "from django.urls import path\nfrom shop import views\nurlpatterns = [path('<str:language>/books/', views.page)]\n"
    assert asked("LANGUAGE_CODE = 'de'\n", urls) == ["/{language}/books/"]


def test_no_language_where_the_usual_one_has_no_prefix(asked: Asked) -> None:
    assert "/books/" in asked("", URLS.format(more=", prefix_default_language=False"))


@pytest.mark.parametrize(
    ("settings", "language"),
    [
        ("", "en"),
        ("LANGUAGE_CODE = 'de-at'\n", "de"),
        ("LANGUAGE_CODE = 'pt-br'\n", "pt-br"),
        ("LANGUAGE_CODE = 'pt-br'\nLANGUAGES = [('pt', 'Português'), ('en', 'English')]\n", "pt"),
        ("LANGUAGE_CODE = 'de-AT'\nLANGUAGES = [('de-AT', gettext('Austrian')), ('de', 'x')]\n", "de-at"),
        ("import os\nLANGUAGE_CODE = os.environ['L']\n", "en"),
    ],
)
def test_the_language_that_a_path_begins_with(settings: str, language: str, asked: Asked) -> None:
    assert set(asked(settings)) == {f"/{language}/books/", "/health/", "/of/{language}/"}
