"""Code that a model asks for by name, from the index, within a budget; it never names a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.stages.context.endpoint import lines_of, sources
from auditor.stages.context.fitting import Lines, text_of
from auditor.stages.context.gathering import span_of
from auditor.stages.context.piece import Piece
from auditor.stages.prompting.shown import Shown
from auditor.stages.prompting.tokens import at_most
from auditor.trace.analysis import TRACED_ROLES

if TYPE_CHECKING:
    from auditor.index.project import Project
    from auditor.index.symbols import Class, Function

MORE_BUDGET: Final = 12_000
"""Tokens of code that may be asked for in one stage."""
MOST_NAMES: Final = 20
_MOST_ALIKE: Final = 3


@dataclass(frozen=True, slots=True)
class Found:
    """What was found for some names."""

    shown: tuple[Shown, ...]
    lines: dict[str, frozenset[int]]
    refused: tuple[str, ...]
    """Sentences about what is not shown, and why."""


def code_for(names: Sequence[str], project: Project, lines: Lines, /, *, budget: int = MORE_BUDGET) -> Found:
    """The definitions that `names` mean, as far as `budget` tokens reach."""
    taken: list[Piece] = []
    refused: list[str] = []
    room = budget
    for name in list(dict.fromkeys(names))[:MOST_NAMES]:
        pieces = _pieces(name.strip().removesuffix("()"), project)
        if not pieces:
            refused.append(f"{name}: is not defined in this project, or by too many")
        for piece in pieces:
            cost = at_most(text_of(piece, lines)) + 3 * (piece.last - piece.first + 1) + 60
            if cost > room:
                refused.append(f"{piece.name}: does not fit the budget")
            else:
                room -= cost
                taken.append(piece)
    if len(set(names)) > MOST_NAMES:
        refused.append(f"more than {MOST_NAMES} names were asked for")
    return Found(sources(taken, lines), lines_of(taken), tuple(refused))


def _pieces(name: str, project: Project) -> list[Piece]:
    """Definitions called exactly so; else those whose dotted name ends so, if they are few."""
    if not name:
        return []
    exact, ending = [], []
    for symbol in _symbols(project):
        if symbol.qualname == name:
            exact.append(symbol)
        elif symbol.qualname.endswith(f".{name}"):
            ending.append(symbol)
    found = exact or (ending if len(ending) <= _MOST_ALIKE else [])
    return [_piece(symbol) for symbol in found]


def _symbols(project: Project) -> Iterator[Function | Class]:
    for module in project.modules:
        if module.role in TRACED_ROLES and module.role != "template":
            yield from module.functions
            yield from module.classes


def _piece(symbol: Function | Class) -> Piece:
    first, last = span_of(symbol)
    return Piece(file=symbol.module.path, first=first, last=last, name=symbol.qualname, role="function")
