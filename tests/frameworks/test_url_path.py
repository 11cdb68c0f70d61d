"""URL paths: converters dropped, parts joined."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.frameworks import url_path


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("/", "/"),
        ("/a<b", "/a<b"),
        ("/<id>", "/{id}"),
        ("/<int:id>/<path:rest>", "/{id}/{rest}"),
        ("/<regex('[a-z]{2}'):code>", "/{code}"),
        ("/<any(a, b):kind>.json", "/{kind}.json"),
    ],
)
def test_angles(rule: str, expected: str) -> None:
    assert url_path.from_angles(rule) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/{?}", "/{?}"),
        ("/{id}", "/{id}"),
        ("/{id:int}/x", "/{id}/x"),
        ("/{id:[A-Za-z0-9_-]{20,22}}.json", "/{id}.json"),
        ("/files/*rest", "/files/{rest}"),
        ("/a*b", "/a*b"),
        ("/{open:[", "/{open}"),
    ],
)
def test_braces(path: str, expected: str) -> None:
    assert url_path.from_braces(path) == expected


@pytest.mark.parametrize(
    ("prefix", "rule", "expected"),
    [("", "/x", "/x"), ("/a", "", "/a"), ("/a/", "/x", "/a/x"), ("/a", "x", "/a/x"), ("/a", "/", "/a/")],
)
def test_under(prefix: str, rule: str, expected: str) -> None:
    assert url_path.under(prefix, rule) == expected


@given(st.text(max_size=60))
def test_any_text_gives_a_rooted_path(text: str) -> None:
    path = url_path.rooted(url_path.from_braces(url_path.from_angles(text)))
    assert path.startswith("/")
    assert "//" not in path
