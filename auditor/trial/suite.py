"""The target's own tests, run once: what each of them said, as far as their runner tells.

The run is the target's code and not to be trusted: it has a deadline, and what it leaves is read within limits.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal
from xml.etree import ElementTree as ET

from auditor.config.testing import TestsSettings
from auditor.execution.ran import LEFT
from auditor.execution.world import World

Said = Literal["passed", "failed", "skipped"]

_REPORT: Final = "tests.xml"
_OPTIONS: Final = f"--junitxml={LEFT}/{_REPORT} -p no:cacheprovider"
_MOST_CASES: Final = 200_000
_MESSAGE: Final = 20_000
"""Characters kept of what a failed test says."""
_END: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test."""

    said: Said
    message: str = ""
    """Why it failed, as its runner shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteRun:
    """One run of all tests."""

    succeeded: bool
    """Whether the command ended with status 0."""
    how: str
    """How it ended, in words."""
    cases: Mapping[str, Case] | None
    """By name; None where the runner gives no report, or did not come to its end."""
    last_words: str = ""
    """The end of what it printed."""

    @property
    def failed(self) -> frozenset[str]:
        """Names of the tests that failed."""
        return frozenset(name for name, case in (self.cases or {}).items() if case.said == "failed")


def run_suite(world: World, settings: TestsSettings, /, *, env: Mapping[str, str] = {}) -> SuiteRun:
    """Runs the settings' command on the world's prepared data, and leaves that as it was.

    `env` is what the target's commands get anyway; options for pytest that stand there stay.
    """
    assert settings.command is not None, "there are tests to run"
    world.reset()
    world.take_left(_REPORT)
    options = f"{env.get('PYTEST_ADDOPTS', '')} {_OPTIONS}".strip()
    ran = world.run(
        settings.command,
        wall_s=settings.timeout_ms / 1000,
        beside=world.is_apart,  # elsewhere those of the other tree hold their ports
        env={"PYTEST_ADDOPTS": options, "NO_COLOR": "1"},
    )
    report = world.take_left(_REPORT)
    world.reset()
    ended = ran.ended
    how = (
        f"ran longer than {settings.timeout_ms / 1000:g} s"
        if ended.how == "deadline"
        else f"{ended.how}{'' if ended.code is None else f' {ended.code}'}"
    )
    said = f"{ran.output.rstrip()}\n{ran.errors.strip()}".strip()
    return SuiteRun(
        succeeded=ended.succeeded,
        how=how,
        cases=cases_of(report) if ended.how == "exited" else None,
        last_words=said[-_END:],
    )


def cases_of(report: bytes, /) -> dict[str, Case] | None:
    """The tests of a JUnit report; None for what is none. Of tests with one name a failed one counts."""
    if not report.strip() or b"<!DOCTYPE" in report or b"<!ENTITY" in report:
        return None
    try:
        root = ET.fromstring(report)  # noqa: S314  without entities nothing in it can grow; its size is limited
    except (ET.ParseError, LookupError, ValueError):  # the last two: an encoding that is none for XML
        return None
    cases: dict[str, Case] = {}
    for name, case in _cases(root):
        if name not in cases or case.said == "failed":
            cases[name] = case
        if len(cases) > _MOST_CASES:
            return None
    return cases


def _cases(root: ET.Element) -> Iterator[tuple[str, Case]]:
    for element in root.iter("testcase"):
        place, name = element.get("classname", ""), element.get("name", "")
        full = "::".join(filter(None, (place.replace(".", os.sep), name))) or "?"
        broken = [child for child in element if child.tag in {"failure", "error"}]
        if broken:
            message = "\n".join(f"{child.get('message', '')}\n{child.text or ''}" for child in broken)
            yield full, Case(said="failed", message=message[:_MESSAGE])
        elif any(child.tag == "skipped" for child in element):
            yield full, Case(said="skipped")
        else:
            yield full, Case(said="passed")
