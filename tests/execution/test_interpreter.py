"""What is shown of the disk so that an interpreter runs, and what is not."""

import sys
from pathlib import Path

import pytest

from auditor.execution.interpreter import interpreter_binds
from auditor.model.fault import Fault


def _installation(prefix: Path) -> Path:
    (prefix / "bin").mkdir(parents=True)
    (prefix / "lib" / "python3.12").mkdir(parents=True)
    (prefix / "lib" / "python3.12" / "os.py").touch()
    python = prefix / "bin" / "python3.12"
    python.touch(mode=0o755)
    return python


def _environment(folder: Path, base: Path) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text(f"home = {base.parent}\n")
    (folder / "bin" / "python").symlink_to(base)
    return folder / "bin" / "python"


def _sources(python: Path) -> list[Path]:
    binds = interpreter_binds(python)
    assert all(str(bind.source) == bind.target and not bind.writable and not bind.overlay for bind in binds)
    return [bind.source for bind in binds]


def test_the_system_s_own_needs_nothing() -> None:
    assert interpreter_binds(Path("/usr/bin/env")) == ()


def test_a_link_to_something_else_shows_nothing_of_it(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "key").touch(mode=0o755)
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    (tmp_path / "venv" / "bin" / "python").symlink_to(tmp_path / "secrets" / "key")
    assert tmp_path / "secrets" not in _sources(tmp_path / "venv" / "bin" / "python")
    assert tmp_path / "secrets" / "key" not in _sources(tmp_path / "venv" / "bin" / "python")


def test_an_installation_in_a_home_shows_itself_and_not_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    python = _installation(tmp_path / ".local")
    (tmp_path / ".local" / "share").mkdir()
    assert _sources(python) == [python, tmp_path / ".local" / "lib" / "python3.12"]


def test_packages_of_a_user_make_no_installation(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "lib" / "python3.12" / "site-packages").mkdir(parents=True)
    python = _installation(tmp_path / "real")
    (tmp_path / "bin" / "python3.12").symlink_to(python)
    assert _sources(tmp_path / "bin" / "python3.12") == [tmp_path / "bin" / "python3.12", tmp_path / "real"]


def test_an_environment_shows_itself_and_what_stands_behind_it(tmp_path: Path) -> None:
    base = _installation(tmp_path / "versions" / "3.12.1")
    python = _environment(tmp_path / "app" / ".venv", base)
    assert _sources(python) == [tmp_path / "app" / ".venv", tmp_path / "versions" / "3.12.1"]


def test_links_on_the_way_are_kept(tmp_path: Path) -> None:
    base = _installation(tmp_path / "versions" / "3.12.1")
    (tmp_path / "shortcuts").mkdir()
    (tmp_path / "shortcuts" / "python3.12").symlink_to(base)
    python = _environment(tmp_path / ".venv", tmp_path / "shortcuts" / "python3.12")
    assert tmp_path / "shortcuts" / "python3.12" in _sources(python)
    assert tmp_path / "versions" / "3.12.1" in _sources(python)


def test_a_ring_of_links_is_no_interpreter(tmp_path: Path) -> None:
    (tmp_path / "python").symlink_to(tmp_path / "python")
    with pytest.raises(Fault, match="no such interpreter"):
        interpreter_binds(tmp_path / "python")


def test_our_own_has_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    covered = _sources(Path(sys.executable))
    assert Path(sys.prefix).is_relative_to("/usr") or any(
        Path(sys.prefix).is_relative_to(one) for one in covered
    )
