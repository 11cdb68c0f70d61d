"""Reading the spool: whole entries only, whatever else stands in it."""

import json
import marshal
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.execution.spooled import framed
from auditor.measure.records import ProbeFrame, ProbeRecord, Spool, by_request, parse_record, read_spool

VIEW, LOAD = 7001, 7002
STACK = json.dumps([["app.py", 3, "view", VIEW], ["app.py", 9, "load", LOAD]])
SQL = ("sql", "SELECT", "SELECT 1", None, 2, 1.0, 1.0005, STACK, None)
LOG = ("log", "INFO", "hello", None, None, 1.5, 1.5, None, {"logger": "a"})
LAZY = ("lazy-load", "load", "Book.author", None, None, 1.0, 1.0005, STACK, None)
ERRORS = [["KeyError", "x", [["app.py", 3, "view"]]]]
WHOLE = (77, "GET", "/books", 200, 1.0, 1.25, 0.002, 1.2, 512)


def entry(*effects: object, request: str = "r1", whole: tuple[Any, ...] = WHOLE, **more: object) -> bytes:
    return marshal.dumps((2, request, 7, list(effects), VIEW, more or None, *whole), 4)


def parsed(data: bytes) -> ProbeRecord:
    record = parse_record(data)
    assert record is not None
    return record


ENTRY = entry(SQL, LOG, errors=ERRORS)


def test_no_spool_no_records(tmp_path: Path) -> None:
    assert read_spool(tmp_path) == ()


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        None,
        (),
        (1, "r", 7, None, None, None),
        (2, "r", 7, 5, None, None),
        (2, "r", 7, None, None, None, 1),
        (2, "r", math.inf, None, None, None),
        (2, "r", 7, None, None, None, *WHOLE[:-1], math.inf),
        (2, "r", 7, None, None, None, *WHOLE[:4], 10**400, *WHOLE[5:]),
    ],
)
def test_what_is_no_record_gives_none(value: object) -> None:
    assert parse_record(marshal.dumps(value)) is None


@given(st.binary(max_size=200) | st.integers(0, len(ENTRY)).map(lambda cut: ENTRY[:cut]))
def test_no_entry_raises(data: bytes) -> None:
    parse_record(data)


def test_a_request_is_read_with_its_effects() -> None:
    record = parsed(ENTRY)
    assert (record.request, record.pid, record.thread, record.method, record.path) == (
        "r1",
        7,
        77,
        "GET",
        "/books",
    )
    assert (record.status, record.wall_ms, record.cpu_ms, record.ttfb_ms) == (200, 250.0, 2.0, 200.0)
    query, log = record.effects
    assert (query.text, query.rows, query.ms, query.frame) == (
        "SELECT 1",
        2,
        0.5,
        ProbeFrame("app.py", 9, "load"),
    )
    assert (log.text, log.stack, log.stage, log.detail) == ("hello", (), None, {"logger": "a"})
    assert record.errors[0].stack == (ProbeFrame("app.py", 3, "view"),)


@pytest.mark.parametrize(("said", "code"), [("404 Not Found", 404), (None, None), ("what", None), (201, 201)])
def test_a_status_is_a_number_or_the_line_that_was_sent(said: object, code: int | None) -> None:
    assert parsed(entry(whole=(*WHOLE[:3], said, *WHOLE[4:]))).status == code


def test_a_stage_runs_from_its_first_effect_to_its_last() -> None:
    other = json.dumps([["app.py", 4, "view", VIEW], ["app.py", 20, "save", LOAD]])
    own = json.dumps([["app.py", 5, "view", VIEW]])
    outside = json.dumps([["wsgi.py", 1, "entry", 1], *json.loads(STACK)])
    times = ((STACK, 1.0, 1.1), (outside, 1.2, 1.3), (other, 2.0, 2.5), (STACK, 3.0, 3.1), (own, 4.0, None))
    effects = [("sql", "SELECT", "x", None, None, began, ended, stack, None) for stack, began, ended in times]
    record = parsed(entry(*effects))
    assert [(stage.line, stage.callee, stage.ms) for stage in record.stages] == [
        (3, "load", 400.0),
        (4, "save", 500.0),
        (5, None, 0.0),
    ]
    assert [effect.stage for effect in record.effects] == [0, 0, 1, 0, 2]
    assert record.effects[-1].ms is None


def test_a_lazy_load_points_at_the_statement_behind_it() -> None:
    note, query, log = parsed(entry(LAZY, SQL, LOG)).effects
    assert note.detail == {"attribute": "Book.author", "sql": 1}
    assert (query.detail, log.kind) == ({}, "log")
    assert parsed(entry(LAZY)).effects[0].detail["sql"] is None


def test_an_entry_is_read_once_it_is_whole(tmp_path: Path) -> None:
    spool, data = Spool(tmp_path), framed(ENTRY)
    path = tmp_path / "7.spool"
    path.write_bytes(data + data[:20])
    assert len(spool.read()) == 1
    assert spool.read() == ()
    with path.open("ab") as file:
        file.write(data[20:])
    (tmp_path / "8.spool").write_bytes(framed(b"broken") + data)
    assert len(spool.read()) == 2
    assert spool.broken == 1


def test_late_effects_return_to_their_request() -> None:
    late = entry(SQL, LAZY, SQL, whole=(), late=True)
    lost = entry(SQL, request="lost", whole=(), late=True)
    found = by_request(parsed(data) for data in (late, ENTRY, lost))
    assert list(found) == ["r1"]
    assert [effect.late for effect in found["r1"].effects] == [False, False, True, True, True]
    assert found["r1"].effects[3].detail["sql"] == 4
    assert found["r1"].stages[found["r1"].effects[2].stage or 0].callee == "load"
