"""The guest side runs in other people's interpreters: Python 3.8 syntax, standard library, nothing forbidden at start."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.measure.records import read_spool

from .conftest import PROBE, environment

SOURCES = sorted(PROBE.rglob("*.py"))
FORBIDDEN = {
    "threading", "socket", "ssl", "select", "selectors", "subprocess", "queue", "asyncio", "concurrent", "logging",
    "multiprocessing", "signal", "http", "urllib", "sqlite3",
}  # fmt: skip


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PROBE)))
def test_parses_as_python_3_8(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 8))
    assert ast.get_docstring(tree)


def modules_at_start(tmp_path: Path, *, probe: bool) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", "import sys; print(' '.join(sys.modules))"],
        env=environment(tmp_path, tmp_path, probe=probe),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return set(done.stdout.split())


def test_nothing_that_monkey_patching_must_reach_first_is_imported_at_start(tmp_path: Path) -> None:
    added = modules_at_start(tmp_path, probe=True) - modules_at_start(tmp_path, probe=False)
    assert "auditor_probe" in added
    assert {name.partition(".")[0] for name in added} & FORBIDDEN == set()


def test_the_targets_own_sitecustomize_runs(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.marker = __name__, __file__\n")
    done = subprocess.run(
        [sys.executable, "-c", "import sys, sitecustomize; print(sys.marker, sitecustomize.__file__)"],
        env=environment(tmp_path, tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    own = str(tmp_path / "sitecustomize.py")
    assert done.stdout.split() == ["('sitecustomize',", f"'{own}')", own]
    assert len(list(tmp_path.glob("*.spool"))) == 1


@pytest.mark.parametrize("flag", ["-I", "-E", "-S"])
def test_an_interpreter_that_ignores_us_leaves_no_line(tmp_path: Path, flag: str) -> None:
    subprocess.run([sys.executable, flag, "-c", "pass"], env=environment(tmp_path, tmp_path), check=True)
    assert list(tmp_path.glob("*.spool")) == []


def test_a_spool_that_cannot_be_written_is_said_and_stops_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "print('ran')"],
        env=environment(tmp_path, tmp_path / "missing"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "ran\n"
    assert "records can't be written" in done.stderr


def test_a_process_says_that_it_is_observed(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", "pass"], env=environment(tmp_path, tmp_path), check=True)
    (record,) = read_spool(tmp_path)
    assert record.started is not None
    assert record.started["tree"] == str(tmp_path)
