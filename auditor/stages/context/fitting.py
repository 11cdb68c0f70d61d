"""Which pieces fit a budget of tokens: by weight, whole where possible, around their marks where not."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from auditor.stages.context.piece import Piece
from auditor.stages.prompting.tokens import at_most

_AROUND: Final = 12
"""Lines shown on either side of a line that matters, of a piece that is too long."""
_SHARE: Final = 4
"""A piece that would take more than the budget divided by this is shown around its marks only."""

Lines = Callable[[str], list[str]]
"""The lines of a file of the tree; empty when it can't be read."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What is shown, and what is not."""

    shown: tuple[Piece, ...]
    """By file and line."""
    left_out: tuple[Piece, ...]
    """By weight."""
    cut: tuple[str, ...] = ()
    """Names of pieces of which only a part is shown."""


def fit(pieces: Iterable[Piece], lines: Lines, /, *, budget: int) -> Fitted:
    """As many of `pieces`, in their order, as have at most `budget` tokens together (`tokens.at_most`)."""
    shown: list[Piece] = []
    left_out: list[Piece] = []
    cut: list[str] = []
    room = budget
    for piece in pieces:
        parts = [piece]
        if _cost(piece, lines) > budget // _SHARE:
            parts = around_marks(piece)
            cut.append(piece.name)
        cost = sum(_cost(part, lines) for part in parts)
        if not parts or cost > room:
            left_out.append(piece)
            continue
        room -= cost
        shown += parts
    ordered = sorted(shown, key=lambda one: (one.file, one.first))
    gone = {piece.name for piece in left_out}
    return Fitted(tuple(ordered), tuple(left_out), tuple(name for name in cut if name not in gone))


def around_marks(piece: Piece, /) -> list[Piece]:
    """The head of `piece` and the stretches around its marks."""
    spans: list[tuple[int, int]] = []
    for line in sorted({piece.first, *piece.marks}):
        first, last = max(line - _AROUND, piece.first), min(line + _AROUND, piece.last)
        if spans and first <= spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], last)
        else:
            spans.append((first, last))
    return [replace(piece, first=first, last=last) for first, last in spans]


def text_of(piece: Piece, lines: Lines, /) -> str:
    """Its lines, each ending in a line feed."""
    return "".join(f"{line}\n" for line in lines(piece.file)[piece.first - 1 : piece.last])


def _cost(piece: Piece, lines: Lines) -> int:
    # A gutter of six characters a line, and the head of the block.
    return at_most(text_of(piece, lines)) + 3 * (piece.last - piece.first + 1) + 60
