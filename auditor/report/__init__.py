"""Reports for people and machines: a format is a module in `auditor.report.formats`, known by being there."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Protocol

from auditor.model.report import Report
from auditor.report import formats as _formats


class Format(Protocol):
    """What a module in `auditor.report.formats` offers; its file name is the format's name."""

    SUFFIXES: tuple[str, ...]
    """File name endings that mean this format, longest first, with their dot."""

    def render(self, report: Report) -> str:
        """The report in this format; the same report gives the same text."""


@cache
def formats() -> tuple[str, ...]:
    """The names of the formats, sorted."""
    return tuple(sorted(module.name for module in iter_modules(_formats.__path__)))


def render(report: Report, format: str) -> str:  # noqa: A002  the word that the command line uses
    """`report` in the format of that name; KeyError for a name that is not in `formats()`."""
    return _load(format).render(report)


def format_for_suffix(name: str) -> str | None:
    """The format that a file of this name (`plan.md`, `out.sarif.json`) has; None when nothing fits."""
    endings = [(suffix, found) for found in formats() for suffix in _load(found).SUFFIXES]
    fitting = [(suffix, found) for suffix, found in endings if name.casefold().endswith(suffix)]
    return max(fitting, key=lambda ending: len(ending[0]))[1] if fitting else None


def suffixes() -> tuple[str, ...]:
    """Every ending that `format_for_suffix` knows, sorted: for messages."""
    return tuple(sorted(suffix for name in formats() for suffix in _load(name).SUFFIXES))


@cache
def _load(name: str) -> Format:
    if name not in formats():
        raise KeyError(name)
    module: Format = import_module(f"{_formats.__name__}.{name}")
    return module
