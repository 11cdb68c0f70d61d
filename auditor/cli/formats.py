"""The forms in which a result can be had, by the names and file suffixes that ask for them."""

import argparse
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import auditor
from auditor.config.nearest import did_you_mean

EVENTS: Final = "jsonl"
"""The events of the run, one a line."""
SCREEN: Final = "screen"
"""The short form for a terminal."""

_ALIASES: Final[Mapping[str, str]] = {"md": "markdown", "text": SCREEN}
_EVENTS_SUFFIX: Final = ".jsonl"


def format_names() -> tuple[str, ...]:
    """Every form there is; the reports' come from the files that are there, none of which is imported."""
    folder = Path(auditor.__file__).parent / "report" / "formats"
    return tuple(sorted({module.name for module in pkgutil.iter_modules([str(folder)])} | {EVENTS, SCREEN}))


def format_named(name: str, /) -> str:
    """The type of ``--format``."""
    wanted = _ALIASES.get(name.casefold(), name.casefold())
    if wanted not in format_names():
        raise argparse.ArgumentTypeError(f"there is no format {name!r}; {did_you_mean(name, format_names())}")
    return wanted


def format_of_file(path: Path, /) -> str | None:
    """What the suffix asks for; None when it asks for nothing we know."""
    if path.name.casefold().endswith(_EVENTS_SUFFIX):
        return EVENTS
    from auditor.report import format_for_suffix  # noqa: PLC0415  brings the report's types along

    return format_for_suffix(path.name)


def known_suffixes() -> str:
    """For messages."""
    from auditor.report import suffixes  # noqa: PLC0415  as above

    return ", ".join(sorted({*suffixes(), _EVENTS_SUFFIX}))
