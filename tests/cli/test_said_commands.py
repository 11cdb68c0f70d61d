"""Whatever the messages and the pages tell somebody to type exists: the command, and each of its options."""

import re
from functools import cache
from pathlib import Path

import pytest

from auditor.cli.command import command_names, load_command
from auditor.cli.parser import Parser

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
SOURCES = [
    *(ROOT / "auditor").rglob("*.py"),
    *(ROOT / "playbooks").rglob("*.md"),
    *(ROOT / "prompts").glob("*.md"),
]
SAID = re.compile(r"(?:(?<=`)|(?<=\$ )|(?<=\.venv/bin/)|(?<=pipx run ))auditor ([a-z]+)([^`\n#]*)")
"""A command in backticks or behind a prompt, up to the end of either."""
OPTION = re.compile(r"(?<=\s)--?[a-z][a-z-]*")


def said(text: str) -> set[tuple[str, str]]:
    """Each command told in `text`, and what stands behind its name; a target's own command is not ours."""
    return {(name, rest.partition(" -- ")[0]) for name, rest in SAID.findall(text)}


@cache
def options(name: str) -> frozenset[str]:
    parser = Parser(prog=name)
    load_command(name).prepare_parser(parser)
    return frozenset({*parser.option_names, "-q", "--quiet", "--debug", "-h", "--help"})


def unknown(text: str) -> list[str]:
    """The commands told in `text` that do not exist, or not with these options."""
    names = command_names()
    return sorted(
        f"auditor {name}{rest}"
        for name, rest in said(text)
        if name not in names or not options(name).issuperset(OPTION.findall(f" {rest}"))
    )


def test_what_does_not_exist_is_found() -> None:
    text = "`auditor adit`, `auditor audit . --no-such x`, `auditor audit . --format json`\n$ auditor fix -z  # x\n"
    assert unknown(text) == ["auditor adit", "auditor audit . --no-such x", "auditor fix -z  "]


@pytest.mark.parametrize(("files", "least"), [(PAGES, 20), (SOURCES, 20)], ids=["pages", "messages"])
def test_what_is_told_to_be_typed_exists(files: list[Path], least: int) -> None:
    texts = {path: path.read_text("utf-8") for path in files}
    assert sum(len(said(text)) for text in texts.values()) >= least
    assert {str(path): found for path, text in texts.items() if (found := unknown(text))} == {}
