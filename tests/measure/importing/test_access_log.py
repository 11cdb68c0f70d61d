import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.measure.importing.access_log import import_access_log
from auditor.measure.workload import workload_of
from auditor.model.fault import Fault


def log(*requests: str, status: int = 200) -> bytes:
    return "".join(
        f'1.2.3.4 - ann [10/Oct/2026:13:55:36 +0000] "{request} HTTP/1.1" {status} 2326 "-" "curl"\n'
        for request in requests
    ).encode()


def test_the_most_frequent_of_each_shape_are_kept() -> None:
    lines = log(
        *["GET /items/7?page=1"] * 5, *[f"GET /items/{n}" for n in range(9)], "GET /items/3", "HEAD /"
    )
    imported = import_access_log(lines, name="l", each=2)
    assert [request.id for request in imported.requests] == [
        "GET /items/3",
        "GET /items/0",
        "GET /items/7",
        "HEAD /",
    ]
    assert imported.requests[2].query == (("page", "1"),)
    assert imported.notes == ("11 different requests were met, 4 of them are kept.",)


def test_what_is_left_aside_is_counted() -> None:
    lines = log("POST /items", "GET /a.css", "GET http://other/") + log("GET /x", status=404) + b"started\n"
    imported = import_access_log(lines + log("GET /y"), name="l")
    assert [request.path for request in imported.requests] == ["/y"]
    assert dict(imported.skipped) == {
        "not GET or HEAD": 1,
        "a static file": 1,
        "no path": 1,
        "not answered with success": 1,
        "not a request": 1,
    }


def test_what_is_no_log_is_refused() -> None:
    with pytest.raises(Fault, match="is no access log"):
        import_access_log(b"hello\nworld\n", name="l")
    assert import_access_log(b"", name="l").requests == ()


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=30), max_size=6))
def test_whatever_was_asked_for_the_result_is_a_workload(targets: list[str]) -> None:
    lines = log(*(f"GET /{target}" for target in targets)) + log("GET /fine")
    requests = import_access_log(lines, name="l").requests
    assert len(workload_of(requests).requests) >= 1
