"""Reading the spool: whole lines only, whatever else stands in it."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.measure.records import ProbeFrame, Spool, by_request, parse_record, read_spool

LINE = {
    "v": 1,
    "request": "r1",
    "pid": 7,
    "status": 200,
    "effects": [
        {
            "kind": "sql",
            "op": "SELECT",
            "text": 0,
            "rows": 2,
            "ms": 0.5,
            "stack": 0,
            "stage": 0,
            "detail": None,
        },
        {
            "kind": "log",
            "op": "INFO",
            "text": "hello",
            "stack": None,
            "stage": None,
            "detail": {"logger": "a"},
        },
    ],
    "texts": ["SELECT 1"],
    "stacks": [[["app.py", 3, "view"], ["app.py", 9, "load"]]],
    "stages": [["app.py", 3, "load", 0.5]],
    "errors": [["KeyError", "x", [["app.py", 3, "view"]]]],
}


def written(value: object) -> bytes:
    return json.dumps(value).encode() + b"\n"


def test_no_spool_no_records(tmp_path: Path) -> None:
    assert read_spool(tmp_path) == ()


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"v":2,"request":null,"pid":1}',
        b'{"v":1,"request":"r","effects"',
        b"\xff",
    ],
)
def test_what_is_no_record_gives_none(line: bytes) -> None:
    assert parse_record(line) is None


@given(st.binary(max_size=200) | st.integers(0, 400).map(lambda cut: written(LINE)[:cut]))
def test_no_line_raises(line: bytes) -> None:
    parse_record(line)


def test_texts_and_stacks_are_looked_up() -> None:
    record = parse_record(written(LINE))
    assert record is not None
    query, log = record.effects
    assert (query.text, query.frame) == ("SELECT 1", ProbeFrame("app.py", 9, "load"))
    assert (log.text, log.stack, log.detail) == ("hello", (), {"logger": "a"})
    assert record.stages[0].callee == "load"


def test_a_line_is_read_once_it_is_whole(tmp_path: Path) -> None:
    spool, data = Spool(tmp_path), written(LINE)
    path = tmp_path / "7.jsonl"
    path.write_bytes(data + data[:20])
    assert len(spool.read()) == 1
    assert spool.read() == ()
    with path.open("ab") as file:
        file.write(data[20:])
    (tmp_path / "8.jsonl").write_bytes(b"broken\n" + data)
    assert len(spool.read()) == 2
    assert spool.broken == 1


def test_late_effects_return_to_their_request() -> None:
    sql = LINE["effects"][0]  # type: ignore[index]
    load = {**sql, "kind": "lazy-load", "op": "load", "detail": {"attribute": "Book.author", "sql": 0}}
    late = {**LINE, "late": True, "effects": [sql, load], "errors": []}
    records = [parse_record(written(line)) for line in (late, LINE, {**late, "request": "lost"})]
    found = by_request(record for record in records if record is not None)
    assert list(found) == ["r1"]
    assert [effect.late for effect in found["r1"].effects] == [False, False, True, True]
    assert found["r1"].effects[3].detail["sql"] == 2
    assert found["r1"].stages[found["r1"].effects[2].stage or 0].callee == "load"
