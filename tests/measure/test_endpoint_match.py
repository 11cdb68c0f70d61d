"""Which route takes a path, found in time that grows with the path."""

import pytest

from auditor.measure.endpoint_match import Endpoints

ROUTES = Endpoints.of(
    [
        "GET /a/{x}",
        "GET /files/*",
        "GET /files/{x}/edit",
        "GET /a/{x}/b/{y}",
        "GET /{x}{y}/end",
        "GET /" + "/".join(["{x}"] * 8) + "/z",
    ]
)


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/a", "GET /a"),
        ("/a/1", "GET /a/{x}"),
        ("/a/1/b/2/", "GET /a/{x}/b/{y}"),
        ("/a/b/b/b/b", "GET /a/{x}/b/{y}"),
        ("/files/a/b.css", "GET /files/*"),
        ("/files/a/edit", "GET /files/{x}/edit"),
        ("/files", "GET /files"),
        ("/1/end", "GET /1/end"),
        ("/12/end", "GET /{x}{y}/end"),
        ("/1/2/3/4/5/6/7/8/9/z", "GET /" + "/".join(["{x}"] * 8) + "/z"),
    ],
)
def test_the_most_literal_route_that_fits(path: str, route: str) -> None:
    assert ROUTES.match("GET", path) == route


def test_a_path_of_many_segments_fits_none_at_once() -> None:
    path = "/b" * 2_000
    assert ROUTES.match("GET", path) == f"GET {path}"
