from collections.abc import Callable
from typing import Any

import pytest

from auditor.trace.turns import Reached, called, operations_below, reached

Traced = Callable[..., tuple[Any, Any]]


def answers(traced: Traced, body: str) -> list[tuple[str, int | None]]:
    """For each request inside `entry`'s loop, in order: how many turns reach it, and the line of the condition."""
    trace, root = traced({"app.py": f"import requests\n\n{body}"})
    machine = trace.machine
    found: list[Reached] = []
    for scope in (machine.summaries[id(root.function)],):
        found += [reached(machine, e.loops[-1], e.branch, e.frames) for e in scope.effects if e.loops]
        for call in scope.calls:
            if call.loops:
                below = operations_below(machine, call.callee, lambda e: e.kind == "http")
                found += [called(machine, call.loops[-1], call, b) for b in below]
    return [(r.turns, None if r.guard is None else r.guard.line) for r in found]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("def entry(rows):\n for row in rows:\n  requests.get('a')", ("every", None)),
        ("def entry(rows, x):\n if x:\n  for row in rows:\n   requests.get('a')", ("every", None)),
        ("def entry(rows, x):\n if x: return\n for row in rows:\n  requests.get('a')", ("every", None)),
        ("def entry(rows):\n for row in rows:\n  if row:\n   requests.get('a')", ("some", 5)),
        ("def entry(rows):\n for row in rows:\n  row and requests.get('a')", ("some", 5)),
        ("def entry(rows):\n for row in rows:\n  x = requests.get('a') if row else 1", ("some", 5)),
        ("def entry(rows):\n for row in rows:\n  if row: continue\n  requests.get('a')", ("passing", 5)),
        ("def entry(rows):\n for row in rows:\n  try: row()\n  except E: requests.get('a')", ("failing", 5)),
    ],
)
def test_of_the_loop_s_own_conditions(traced: Traced, body: str, expected: tuple[str, int | None]) -> None:
    assert answers(traced, body) == [expected]


def test_of_conditions_in_what_the_loop_calls(traced: Traced) -> None:
    assert answers(
        traced,
        """
def deep(row):
    requests.get("a")
    if row.changed:
        requests.get("b")

def send(row):
    if not row.ok:
        return
    deep(row)

def entry(rows, x):
    if x:
        for row in rows:
            send(row)
""",
    ) == [("passing", 10), ("some", 6)]


def test_of_a_caller_s_conditions_nothing_is_asked(traced: Traced) -> None:
    trace, root = traced(
        {
            "app.py": """
import requests

def each(urls):
    for url in urls:
        url.fetch()

class Url:
    def fetch(self):
        requests.get(self.path)

def entry(request, x):
    if x:
        each([Url() for _ in request])
"""
        }
    )
    machine = trace.machine
    found = [c for c in machine.summaries[id(root.function)].calls if c.callee.name == "fetch"]
    assert [reached(machine, c.loops[-1], c.branch, c.frames).turns for c in found] == ["every"]
