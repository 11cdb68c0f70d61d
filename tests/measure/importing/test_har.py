import json

import pytest

from auditor.measure.importing.har import import_har
from auditor.measure.workload import parse_workload, workload_of
from auditor.model.fault import Fault


def har(*requests: dict[str, object]) -> bytes:
    return json.dumps({"log": {"entries": [{"request": request} for request in requests]}}).encode()


def get(url: str, **headers: str) -> dict[str, object]:
    named = [{"name": name.replace("_", "-"), "value": value} for name, value in headers.items()]
    return {"method": "GET", "url": url, "headers": named}


def test_requests_become_a_workload() -> None:
    post = {
        "method": "POST",
        "url": "https://shop.test/cart?x=1&x=&q=%C3%BC+${v}",
        "headers": [
            {"name": ":path", "value": "/cart"},
            {"name": "Content-Type", "value": "application/json"},
        ],
        "postData": {"mimeType": "application/json", "text": '{"id": 1, "n": 1.0}'},
    }
    imported = import_har(
        har(
            get("https://shop.test/cart", Accept="text/html", User_Agent="x"),
            post,
            get("https://shop.test/cart"),
        ),
        name="h",
    )
    first, second, third = imported.requests
    assert (first.id, first.headers) == ("GET /cart", (("accept", "text/html"),))
    assert (second.id, second.query) == ("POST /cart", (("x", "1"), ("x", ""), ("q", "ü $${v}")))
    assert (second.body, second.headers) == ('{"id": 1, "n": 1.0}', (("content-type", "application/json"),))
    assert third.id == "GET /cart #2"
    workload = workload_of(imported.requests)
    assert parse_workload(workload.render().encode(), name="w").digest == workload.digest


def test_credentials_stay_behind() -> None:
    content = har(
        get("https://a.test/x", Cookie="session=s3cret", Authorization="Bearer s3cret"),
        get("https://a.test/y"),
    )
    imported = import_har(content, name="h")
    assert imported.notes == (
        "1 requests carried credentials, which were left out: name an identity for them.",
    )
    named = import_har(content, name="h", identity="ann")
    assert [request.identity for request in named.requests] == ["ann", None]
    assert named.notes == ()
    assert "s3cret" not in repr(imported) + repr(named)


def test_other_hosts_and_static_files_are_left_aside_and_counted() -> None:
    content = har(
        get("https://a.test/x"),
        get("https://a.test/app.js?v=1"),
        get("https://cdn.test/y"),
        get("https://a.test/z"),
    )
    imported = import_har(content, name="h")
    assert [request.path for request in imported.requests] == ["/x", "/z"]
    assert imported.skipped == (("a static file", 1), ("another host", 1))
    assert [r.path for r in import_har(content, name="h", host="cdn.test").requests] == ["/y"]


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"\xff", b'{"log": {"entries": [{}]}}', b"[" * 100_000]
)
def test_what_is_no_har_is_refused(content: bytes) -> None:
    with pytest.raises(Fault, match="is no HAR"):
        import_har(content, name="h")


def test_what_can_not_be_sent_is_counted() -> None:
    imported = import_har(har({"method": "GET X", "url": "https://a.test/", "headers": None}), name="h")
    assert imported.skipped == (("can't be sent as it is", 1),)
