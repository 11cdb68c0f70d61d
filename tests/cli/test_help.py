"""What a first look and a second run cost: neither may import anything heavy."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from auditor import __version__
from auditor.cli.command import command_names

HEAVY = (
    "anthropic",
    "openai",
    "textual",
    "tree_sitter",
    "tree_sitter_python",
    "sqlglot",
    "git",
    "pydantic",
    "rich",
)
PROBE = """
import sys
from auditor.cli.main import main
status = main(sys.argv[1:])
sys.stderr.write(" ".join(sorted({name.partition(".")[0] for name in sys.modules})))
sys.exit(status)
"""


def probe(*arguments: str) -> tuple[str, set[str]]:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout, set(done.stderr.split())


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("-h",)])
def test_a_first_look_imports_nothing_heavy(arguments: tuple[str, ...]) -> None:
    output, modules = probe(*arguments)
    assert output
    assert not modules & set(HEAVY)


def test_the_help_of_a_command_imports_no_parser_and_no_sdk() -> None:
    output, modules = probe("audit", "--help")
    assert "--fail-on" in output
    assert not modules & {"anthropic", "openai", "textual", "tree_sitter", "sqlglot"}


@pytest.mark.parametrize("form", ["json", "markdown", "sarif", "screen"])
def test_an_audit_that_was_done_before_imports_nothing_heavy(
    tree: Callable[[Mapping[str, str]], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, form: str
) -> None:
    monkeypatch.setenv("AUDITOR_CACHE_DIR", str(tmp_path / "cache"))
    root = tree({"app.py": "from flask import Flask\n\napp = Flask(__name__)\n"})
    first, modules = probe("audit", str(root), "--quiet", "--format", form)
    assert "pydantic" in modules
    again, modules = probe("audit", str(root), "--quiet", "--format", form)
    assert again == first
    assert not modules & set(HEAVY)


def test_the_help_names_every_command_and_every_exit_status() -> None:
    output, _ = probe("--help")
    for name in command_names():
        assert f"\n  {name} " in output
    for status in (0, 1, 2, 3, 4, 130):
        assert f"\n  {status} " in output


def test_the_version() -> None:
    assert probe("--version")[0] == f"auditor {__version__}\n"
