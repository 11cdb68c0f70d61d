import json
import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.measure.request import Request
from auditor.measure.workload import load_workload, parse_workload, workload_of
from auditor.model.fault import Fault


def lines(*requests: dict[str, object]) -> bytes:
    return b"".join(json.dumps(request).encode() + b"\n" for request in requests)


def test_every_key_is_read() -> None:
    workload = parse_workload(
        lines(
            {"id": "a", "method": "post", "path": "/x", "body": {"n": 1.0}, "take": {"pk": "$.id"}},
            {
                "id": "b",
                "method": "GET",
                "path": "/x/${pk}",
                "query": [["q", ""], ["q", "2"]],
                "headers": {"Accept": "text/html"},
                "as": "ann",
                "after": ["a"],
                "roles": ["contract"],
            },
        ),
        name="w",
    )
    first, second = workload.requests
    assert (first.method, first.take, first.roles) == ("POST", {"pk": "$.id"}, ("contract", "time"))
    assert second.query == (("q", ""), ("q", "2"))
    assert second.headers == (("Accept", "text/html"),)
    assert (second.identity, second.needs) == ("ann", {"pk"})


def test_spelling_does_not_change_the_digest_and_content_does() -> None:
    one = parse_workload(b'{"id":"a","path":"/x"}\n', name="w")
    same = parse_workload(b'\xef\xbb\xbf\r\n\n  {"path": "/x", "method": "get", "id": "a"}  \r\n', name="w")
    other = parse_workload(b'{"id":"a","path":"/y"}', name="w")
    assert one.digest == same.digest != other.digest
    assert parse_workload(one.render().encode(), name="w").digest == one.digest


def test_the_keys_of_a_body_stay_in_the_order_in_which_they_are_sent() -> None:
    workload = parse_workload(
        b'{"path": "/", "id": "a", "body": {"zoom": 1, "add": {"y": 1, "x": 2}}}', name="w"
    )
    assert '"body":{"zoom":1,"add":{"y":1,"x":2}}' in workload.render()


def test_what_is_rendered_is_read_back_the_same() -> None:
    written = workload_of(
        [
            Request(
                id="a",
                method="POST",
                path="/ü",
                query=(("q", ""),),
                headers=(("X", "1"), ("X", "2")),
                body={"a": [None, 1, 1.0, "é", "\ud800"]},
                take={"v": "$.v"},
                roles=("time",),
            ),
            Request(id="b", path="/${v}", after=("a",), body_base64="AP8="),
        ]
    )
    assert parse_workload(written.render().encode(), name="w") == written


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "w: holds no request (one JSON object a line)"),
        (b"\n{", "w:2: is not JSON: Expecting property name enclosed in double quotes at column 2"),
        (b"\xff", "w:1: is not UTF-8"),
        (b"[" * 100_000, "w:1: is nested too deeply"),
        (b'{"id": NaN}', "w:1: is not JSON: NaN is no JSON"),
        (b'{"id": "a", "id": "b"}', "w:1: is not JSON: the key 'id' is there twice"),
        (b"[]", "w:1: must be an object"),
        (b'{"id":"a","path":"/","querry":[]}', "w:1: unknown key 'querry' (did you mean 'query'?)"),
        (b'{"path":"/"}', "w:1: `id` field required"),
        (b'{"id":"a","path":"x"}', "w:1: `path` must begin with /"),
        (
            b'{"id":"a","path":"/x?y=1"}',
            "w:1: `path` holds ? or #: parameters stand in `query`, a fragment is never sent",
        ),
        (b'{"id":"a","path":"/","query":[["a",1]]}', "w:1: `query.0.1` should be a valid string"),
        (b'{"id":"a","path":"/","roles":["x"]}', "w:1: `roles.0` should be 'contract' or 'time'"),
        (
            b'{"id":"a","path":"/","headers":{"a":"b\\r\\nc"}}',
            "w:1: `headers` the value of a holds a line break",
        ),
        (
            b'{"id":"a","path":"/","take":{"x":"id"}}',
            "w:1: `take` 'id' must begin with $, header: or cookie:",
        ),
        (b'{"id":"a","path":"/","body":1,"body_base64":""}', "w:1: `the request` has both `body` and `body_base64`"),
        (
            b'{"id":"a","path":"/"}\n{"id":"a","path":"/"}',
            "w:2: the id 'a' stands in line 1 already",
        ),
        (
            b'{"id":"login","path":"/"}\n{"id":"b","path":"/","after":["logn"]}',
            "w:2: `after` names 'logn', which is not there (did you mean 'login'?)",
        ),
        (b'{"id":"a","path":"/${x}"}', "w:1: ${x} is taken by no request (write $${x} for these very characters)"),
        (
            b'{"id":"a","path":"/","take":{"x":"$"}}\n{"id":"b","path":"/","take":{"x":"$"}}',
            "w:2: 'x' is taken by 'a' already",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(content: bytes, said: str) -> None:
    with pytest.raises(Fault) as fault:
        parse_workload(content, name="w")
    assert str(fault.value) == said


def test_a_circle_is_shown() -> None:
    content = lines(
        {"id": "a", "path": "/", "after": ["b"]},
        {"id": "b", "path": "/${t}"},
        {"id": "c", "path": "/", "after": ["a"], "take": {"t": "$"}},
    )
    with pytest.raises(Fault, match="w:1: these wait for each other: a → b → c → a"):
        parse_workload(content, name="w")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="No such file"):
        load_workload(tmp_path / "none.jsonl")


def test_the_order_of_the_file_is_kept_as_far_as_needs_allow() -> None:
    workload = workload_of(
        [
            Request(id="late", path="/${v}"),
            Request(id="free", path="/"),
            Request(id="early", path="/", take={"v": "$.v"}),
            Request(id="last", path="/", after=("late", "free")),
        ]
    )
    assert [request.id for request in workload.in_order()] == ["early", "late", "free", "last"]
    assert [[r.id for r in wave] for wave in workload.waves()] == [["free", "early"], ["late"], ["last"]]


def test_placeholders_that_are_meant_literally() -> None:
    assert workload_of([Request(id="a", path="/", body={"t": "$${x}"})]).requests[0].needs == frozenset()


@given(st.dictionaries(st.integers(0, 12), st.sets(st.integers(0, 12)), max_size=13))
def test_in_order_needs_come_first_or_it_is_refused(graph: dict[int, set[int]]) -> None:
    requests = [
        Request(id=str(at), path="/", after=tuple(str(n) for n in sorted(needs) if n in graph))
        for at, needs in graph.items()
    ]
    try:
        workload = workload_of(requests)
    except Fault as fault:
        circle = fault.what.removeprefix("these wait for each other: ").split(" → ")
        assert circle[0] == circle[-1]
        assert all(int(b) in graph[int(a)] for a, b in pairwise(circle))
        return
    seen: set[str] = set()
    for request in workload.in_order():
        assert seen.issuperset(request.after)
        seen.add(request.id)
    assert seen == {request.id for request in requests}
    assert sum(map(len, workload.waves())) == len(requests)


def test_the_lines_that_the_documentation_shows_are_a_workload() -> None:
    page = (Path(__file__).parents[2] / "docs" / "workload.md").read_text("utf-8")
    lines = page.partition("```json\n")[2].partition("```")[0]
    workload = parse_workload(lines.encode(), name="workload.md")
    assert [request.id for request in workload.in_order()] == ["spaces", "add", "added", "after"]
    documented = set(re.findall(r"`(\w+)`", page.partition("| key |")[2].partition("\n\n")[0]))
    assert {field.alias or name for name, field in Request.model_fields.items()} <= documented
