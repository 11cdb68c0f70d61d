"""One question about an endpoint, answered from its trace; a statement that cites nothing that holds is not shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.llm.answer import Answered
from auditor.model.judged import Dropped
from auditor.stages.answers.chat import ChatAnswer
from auditor.stages.checking.quoting import Cited, cited
from auditor.stages.checking.wording import sentence, strange_figures
from auditor.stages.context.facts import finding_facts
from auditor.stages.prompting.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.model.report import Endpoint, Finding
    from auditor.stages.desk import Desk


@dataclass(frozen=True, slots=True)
class Told:
    """A statement with the places that show it, each read as quoted."""

    text: str
    places: tuple[Cited, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer to a question."""

    statements: tuple[Told, ...] = ()
    unknown: tuple[str, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    unanswered: str = ""


async def chat(desk: Desk, endpoint: Endpoint, findings: Sequence[Finding], question: str, /) -> Reply:
    """What can be said about `question` and shown."""
    given = {
        "question": Shown(kind="question", text=question),
        "findings": Shown(kind="findings", text=finding_facts(findings) or "none"),
    }
    asked = await desk.ask("chat", given, ChatAnswer)
    if not isinstance(asked.answer, Answered):
        return Reply(unanswered=asked.answer.detail)
    known = [one.text for one in (*desk.context.shown, given["findings"]) if one.text]
    told: list[Told] = []
    dropped: list[Dropped] = []
    for statement in asked.answer.data.statements:
        places = [
            cited(citation, desk.lines, asked.sent, restore=desk.client.vault.restore)
            for citation in statement.citations
        ]
        problem = next((place for place in places if isinstance(place, str)), None)
        if problem is None and strange_figures(statement.text, known):
            problem = "states a figure that nobody has counted"
        if problem is None and places and statement.text.strip():
            told.append(
                Told(sentence(statement.text), tuple(place for place in places if isinstance(place, Cited)))
            )
        else:
            dropped.append(Dropped(endpoint=endpoint.id, what="statement", reason=problem or "cites nothing"))
    unknown = tuple(sentence(text) for text in asked.answer.data.unknown if text.strip())
    return Reply(statements=tuple(told), unknown=unknown, dropped=tuple(dropped))
