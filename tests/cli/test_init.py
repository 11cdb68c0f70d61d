import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.cli.main import main
from auditor.config.target import load_target_settings

APP = "from flask import Flask\napp = Flask(__name__)\n@app.get('/ready')\ndef ready(): return 'ok'\n"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("CONFIG_HOME", "CACHE_HOME", "STATE_HOME"):
        monkeypatch.setenv(f"XDG_{name}", str(tmp_path / "own"))
    root = tmp_path / "shop"
    root.mkdir()
    (root / "wsgi.py").write_text(APP)
    (root / "Procfile").write_text("web: gunicorn wsgi:app\n")
    return root


def test_a_file_that_is_there_stays(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "auditor.toml").write_text("half-writ")
    assert main(["init", str(tree)]) == 2
    assert (tree / "auditor.toml").read_text() == "half-writ"
    assert "--force" in capsys.readouterr().err


def test_print_touches_nothing(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "auditor.toml").write_text("[boot]\n")
    assert main(["init", "--print", str(tree)]) == 0
    assert (tree / "auditor.toml").read_text() == "[boot]\n"
    assert 'ready = "/ready"  # wsgi.py:4' in capsys.readouterr().out


def test_what_could_not_be_read_is_said(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(7):
        (tree / f"settings{number}.py").write_bytes(b"URL = 'sqlite:///x.db'\0")
    assert main(["init", "--print", str(tree)]) == 0
    told = capsys.readouterr().err
    assert "auditor: not read: settings4.py (holds NUL bytes" in told
    assert "not read: 2 more files" in told


def test_what_is_written_can_be_read_and_is_the_same_every_time(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", str(tree)]) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert "boot.command: gunicorn wsgi:app --bind 127.0.0.1:{port} (Procfile:1)" in told.err
    assert "not found: database.engine" in told.err
    settings = load_target_settings(tree)
    assert settings.boot.command is not None
    assert settings.boot.command.argv == ("gunicorn", "wsgi:app", "--bind", "127.0.0.1:{port}")
    first = (tree / "auditor.toml").read_bytes()
    assert main(["init", "--force", str(tree)]) == 0
    assert (tree / "auditor.toml").read_bytes() == first


def test_a_link_in_its_place_is_replaced_not_followed(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("mine")
    (tree / "auditor.toml").symlink_to(tmp_path / "other")
    assert main(["init", str(tree)]) == 2
    assert main(["init", "--force", str(tree)]) == 0
    assert (tmp_path / "other").read_text() == "mine"


def test_nothing_is_asked_without_a_terminal(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tree / "Procfile").unlink()
    (tree / "wsgi.py").write_text("x = 1\n")
    stdin = io.StringIO("gunicorn evil:app\n")
    monkeypatch.setattr("sys.stdin", stdin)
    assert main(["init", str(tree)]) == 0
    assert stdin.tell() == 0
    assert "not found: boot.command" in capsys.readouterr().err


def test_nothing_of_the_target_is_executed(tree: Path) -> None:
    trap = "open('executed', 'w')\n"
    for name in ("wsgi.py", "manage.py", "gunicorn.conf.py", "seed.py", "sitecustomize.py"):
        (tree / name).write_text(f"{APP}{trap}")
    (tree / "venv/bin").mkdir(parents=True)
    (tree / "venv/pyvenv.cfg").touch()
    python = tree / "venv/bin/python"
    python.write_text(f"#!/bin/sh\ntouch {tree}/executed\n")
    python.chmod(0o755)
    assert main(["init", str(tree)]) == 0
    assert not list(tree.rglob("executed"))
    assert not Path("executed").exists()


@pytest.mark.parametrize(
    ("path", "said"), [("nowhere", "there is no such directory"), ("wsgi.py", "is not a directory")]
)
def test_no_folder_is_a_fault(tree: Path, path: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", str(tree / path)]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a terminal")
@pytest.mark.parametrize("flags", [[], ["--no-input"]])
def test_on_a_terminal_only_what_is_missing_is_asked(tree: Path, flags: list[str]) -> None:
    (tree / "Procfile").unlink()
    (tree / "wsgi.py").write_text("x = 1\n")
    ours, theirs = os.openpty()
    try:
        os.write(ours, b"gunicorn shop:app --bind 127.0.0.1:{port}\n")
        done = subprocess.run(
            [sys.executable, "-m", "auditor", "init", str(tree), *flags],
            stdin=theirs,
            stdout=theirs,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == 0, done.stderr
    asked = "what starts it in production" in done.stderr
    command = load_target_settings(tree).boot.command
    assert asked is (not flags)
    assert (command is not None and command.argv[1] == "shop:app") is asked
    assert "what fills its database" not in done.stderr
