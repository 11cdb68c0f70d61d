"""Formats are known by being there, and by the ending of a file's name."""

import pytest

from auditor.model.report import Coverage, Report, Target
from auditor.report import format_for_suffix, formats, render, suffixes

EMPTY = Report(target=Target(root="."), coverage=Coverage())


def test_every_module_is_a_format_and_renders_an_empty_report() -> None:
    assert formats() == ("github", "json", "markdown", "sarif")
    assert all(render(EMPTY, name).endswith("\n") for name in formats())


@pytest.mark.parametrize("name", ["html", "", "markdown.evil", "../json", "__init__"])
def test_an_unknown_format_is_an_error_and_imports_nothing(name: str) -> None:
    with pytest.raises(KeyError):
        render(EMPTY, name)


@pytest.mark.parametrize(
    ("file", "found"),
    [
        ("plan.md", "markdown"),
        ("PLAN.MD", "markdown"),
        ("a/report.json", "json"),
        ("out.sarif", "sarif"),
        ("out.sarif.json", "sarif"),
        ("plan", None),
        ("plan.txt", None),
    ],
)
def test_the_format_follows_the_ending(file: str, found: str | None) -> None:
    assert format_for_suffix(file) == found


def test_the_endings_can_be_listed() -> None:
    assert suffixes() == (".json", ".markdown", ".md", ".sarif", ".sarif.json")
