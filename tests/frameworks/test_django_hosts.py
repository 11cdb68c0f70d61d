"""URL configurations of other hosts, which settings name and a middleware of the project's own chooses."""

from __future__ import annotations

from auditor.frameworks import django
from tests.frameworks.test_django import project

FILES = {
    "site/__init__.py": "",
    "site/views.py": "def index(request): ...\ndef shelf(request): ...\ndef book(request): ...\n",
    "site/urls.py": "from django.urls import path\nfrom site import views\nurlpatterns = [path('', views.index)]\n",
    "site/shop_urls.py": "from django.urls import path\nfrom site import views\nurlpatterns = [path('shelf', views.shelf)]\n",
    "site/api_urls.py": "from django.urls import path\nfrom site import views\nurlpatterns = [path('book', views.book)]\n",
    "site/plain.py": "TIMES = []\n",
}


def told(settings: str, *, root: str = "ROOT_URLCONF = 'site.urls'\n") -> set[str]:
    files = {**FILES, "site/settings.py": root + settings}
    return {entry.id for entry in django.entry_points(project(files))}


def test_a_setting_that_names_no_urls_adds_none() -> None:
    assert told("OTHER_URLCONF = 'site.plain'\nSHOP_URLCONF = None\nSHOP = 'site.shop_urls'\n") == {"ANY /"}
    assert told("urlconf = 'site.shop_urls'\nAPI_URLCONF = 'elsewhere.urls'\n") == {"ANY /"}


def test_urls_of_tests_are_served_by_nobody() -> None:
    files = {
        **FILES,
        "site/settings.py": "ROOT_URLCONF = 'site.urls'\n",
        "site/settings_test.py": "from site.settings import *\nSHOP_URLCONF = 'site.shop_urls'\n",
    }
    assert {entry.id for entry in django.entry_points(project(files))} == {"ANY /"}


def test_urls_that_a_setting_names_for_a_host() -> None:
    assert told("SHOP_SUBDOMAIN_URL_CONF = 'site.shop_urls'\n") == {"ANY /", "ANY /shelf"}


def test_urls_by_host_in_a_dictionary() -> None:
    hosts = "SUBDOMAIN_URLCONFS = {None: 'site.urls', 'shop': 'site.shop_urls', 'api': 'site.api_urls'}\n"
    assert told(hosts) == {"ANY /", "ANY /shelf", "ANY /book"}
