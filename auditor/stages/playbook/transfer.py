"""What the second endpoint owes to the first: recipes carried over, trials and time per unit of gain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One change as it ended."""

    endpoint: str
    recipe: str
    """The playbook, or the codemod where there is none."""
    kept: bool
    runs: int
    """How often the target was run for it: attempts, and parts tried in isolation."""
    seconds: float
    gain: float
    """What it took away from the endpoint's statements per request; 0 where it was not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """What one endpoint cost and gave."""

    endpoint: str
    tried: int
    kept: int
    runs: int
    seconds: float
    gain: float

    @property
    def runs_per_gain(self) -> float | None:
        """Runs per statement taken away; None where nothing was gained."""
        return self.runs / self.gain if self.gain > 0 else None

    @property
    def seconds_per_gain(self) -> float | None:
        """Seconds per statement taken away; None where nothing was gained."""
        return self.seconds / self.gain if self.gain > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """The first endpoint against a later one."""

    first: Effort
    later: Effort
    carried: tuple[str, ...]
    """Recipes kept on both."""
    refused: tuple[str, ...]
    """Recipes kept on the first and reverted on the later one."""
    share: float | None
    """Of the recipes kept on the first that were tried on the later one, those that were kept there; None where none was."""


def transfers(tried: Sequence[Tried], /) -> tuple[Transfer, ...]:
    """The first endpoint, by order of trial, against each later one."""
    endpoints = tuple(dict.fromkeys(one.endpoint for one in tried))
    if len(endpoints) < 2:
        return ()
    first = [one for one in tried if one.endpoint == endpoints[0]]
    return tuple(_transfer(first, [one for one in tried if one.endpoint == name]) for name in endpoints[1:])


def _transfer(first: list[Tried], later: list[Tried]) -> Transfer:
    proved = {one.recipe for one in first if one.kept}
    kept = {one.recipe for one in later if one.kept}
    again = proved & {one.recipe for one in later}
    return Transfer(
        first=_effort(first),
        later=_effort(later),
        carried=tuple(sorted(proved & kept)),
        refused=tuple(sorted(again - kept)),
        share=len(again & kept) / len(again) if again else None,
    )


def _effort(tried: list[Tried]) -> Effort:
    return Effort(
        endpoint=tried[0].endpoint,
        tried=len(tried),
        kept=sum(one.kept for one in tried),
        runs=sum(one.runs for one in tried),
        seconds=sum(one.seconds for one in tried),
        gain=sum(one.gain for one in tried),
    )


def preferred(tried: Iterable[Tried], /) -> tuple[str, ...]:
    """Recipes in the order to try them next: by gain per run where they were kept, the ever refused last.

    Recipes that were never tried are not listed; they stand between those that were kept and those that failed.
    """
    gains: dict[str, float] = {}
    runs: dict[str, int] = {}
    for one in tried:
        gains[one.recipe] = gains.get(one.recipe, 0.0) + one.gain
        runs[one.recipe] = runs.get(one.recipe, 0) + max(one.runs, 1)
    proved = [name for name, gain in gains.items() if gain > 0]
    return tuple(sorted(proved, key=lambda name: (-gains[name] / runs[name], name)))


def failed_everywhere(tried: Iterable[Tried], /) -> frozenset[str]:
    """Recipes that were tried and never kept."""
    every = tuple(tried)
    return frozenset(one.recipe for one in every) - frozenset(one.recipe for one in every if one.kept)
