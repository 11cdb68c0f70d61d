import gzip
import hashlib

import pytest

from auditor.measure.answer import Answer
from auditor.measure.contract.body import body_tree
from auditor.measure.contract.headers import headers_tree


def answer(body: bytes, *headers: tuple[str, str], whole: int | None = None) -> Answer:
    return Answer(
        ending="answered",
        status=200,
        headers=headers,
        body=body,
        body_bytes=len(body) if whole is None else whole,
        sha256=hashlib.sha256(body).hexdigest(),
    )


JSON = ("content-type", "application/json")


@pytest.mark.parametrize(
    ("body", "media", "form"),
    [
        (b"", "application/json", "nothing"),
        (b'{"a": 1}', "application/json; charset=utf-8", "json"),
        (b'{"a": 1}', "application/problem+json", "json"),
        (b'{"a": 1}', None, "json"),
        (b'{"a": 1}', "text/plain", "text"),
        (b"{'a': 1}", "application/json", "text"),
        (b'"\xff"', "application/json", "bytes"),
        (b"[" * 200 + b"]" * 200, "application/json", "text"),
        (b"<p>", "text/html", "text"),
        (b"caf\xe9", "text/plain; charset=latin-1", "text"),
        (b"caf\xe9", "text/plain; charset=no-such", "bytes"),
        (b"data: {}\n\n", "text/event-stream", "text"),
        (b"%PDF", "application/pdf", "bytes"),
    ],
)
def test_what_a_body_is_taken_for(body: bytes, media: str | None, form: str) -> None:
    headers = () if media is None else (("content-type", media),)
    assert body_tree(answer(body, *headers))["as"] == form


def test_a_packed_body_is_compared_unpacked() -> None:
    one, other = gzip.compress(b'{"a":1}', 1, mtime=1), gzip.compress(b'{"a":1}', 9, mtime=2)
    assert one != other
    packed = ("content-encoding", "gzip")
    assert body_tree(answer(one, JSON, packed)) == body_tree(answer(other, JSON, packed))
    assert body_tree(answer(one[:-9], JSON, packed))["as"] == "bytes"
    bomb = gzip.compress(b" " * (17 << 20))
    assert body_tree(answer(bomb, JSON, packed))["as"] == "bytes"


def test_a_body_whose_end_was_not_kept_is_compared_by_its_hash() -> None:
    assert body_tree(answer(b'{"a":1}', JSON, whole=1 << 30))["as"] == "bytes"


def test_headers_of_the_way_are_left_aside_and_the_rest_is_not() -> None:
    tree = headers_tree(
        answer(
            b"x",
            ("date", "now"),
            ("server", "gunicorn"),
            ("content-length", "1"),
            ("vary", "Cookie, accept"),
            ("x-custom", "1"),
            ("link", "a"),
            ("link", "b"),
            ("set-cookie", "a=1=2; Path=/; HttpOnly"),
            ("set-cookie", "b=; Max-Age=0"),
        )
    )
    assert tree == {
        "vary": ["accept", "cookie"],
        "x-custom": "1",
        "link": ["a", "b"],
        "set-cookie": {
            "a": {"value": "1=2", "path": "/", "httponly": True},
            "b": {"value": "", "max-age": "0"},
        },
    }


def test_the_length_of_an_answer_to_head_is_held_to() -> None:
    assert headers_tree(answer(b"", ("content-length", "512"))) == {"content-length": "512"}
    assert headers_tree(answer(b"", ("content-length", "0"))) == {}
