"""The children that parse: hostile source, their deaths, their end."""

import marshal
import os
import threading
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

import pytest

from auditor.index.lower import lower
from auditor.index.parsing import Parsed, parse_all
from auditor.index.worker import TOO_DEEP

SLOW = b"\\\n" * 40_000
"""Quadratic in the grammar's scanner."""


def answers(sources: Sequence[bytes], jobs: int = 1) -> list[Parsed]:
    return sorted(parse_all(sources, jobs=jobs), key=lambda answer: answer.position)


def children() -> set[int]:
    """Live or unreaped child processes of this one."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that has ended since it was listed
            found |= {int(pid) for pid in (task / "children").read_text().split()}
    return found


def test_nothing_to_do_starts_nothing() -> None:
    assert answers([]) == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_summaries_are_those_of_lower(jobs: int) -> None:
    sources = [b"def f%d(x):\n    return x.y(%d)\n" % (n, n) * (1 + n % 50 * 10) for n in range(120)]
    found = answers(sources, jobs)
    assert [answer.position for answer in found] == list(range(120))
    assert [marshal.loads(answer.summary) for answer in found] == [lower(source) for source in sources]


@pytest.mark.parametrize(
    "source",
    [
        b"x=" + b"(" * 200_000 + b")" * 200_000,
        b"x=" + b"f(" * 200_000 + b")" * 200_000,
        b"x=a" + b".b" * 200_000,
        b"".join(b" " * n + b"if x:\n" for n in range(1_400)),
    ],
    ids=["brackets", "calls", "attributes", "ifs"],
)
def test_deep_nesting_is_refused(source: bytes) -> None:
    found = answers([source, b"x = 1\n"])
    assert marshal.loads(found[0].summary) == TOO_DEEP
    assert marshal.loads(found[1].summary) == lower(b"x = 1\n")


@pytest.mark.parametrize(
    "source",
    [
        b"x=1" + b"+1" * 200_000,
        b"\0" * 100_000,
        b"[" * 200_000,
        b"x = '" + b"a" * 900_000,
        b"\xff\xfe" * 5_000,
    ],
    ids=["sum", "nul", "open brackets", "long line", "binary"],
)
def test_odd_source_is_read_as_far_as_it_goes(source: bytes) -> None:
    assert isinstance(marshal.loads(answers([source])[0].summary), dict)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="CPU is limited where there are timers")
def test_one_that_takes_too_long_costs_itself_alone() -> None:
    before = b"a = 1\n"
    found = answers([before, SLOW, b"b = 2\n" * 3])
    assert found[1].summary == b""
    assert found[1].failure.startswith("takes over ")
    assert [bool(answer.failure) for answer in found] == [False, True, False]


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks for children in /proc")
def test_leaving_early_ends_the_children() -> None:
    known = children()
    with closing(parse_all([b"x = f(1)\n" * 20_000] * 40, jobs=2)) as running:
        next(running)
        assert children() - known
    assert children() == known
    assert not [
        thread for thread in threading.enumerate() if thread.name.startswith("parse-") and _alive(thread)
    ]


def _alive(thread: threading.Thread) -> bool:
    thread.join(10)
    return thread.is_alive()


def test_modules_of_the_target_are_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("tree_sitter", "marshal", "struct", "signal", "auditor"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert answers([b"x = 1\n"])[0].summary
    assert not (tmp_path / "ran").exists()
