"""Which part of a patch breaks it: delta debugging over units that know what they need.

Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002), with closed sets in the place of arbitrary
ones: a set is never tried without what its units need, so most tries end in an answer.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal

from auditor.trial.units import Unit

MAX_RUNS: Final = 12
"""DESIGN section 8. A run boots the application and takes seconds."""

_WORD: Final = re.compile(r"[A-Za-z_]\w{3,}")

Outcome = Literal["passes", "fails", "unresolved"]
"""`fails` is the failure that is looked for, with the same signature; any other trouble is `unresolved`."""
Run = Callable[[frozenset[int]], Outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """What is known after the last run. Sets hold indexes of units."""

    culprit: frozenset[int]
    """The smallest part that was seen to fail, with what it needs."""
    passing: frozenset[int]
    """The largest part that was seen to pass; empty when none was."""
    runs: int
    minimal: bool
    """Whether no smaller part is left to try; False when the runs were used up."""


def isolate(
    units: tuple[Unit, ...], run: Run, /, *, max_runs: int = MAX_RUNS, suspects: frozenset[int] = frozenset()
) -> Isolation:
    """Narrows down a patch that fails as a whole. The empty patch is known to pass, and neither is run again.

    `suspects` are tried alone before anything else: where they fail, half of the search is spared.
    """
    search = _Search(units, run, max_runs)
    failing = frozenset(range(len(units)))
    suspected = search.closed(suspects)
    if suspects and suspected != failing and max_runs > 1 and search.ask(suspected) == "fails":
        failing = suspected
    culprit, minimal = search.smallest(failing)
    needed = frozenset[int]().union(*(units[index].needs for index in culprit))
    rest = search.without(culprit - needed)
    if rest and rest not in search.known:
        search.ask(rest)
    passing = [chosen for chosen, outcome in search.known.items() if outcome == "passes"]
    best = max(passing, key=lambda chosen: (len(chosen), sorted(chosen)), default=frozenset[int]())
    return Isolation(culprit=culprit, passing=best, runs=search.runs, minimal=minimal)


def suspected(units: tuple[Unit, ...], said: str, /) -> frozenset[int]:
    """Those that a failure names: a word of its text stands in them and in no other unit, and in no name of a file."""
    words = set(_WORD.findall(said)) - {word for unit in units for word in _WORD.findall(unit.file)}
    named = {index: words.intersection(_WORD.findall(unit.text)) for index, unit in enumerate(units)}
    counts = Counter(word for found in named.values() for word in found)
    return frozenset(index for index, found in named.items() if any(counts[word] == 1 for word in found))


def whole(units: tuple[Unit, ...], /) -> Isolation:
    """Of a failure that no part of the patch can be blamed for: nothing is run."""
    return Isolation(culprit=frozenset(range(len(units))), passing=frozenset(), runs=0, minimal=False)


class _Search:
    def __init__(self, units: tuple[Unit, ...], run: Run, max_runs: int) -> None:
        self.units = units
        self.runs = 0
        self.known: dict[frozenset[int], Outcome] = {frozenset(): "passes"}
        self._run = run
        self._max_runs = max_runs

    def closed(self, chosen: Iterable[int]) -> frozenset[int]:
        """With all that they need."""
        found = set(chosen)
        for index in tuple(found):
            found |= self.units[index].needs
        return frozenset(found)

    def without(self, removed: frozenset[int]) -> frozenset[int]:
        """Everything that can do without `removed`."""
        everything = range(len(self.units))
        return frozenset(index for index in everything if not ({index} | self.units[index].needs) & removed)

    def ask(self, chosen: frozenset[int]) -> Outcome | None:
        """What happens with this part; None when the runs are used up."""
        if chosen not in self.known:
            if self.runs >= self._max_runs:
                return None
            self.runs += 1
            self.known[chosen] = self._run(chosen)
        return self.known[chosen]

    def _passes_surely(self, chosen: frozenset[int]) -> bool:
        """A part of what passes is taken to pass: almost always so, and what is said in the end was seen all the same."""
        return any(outcome == "passes" and chosen <= known for known, outcome in self.known.items())

    def smallest(self, failing: frozenset[int]) -> tuple[frozenset[int], bool]:
        """ddmin: halves first, then finer; each step keeps a part that fails."""
        pieces = 2
        while len(failing) > 1:
            smaller, exhausted = self._smaller(failing, pieces)
            if exhausted:
                return failing, False
            if smaller is not None:
                pieces = 2 if len(smaller) <= len(failing) // 2 else max(2, pieces - 1)
                failing = smaller
            elif pieces >= len(failing):
                return failing, True
            else:
                pieces = min(len(failing), 2 * pieces)
        return failing, True

    def _smaller(self, failing: frozenset[int], pieces: int) -> tuple[frozenset[int] | None, bool]:
        ordered = sorted(failing)
        size = -(-len(ordered) // pieces)
        parts = [frozenset(ordered[at : at + size]) for at in range(0, len(ordered), size)]
        tries = [self.closed(part) & failing for part in parts]
        tries += [self.closed(failing & self.without(part)) & failing for part in parts]
        for chosen in dict.fromkeys(tries):
            if not chosen or chosen == failing or self._passes_surely(chosen):
                continue
            if self.runs >= self._max_runs - 1 and chosen not in self.known:
                return None, True  # the last run is for the rest without the culprit
            if self.ask(chosen) == "fails":
                return chosen, False
        return None, False
