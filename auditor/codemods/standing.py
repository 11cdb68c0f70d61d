"""What most codemods stand on: the text of a finding's file, its function, and what the trace knows of that."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from auditor.codemods.known_functions import known_at
from auditor.codemods.places import function_at

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.index.symbols import Function as Known
    from auditor.model.report import Finding
    from auditor.rules.scene import Scene

Place = TypeVar("Place")


@dataclass(frozen=True, slots=True)
class Standing:
    """One finding's place, with fresh spans to edit."""

    spans: "Spans"
    function: "Function"
    known: "Known"
    scene: "Scene"


def standing(finding: "Finding", source: "Source", /) -> Standing | None:
    """Where a finding stands; None where the file can't be read, no function is there, or there is no trace."""
    spans = source.spans(finding.file)
    function = None if spans is None else function_at(spans.tree, finding.line)
    known = None if function is None else known_at(function, finding.file, source)
    if spans is None or function is None or known is None or source.scene is None:
        return None
    return Standing(spans, function, known, source.scene)


def first_edited(
    places: Iterable[Place | str], edit: Callable[[Place], str], spans: "Spans", *, otherwise: str
) -> Place | str:
    """The first place of which `edit` gives no reason against it, with its edits and no other's; the last reason if none.

    A place that is a text is no place, but the reason why it is none. `otherwise` is said where there are none at all.
    """
    reason = otherwise
    for place in places:
        reason = place if isinstance(place, str) else edit(place)
        if not reason and not isinstance(place, str):
            return place
        spans.forget()
    return reason
