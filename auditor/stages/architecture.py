"""Stage 3: words for the diagrams that the trace draws; never a box or an arrow."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.llm.answer import Answered
from auditor.model.judged import Dropped, Label
from auditor.model.text import clean
from auditor.stages.answers.architecture import ArchitectureAnswer
from auditor.stages.prompting.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.model.report import Endpoint, Size
    from auditor.stages.desk import Desk

MOST_ELEMENTS: Final = 60
_NAME: Final = 40
_LINE: Final = 120
_HOST: Final = re.compile(r"https?://([^/\s?#]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """The words that hold, in the order of the elements."""

    labels: tuple[Label, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    unanswered: str = ""


def elements_of(endpoint: Endpoint, sizes: Iterable[Size], /) -> tuple[str, ...]:
    """What diagrams of the endpoint show: itself, the modules on its way, the tables it asks, the systems it calls."""
    modules = sorted({frame.file for effect in endpoint.effects for frame in effect.chain} | {endpoint.file})
    tables = sorted({size.table for size in sizes if size.table})
    hosts = sorted({match[1] for effect in endpoint.effects if (match := _HOST.search(effect.label))})
    kinds = sorted({effect.kind for effect in endpoint.effects} - {"sql", "session", "transaction", "http"})
    every = (
        f"endpoint:{endpoint.id}",
        *(f"module:{path}" for path in modules),
        *(f"table:{name}" for name in tables),
        *(f"system:{name}" for name in hosts),
        *(f"effect:{kind}" for kind in kinds),
    )
    return every[:MOST_ELEMENTS]


async def architecture(desk: Desk, endpoint: Endpoint, sizes: Iterable[Size], /) -> Named:
    """Names and descriptions for the elements of `endpoint`; what is no element of it is dropped."""
    elements = elements_of(endpoint, sizes)
    given = {"elements": Shown(kind="elements", text="\n".join(elements))}
    asked = await desk.ask("architecture", given, ArchitectureAnswer)
    if not isinstance(asked.answer, Answered):
        return Named(unanswered=asked.answer.detail)
    labels: dict[str, Label] = {}
    dropped: list[Dropped] = []
    for one in asked.answer.data.elements:
        name, line = clean(one.name).strip(), clean(one.description).strip()
        problem = None
        if one.element not in elements:
            problem = "is no element of the diagrams"
        elif one.element in labels:
            problem = "is named twice"
        elif not name or not line or len(name) > _NAME or len(line) > _LINE:
            problem = "has no words, or too many"
        if problem is None:
            labels[one.element] = Label(element=one.element, name=name, description=line)
        else:
            dropped.append(Dropped(endpoint=endpoint.id, what="element", reason=problem))
    ordered = tuple(labels[element] for element in elements if element in labels)
    return Named(labels=ordered, dropped=tuple(dropped))
