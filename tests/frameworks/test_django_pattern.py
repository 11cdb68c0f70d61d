"""URL patterns as readable paths."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.frameworks.django_pattern import from_regex, readable
from auditor.frameworks.django_values import HOLE, PREFIX

ROUTES = [
    ("", ""),
    ("books/", "books/"),
    ("books/<int:pk>/", "books/{pk}/"),
    ("<slug:slug>.html", "{slug}.html"),
    ("files/<path:path>", "files/{path}"),
    ("v1.0/a?b", "v1.0/a?b"),
    (f"{HOLE}books/", "{?}books/"),
]
REGEXES = [
    (r"^$", ""),
    (r"^books/$", "books/"),
    (r"^books/?$", "books"),
    (r"^books/(?P<pk>\d+)/$", "books/{pk}/"),
    (r"^books/(\d+)/(\w+)/$", "books/{arg}/{arg2}/"),
    (r"^(?P<year>[0-9]{4})-(?P<month>(0[1-9]|1[0-2]))\Z", "{year}-{month}"),
    (r"^watch(?:/(?P<product>[^/]+))?$", "watch/{product}"),
    (r"^watch(?:/all)?$", "watch"),
    (r"^\.well-known/jwks\.json$", ".well-known/jwks.json"),
    (r"^nodeinfo/2\.0/?$", "nodeinfo/2.0"),
    (r"^a\-b\/c/$", "a-b/c/"),
    (r"^page(?=x)(?!y)(?i:/z)/$", "page/"),
    (r"^(?:page|seite)/(?P<n>\d+)$", "page/{n}"),
    (r"^media/.*$", "media/{arg}"),
    (r"^robots.txt$", "robots.txt"),
    (r"^x/[a-z(]+/y$", "x/{arg}/y"),
    (r"^activate?$", "activate"),
    (r"^(?P<a>[^()]+\))/(?P<b>\(\d\))$", "{a}/{b}"),
    (rf"^{HOLE}/(?P<pk>\d+)$", "{?}/{pk}"),
    (f"{PREFIX}language{PREFIX}/x", "{language}/x"),
]


@pytest.mark.parametrize(("pattern", "path"), ROUTES)
def test_a_route_loses_its_converters(pattern: str, path: str) -> None:
    assert readable(pattern, "route") == path


@pytest.mark.parametrize(("pattern", "path"), REGEXES)
def test_a_regular_expression_becomes_a_path(pattern: str, path: str) -> None:
    assert readable(pattern, "regex") == path


@given(st.text(alphabet="a/(?P<x>[]^$\\|.*+){1,2}:!=-" + HOLE + PREFIX, max_size=60))
def test_any_text_is_read_to_its_end(pattern: str) -> None:
    assert isinstance(from_regex(pattern), str)


@given(st.lists(st.from_regex(re.compile(r"[a-z]{1,8}"), fullmatch=True), min_size=1, max_size=6))
def test_literal_segments_stand_for_themselves(segments: list[str]) -> None:
    path = "/".join(segments) + "/"
    assert from_regex(f"^{path}$") == path
