"""Where the machine is, and how far it goes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from auditor.index.symbols import Function, Module
    from auditor.index.values import Value
    from auditor.trace.summary import Branch, Frames, Loop, Summary

MAX_FRAMES: Final = 14
"""Calls that a replay follows below one function; deeper ones stay plain calls."""
MAX_RESIDUAL: Final = 500
"""Residual operations of one function; a function with more is evaluated without its callers."""
REPLAY_BUDGET: Final = 6_000
"""Residual operations replayed while one function is evaluated."""
MAX_DEPTH: Final = 180
"""Functions being evaluated inside each other."""


@dataclass(slots=True)
class Context:
    """Where the machine is: the function whose summary is being filled, and the place in (or below) it."""

    summary: Summary
    function: Function | None
    """The function whose code is being read; below a replay, not the summary's own."""
    module: Module
    loops: tuple[Loop, ...] = ()
    branch: Branch = ()
    frames: Frames = ()
    line: int = 0
    start: int = 0
    end: int = 0
    spent: int = 0
    env: dict[str, Value] = field(default_factory=dict)
    returns: list[Value] = field(default_factory=list)
    batches: bool = False
    """It yields inside a loop that walks in batches."""
    yields: list[Value] = field(default_factory=list)
    names: str = ""
    """What the collection at hand is called in the source."""
    deferred: bool = False
    remembered: bool = False
    offloaded: bool = False
    supposed: bool = False
    """Only what a call gives is asked for, by a declaration: functions that it is handed are not followed."""
