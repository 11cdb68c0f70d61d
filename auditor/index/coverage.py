"""What an index stands on, and what it could not read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IndexCoverage:
    """Figures of the target's own files; library models are not counted. Paths are sorted."""

    files: int
    """Python files that were read, those with syntax errors included."""
    lines: int
    """Their lines."""
    unparsed: tuple[tuple[str, str], ...] = ()
    """`(path, reason)` of each file that should have been read and was not."""
    partial: tuple[tuple[str, int], ...] = ()
    """`(path, line)` of each file's first syntax error; what stands around it was read."""
    notes: tuple[tuple[str, str], ...] = ()
    """`(path, note)` of each file whose text may not be what its author meant (an encoding that lies)."""
    left_aside: tuple[tuple[str, int], ...] = ()
    """`(role, Python files)` that are not read on purpose: `generated`, `test`, `vendored`."""
