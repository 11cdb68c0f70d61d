"""``[tests]``: the target's own tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from auditor.config.command import Command, parse_command
from auditor.config.duration import duration_ms_of
from auditor.config.shape import COMMAND, DURATION, Key

DEFAULT_TIMEOUT_MS: Final = 600_000

TESTS_KEYS: Final[Mapping[str, Key]] = {"command": COMMAND, "timeout": DURATION}


@dataclass(frozen=True, slots=True, kw_only=True)
class TestsSettings:
    """How the target is tested."""

    __test__ = False  # pytest takes every class of this name for a test

    command: Command | None = None
    """Runs the tests; status 0 when all pass. None: there are none that could be run."""
    timeout_ms: int = DEFAULT_TIMEOUT_MS
    """After this the run is ended, and counts as failed."""


def parse_tests(values: Mapping[str, Any], /, *, name: str) -> TestsSettings:
    """The section's values, whose shape was checked; `name` is what messages call the file."""
    where = f"{name}: tests"
    return TestsSettings(
        command=parse_command(values["command"], where=f"{where}.command") if "command" in values else None,
        timeout_ms=duration_ms_of(values["timeout"], where=f"{where}.timeout")
        if "timeout" in values
        else DEFAULT_TIMEOUT_MS,
    )
