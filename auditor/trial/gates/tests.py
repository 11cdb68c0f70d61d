"""`tests`: the target's own tests say of the candidate what they say of the baseline.

The tests are the baseline's whatever the patch holds. What fails on the baseline already does not count, nor what fails one time
and not another. A test that fails only because fewer queries ran is shown: its number wants changing, which is a person's to do.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from auditor.config.testing import TestsSettings
from auditor.execution.world import World
from auditor.model.text import shorten
from auditor.model.trial import GateResult
from auditor.trial.candidate import Candidate
from auditor.trial.gates.policy import protected_kind
from auditor.trial.query_counts import fewer_queries
from auditor.trial.suite import SuiteRun, run_suite
from auditor.trial.trees import Tree, TreeStore

_SHOWN: Final = 12
_INSTRUCTIONS: Final = frozenset({"test", "tooling", "the run", "CI"})
"""Kinds of files that say how and what is tested."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Tests that the candidate fails and the baseline passes."""

    broken: tuple[str, ...] = ()
    """What they say, a line each."""
    fewer: tuple[str, ...] = ()
    """Those that fail because fewer queries ran, a sentence each."""


class TestsGate:
    """The gate."""

    __test__ = False  # pytest takes every class of this name for tests

    def __init__(
        self, settings: TestsSettings, store: TreeStore, baseline: Tree, world: Callable[[Tree], World]
    ) -> None:
        """`world` gives the prepared world of a tree, in which nothing runs."""
        self._settings = settings
        self._store = store
        self._baseline = baseline
        self._world = world
        self._first: SuiteRun | None = None

    @property
    def known(self) -> SuiteRun | None:
        """What the tests say of the baseline, from one run; None where there are none."""
        if self._settings.command is None:
            return None
        if self._first is None:
            self._first = self._run(self._baseline)
        return self._first

    def __call__(self, candidate: Candidate, tree: Tree, /) -> GateResult:
        """Skipped where there are no tests or none of them passes; failed for what the candidate alone fails, twice."""
        began = time.monotonic()
        known = self.known
        if known is None:
            return GateResult(
                gate="tests", outcome="skipped", text="no [tests] command: there is none to run"
            )
        if known.cases is None and not known.succeeded:
            return GateResult(
                gate="tests", outcome="skipped", text=f"the tests fail before any change: {known.how}"
            )
        tested = self._with_own_tests(tree)
        first = self._run(tested)
        lost = compare(known, first)
        if lost.broken:  # given the same chance twice, as the baseline is
            again = compare(known, self._run(tested))
            sure = tuple(line for line in lost.broken if line in again.broken)
            if sure:
                flaky = compare(known, self._run(self._baseline))
                sure = tuple(line for line in sure if line not in flaky.broken)
            lost = Lost(sure, lost.fewer)
        seconds = time.monotonic() - began
        if lost.broken:
            return GateResult(
                gate="tests",
                outcome="failed",
                text=f"{_tests(len(lost.broken))} fail: {lost.broken[0]}",
                evidence=(*lost.broken[:_SHOWN], *first.last_words.splitlines()[-5:]),
                signature=f"tests:{lost.broken[0]}",
                seconds=seconds,
            )
        count = "all tests" if known.cases is None else _tests(len(known.cases) - len(known.failed))
        return GateResult(
            gate="tests",
            outcome="passed",
            text=f"{count} pass as before{f', but for {_tests(len(lost.fewer))} that count queries' if lost.fewer else ''}",
            evidence=lost.fewer[:_SHOWN],
            shown=tuple(f"{candidate.change}: {line}" for line in lost.fewer),
            seconds=seconds,
        )

    def _run(self, tree: Tree) -> SuiteRun:
        world = self._world(tree)
        return run_suite(world, self._settings, env=dict(world.recipe.boot.env))

    def _with_own_tests(self, tree: Tree) -> Tree:
        """The tree with the baseline's tests and settings of tests, where a patch was let near them."""
        put_back: dict[str, bytes] = {}
        for path in self._store.changed(self._baseline, tree):
            before, after = self._store.read(self._baseline, path), self._store.read(tree, path)
            if protected_kind(path, before or after or b"") in _INSTRUCTIONS:
                put_back[path] = before or b""
        return self._store.derive(tree, put_back, name=f"tests/{tree.id}") if put_back else tree


def before_anything(known: SuiteRun | None, /) -> tuple[str, ...]:
    """What is to be said of the baseline's tests before a change is tried, a sentence each; nothing where all pass."""
    if known is None:
        return ()
    if known.cases is None:
        if known.succeeded:
            return ()
        last = known.last_words.strip().splitlines()[-1:]
        words = f": {_line(last[0])}" if last else ""
        return (f"the tests fail before any change, so none is held to them: they {known.how}{words}",)
    failed = sorted(known.failed)
    if not failed:
        return ()
    return (f"{_tests(len(failed))} fail before any change, and don't count: {', '.join(failed[:_SHOWN])}",)


def compare(known: SuiteRun, now: SuiteRun, /) -> Lost:
    """What passes in `known` and not in `now`; without reports, whether the command succeeds."""
    if known.cases is None:
        return Lost() if now.succeeded else Lost((f"the tests {now.how}",))
    if now.cases is None:
        return Lost((f"the tests gave no report, they {now.how}",))
    broken, fewer = [], []
    for name, case in sorted(known.cases.items()):
        if case.said != "passed":
            continue
        said = now.cases.get(name)
        if said is None:
            broken.append(f"{name}: was not run")
        elif said.said == "skipped":
            broken.append(f"{name}: was skipped")
        elif said.said == "failed":
            found = fewer_queries(said.message)
            if found is None:
                broken.append(f"{name}: {_line(said.message)}")
            else:
                fewer.append(
                    f"{name} expects {found.expected} queries, and {found.seen} ran: look at it, and change its number"
                )
    ran = {name for name, case in known.cases.items() if case.said != "skipped"}
    broken += [f"{name}: {_line(now.cases[name].message)}" for name in sorted(now.failed - ran)]
    return Lost(tuple(broken), tuple(fewer))


def _line(message: str) -> str:
    return shorten((message.strip().splitlines() or ["it says nothing"])[0], 200)


def _tests(number: int) -> str:
    return f"{number} test{'' if number == 1 else 's'}"
