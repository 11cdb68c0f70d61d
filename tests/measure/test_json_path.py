import pytest

from auditor.measure.json_path import Source, parse_source, value_at


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("$", ()),
        ("$.items[0].id", ("items", 0, "id")),
        ("$[-1]['a.b']", (-1, "a.b")),
        ('$["a\\"b"].c-d', ('a"b', "c-d")),
    ],
)
def test_steps(text: str, steps: tuple[str | int, ...]) -> None:
    assert parse_source(text) == Source("body", steps=steps)


@pytest.mark.parametrize(
    "text", ["", "id", "$.", "$..a", "$[*]", "$.a[", "$.a b", "header:", "$[99999999999]"]
)
def test_what_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"can't be read from|must begin with"):
        parse_source(text)


def test_places_outside_the_body() -> None:
    assert parse_source("header: Location") == Source("header", name="Location")
    assert parse_source("cookie:csrftoken") == Source("cookie", name="csrftoken")


def test_values() -> None:
    tree = {"items": [{"id": 7}, {"id": None}]}
    assert value_at(tree, ("items", 0, "id")) == 7  # type: ignore[arg-type]
    assert value_at(tree, ("items", -1, "id")) is None  # type: ignore[arg-type]
    for steps in (("items", 2), ("items", "0"), ("id",), ("items", 0, "id", 0)):
        with pytest.raises(LookupError):
            value_at(tree, steps)  # type: ignore[arg-type]
