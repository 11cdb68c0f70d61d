"""What a class-based view of Django is shown with: its own head, its models, and the templates that ask."""

from typing import Any

import pytest
from read_shop import Shop, read_target

from auditor.engine.modelling.audit import snapshot_lines
from auditor.repo.snapshot import open_snapshot
from auditor.stages.context.endpoint import endpoint_context

FILES = {
    "manage.py": "import os\n\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site_.settings')\n",
    "site_/settings.py": "INSTALLED_APPS = ['news']\nROOT_URLCONF = 'site_.urls'\nTEMPLATES = [{'BACKEND': "
    "'django.template.backends.django.DjangoTemplates', 'APP_DIRS': True}]\nSECRET_KEY = 'x'\n",
    "site_/urls.py": "from django.urls import path\n\nfrom news.views import SectionView\n\n"
    "urlpatterns = [path('sections/<int:pk>/', SectionView.as_view())]\n",
    "news/models.py": "from django.db import models\n\n\nclass Section(models.Model):\n    name = models.CharField(max_length=9)\n\n\n"
    "class Article(models.Model):\n    title = models.CharField(max_length=9)\n"
    "    section = models.ForeignKey(Section, models.CASCADE, related_name='articles')\n",
    "news/views.py": "from django.views.generic import DetailView\n\nfrom news.models import Section\n\n\n"
    "class SectionView(DetailView):\n    model = Section\n    template_name = 'news/section.html'\n\n"
    "    def get_context_data(self, **kwargs):\n        return super().get_context_data(**kwargs)\n",
    "news/templates/news/section.html": "{% for one in object.articles.all %}\n{{ one.title }}\n{% endfor %}\n",
    "news/templates/news/other.html": "{{ object }} that no request is shown\n",
    ".env": "TOKEN=1234567890abcdef\n",
}


@pytest.fixture(scope="module")
def news(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    root = tmp_path_factory.mktemp("news")
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for package in ("site_", "news"):
        (root / package / "__init__.py").touch()
    return read_target(root)


def test_templates_that_ask_heads_of_classes_and_models_are_shown_and_nothing_else(news: Any) -> None:
    with open_snapshot(news.root) as snapshot:
        lines = snapshot_lines(snapshot)
        context = endpoint_context(news.examined.scene, news.examined.report, "GET /sections/{pk}/", lines)
        assert lines(".env") == []
    text = "\n".join(one.guttered for one in context.shown)
    for line in (
        "class SectionView(DetailView):", "template_name = 'news/section.html'", "{% for one in object.articles.all %}",
        "class Section(models.Model):", "class Article(models.Model):",
    ):  # fmt: skip
        assert line in text, line
    assert "that no request is shown" not in text
