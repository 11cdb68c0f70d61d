"""The context of one endpoint: facts and source, the same bytes for every call about it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from auditor.stages.context.facts import endpoint_facts
from auditor.stages.context.fitting import Fitted, Lines, fit, text_of
from auditor.stages.context.gathering import pieces_of
from auditor.stages.prompting.shown import Shown
from auditor.stages.prompting.tokens import at_most

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.model.report import Report
    from auditor.rules.scene import Scene
    from auditor.stages.context.piece import Piece

BUDGET: Final = 60_000
"""Tokens of the context of one endpoint, counted from above."""
_FACTS_SHARE: Final = 4
_SEEN_SHARE: Final = 10
_NAMES_SHARE: Final = 20
"""For the names of functions that are not shown, and as much again for what is left out."""
_LISTED: Final = 80
_GAP: Final = 3
"""So few lines between two pieces are shown rather than left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointContext:
    """What every call about an endpoint begins with, after the static part."""

    endpoint: str
    shown: tuple[Shown, ...]
    lines: dict[str, frozenset[int]]
    """By file, the lines that stand in it."""
    left_out: tuple[str, ...]
    """Names of what did not fit."""

    @property
    def tokens(self) -> int:
        """No usual tokenizer makes more of it."""
        return sum(at_most(one.guttered) for one in self.shown)


def endpoint_context(
    scene: Scene, report: Report, endpoint: str, lines: Lines, /, *, budget: int = BUDGET, seen: str = ""
) -> EndpointContext:
    """The context of `endpoint`, an id of the report (KeyError otherwise), in at most `budget` tokens.

    `seen` is what its requests were seen to ask; as much of it stands behind the facts as fits.
    """
    known = {one.id: one for one in report.endpoints}[endpoint]
    findings = [one for one in report.findings if endpoint in one.endpoints and one.status != "refuted"]
    facts = _facts(endpoint_facts(known, report.sizes), budget // _FACTS_SHARE)
    names_room = budget // _NAMES_SHARE
    requests = (
        (Shown(kind="requests", text=_whole_lines(seen.split("\n"), budget // _SEEN_SHARE)),) if seen else ()
    )
    told = sum(at_most(one.guttered) for one in (facts, *requests))
    room = budget - told - names_room - budget // _NAMES_SHARE
    fitted = fit(pieces_of(scene, known, findings, lines), lines, budget=room)
    others = Shown(kind="names", text=_whole_lines(_others(scene, fitted), names_room))
    return EndpointContext(
        endpoint=endpoint,
        shown=(facts, *requests, *sources(fitted.shown, lines), others, _left_out(fitted)),
        lines=lines_of(fitted.shown),
        left_out=tuple(piece.name for piece in fitted.left_out),
    )


def _facts(text: str, tokens: int) -> Shown:
    """The costliest effects come first."""
    return Shown(kind="endpoint", text=_whole_lines(text.split("\n"), tokens))


def _whole_lines(lines: Iterable[str], tokens: int) -> str:
    """As many lines as have `tokens` at most, and a word about the rest."""
    kept: list[str] = []
    room = tokens
    for line in lines:
        room -= at_most(f"| {line}\n")
        if room < 0:
            kept.append("and more, which did not fit")
            break
        kept.append(line)
    return "\n".join(kept)


def sources(pieces: Iterable[Piece], lines: Lines, /) -> tuple[Shown, ...]:
    """One block for each file; pieces that touch become one stretch."""
    by_file: defaultdict[str, list[Piece]] = defaultdict(list)
    for piece in _joined(pieces):
        by_file[piece.file].append(piece)
    return tuple(
        Shown(kind="source", head=(path,), stretches=tuple((one.first, text_of(one, lines)) for one in parts))
        for path, parts in by_file.items()
    )


def _joined(pieces: Iterable[Piece]) -> list[Piece]:
    """By file and line; what overlaps, touches or nearly does is one."""
    joined: list[Piece] = []
    for piece in sorted(pieces, key=lambda one: (one.file, one.first)):
        last = joined[-1] if joined and joined[-1].file == piece.file else None
        if last is not None and piece.first <= last.last + _GAP:
            joined[-1] = replace(last, last=max(last.last, piece.last))
        else:
            joined.append(piece)
    return joined


def _left_out(fitted: Fitted) -> Shown:
    said = [f"{one.name} at {one.file}:{one.first}-{one.last}" for one in fitted.left_out[:_LISTED]]
    if len(fitted.left_out) > _LISTED:
        said.append(f"and {len(fitted.left_out) - _LISTED} more")
    said += [f"shown in part: {name}" for name in fitted.cut]
    return Shown(kind="left-out", text="\n".join(said) or "nothing was left out")


def _others(scene: Scene, fitted: Fitted) -> list[str]:
    """Functions in the same files that are not shown: a helper that does it all at once may be there already."""
    shown = lines_of(fitted.shown)
    told = [
        "other functions in these files, which no request of the endpoint comes through or which did not fit:"
    ]
    for path in sorted(shown):
        module = scene.project.by_path.get(path)
        for function in module.functions if module else ():
            if function.line not in shown[path]:
                names = ", ".join(name for name, *_ in function.params)
                told.append(f"{function.qualname}({names}) at {path}:{function.line}")
    return told if len(told) > 1 else ["there are no other functions in these files"]


def lines_of(pieces: Iterable[Piece], /) -> dict[str, frozenset[int]]:
    """By file, the lines that pieces hold."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    for piece in _joined(pieces):
        found[piece.file].update(range(piece.first, piece.last + 1))
    return {path: frozenset(numbers) for path, numbers in found.items()}
