"""An edit whose lines are there and whose blanks are not as they stand: what it means, where that leaves no doubt.

Models copy lines well and blanks badly: a stretch loses its common indentation, a line the blanks at its end. The edit is given the text of the
file for its search, and its replacement the indentation that was lost; the patch that comes of it matches exactly.
"""

from collections.abc import Sequence


def relocated(text: str, search: str, replacement: str, /) -> tuple[str, str] | None:
    """Search and replacement as they stand in `text`; None where its lines are not there, or there more than once."""
    wanted = search.removesuffix("\n").split("\n")
    lines = text.split("\n")
    if not wanted[0].strip() or not wanted[-1].strip():
        return None
    places = [
        (start, lost)
        for start in range(len(lines) - len(wanted) + 1)
        if (lost := _lost(lines[start : start + len(wanted)], wanted)) is not None
    ]
    if len(places) != 1:
        return None
    start, lost = places[0]
    end = "\n" if search.endswith("\n") else ""
    found = "\n".join(lines[start : start + len(wanted)]) + end
    return found, "\n".join(f"{lost}{line}" if line.strip() else line for line in replacement.split("\n"))


def _lost(found: Sequence[str], wanted: Sequence[str]) -> str | None:
    """The indentation that all of `wanted` lacks of `found`; None where they differ by more than blanks."""
    first = found[0]
    lost = first[: len(first) - len(first.lstrip())].removesuffix(_indentation(wanted[0]))
    same = all(
        (lost + ours if ours.strip() else "").rstrip() == theirs.rstrip()
        for theirs, ours in zip(found, wanted, strict=True)
    )
    return lost if same else None


def _indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
