"""A path that tells whether the application serves."""

import re
from collections.abc import Sequence
from typing import Final

from auditor.execution.detect.clue import Clue
from auditor.execution.detect.compose import Service
from auditor.execution.detect.tree import Tree
from auditor.frameworks.entry import EntryPoint

_NAMES: Final = (
    ("ready readyz readiness ready_check readiness_check", 0.9),
    ("health healthz healthcheck health_check health-check _health healthy", 0.85),
    ("livez liveness alive heartbeat __heartbeat__ lbheartbeat __lbheartbeat__", 0.8),
    ("ping _ping _status", 0.7),
)
"""The last part of the path, and how likely it is the one to wait for: the database first, the process last."""
_ONLY_AT_TOP: Final = ("live up status monitoring ht", 0.65)
"""Words that mean something else further down: ``/api/live`` may be flights."""
_CHECKED: Final = re.compile(
    r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::[\w$\{\}]+)?(?P<path>/[\w./-]*)?"
)


def health_paths(
    tree: Tree, entries: Sequence[EntryPoint], composed: Sequence[Service], /
) -> tuple[Clue[str], ...]:
    """Paths that a readiness check can ask for, the best first."""
    clues = [clue for entry in entries if (clue := _route(entry)) is not None]
    clues.extend(_health_checks(tree, composed))
    return tuple(sorted(clues, key=lambda clue: (-clue.confidence, len(clue.value), clue.value, clue.place)))


def _route(entry: EntryPoint) -> Clue[str] | None:
    if entry.kind != "http" or entry.method not in {"GET", "ANY"} or "{" in entry.path:
        return None
    last = entry.path.rstrip("/").rpartition("/")[2].lower()
    deep = entry.path.strip("/").count("/")
    for names, confidence in _NAMES if deep else (*_NAMES, _ONLY_AT_TOP):
        if last in names.split():
            return Clue(entry.path, f"{entry.file}:{entry.line}", round(confidence - 0.03 * deep, 2))
    return None


def _health_checks(tree: Tree, composed: Sequence[Service]) -> list[Clue[str]]:
    """What health checks of images and services ask for."""
    texts = [(service.health, service.place) for service in composed if not service.image]
    for file in tree.named("Dockerfile"):
        for number, line in enumerate(tree.read(file).splitlines(), start=1):
            if "HEALTHCHECK" in line or (
                "CMD" in line and "curl" in line and not line.lstrip().startswith("#")
            ):
                texts.append((line, f"{file}:{number}"))
    found = ((_CHECKED.search(text), place) for text, place in texts)
    return [Clue(match["path"] or "/", place, 0.75) for match, place in found if match]
