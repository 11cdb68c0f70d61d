"""Where the stages ask: one endpoint, its context, and a model.

Every call about an endpoint begins with the same bytes: the static part, then the endpoint's context, then what has moved since, in the order in
which it moved. Only what a stage adds is new.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Generic

from auditor.llm.answer import Answer, Answered, Bill
from auditor.llm.exchange import Block, Instruction, OutputT, Request, Turn
from auditor.model.judged import PromptUsed
from auditor.stages.context.symbols import code_for
from auditor.stages.prompting.library import COMMON, prompts
from auditor.stages.prompting.shown import Shown
from auditor.stages.prompting.tokens import at_most

if TYPE_CHECKING:
    from auditor.index.project import Project
    from auditor.llm.client import Check, Client
    from auditor.stages.context.endpoint import EndpointContext
    from auditor.stages.context.fitting import Lines
    from auditor.stages.prompting.prompt import Prompt

MORE_ROUNDS: Final = 2
"""How often a stage's answer may ask for more code."""
MOVED_WHOLE: Final = 8_000
"""Tokens up to which a file that has changed is shown whole; of a longer one, what is around the changes."""
_AROUND: Final = 20


@dataclass(frozen=True, slots=True)
class Asked(Generic[OutputT]):
    """A question and how it ended."""

    request: Request[OutputT]
    """The last one that was sent, to be followed."""
    answer: Answer[OutputT]
    sent: Mapping[str, frozenset[int]]
    """By file, the lines that the model had before it."""


@dataclass(slots=True)
class Desk:
    """Asks about one endpoint, and remembers what was sent and what it cost."""

    client: Client
    model: str
    context: EndpointContext
    project: Project
    """As it is now; code that is asked for comes from it."""
    lines: Lines
    """Of the tree as it is now."""
    shrunk: EndpointContext | None = None
    """A smaller context, for a service that says the first is too long."""
    used: dict[str, PromptUsed] = field(default_factory=dict)
    bill: Bill = field(default_factory=Bill)
    _moved: list[Block] = field(default_factory=list)
    _now: dict[str, list[str]] = field(default_factory=dict)
    _sent: dict[str, frozenset[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._now = {path: self.lines(path) for path in self.context.lines}
        self._sent = dict(self.context.lines)

    def move_to(self, project: Project, lines: Lines, /, *, figures: Sequence[Shown] = ()) -> None:
        """The tree has changed: whatever of the context reads otherwise now is sent from here on, after the context.

        `figures` are what a request costs now, and was seen to ask.
        """
        self.project, self.lines = project, lines
        changed: list[Shown] = []
        for path, before in sorted(self._now.items()):
            after = lines(path)
            if after != before:
                newest = _newest(path, before, after)
                changed.append(newest)
                self._now[path] = after
                self._sent[path] = frozenset(
                    number
                    for first, text in newest.stretches
                    for number in range(first, first + text.count("\n") + 1)
                )
        if changed:
            self._note("moved")
            self._moved += [
                Instruction(text=prompts()["moved"].static),
                *(one.block() for one in (*changed, *figures)),
            ]

    async def ask(
        self,
        prompt: str,
        given: Mapping[str, Shown],
        output: type[OutputT],
        *,
        check: Check[OutputT] | None = None,
        after: Asked[Any] | None = None,
        within: Mapping[str, Shown] | None = None,
    ) -> Asked[OutputT]:
        """Asks `prompt` about the endpoint, or as the next turn after another question of its own.

        Code that the answer asks for is added, and the question is asked again. `within` are the inputs of the prompt of that name, which is
        put in front of this one.

        Raises:
            Fault: the service gives no answer, or the spending limit is reached.
        """
        self._note(COMMON)
        asked = self._note(prompt)
        before = self._note("within").blocks(within) if within is not None else ()
        blocks = (*before, *asked.blocks(given))
        sent = dict(after.sent if after else self._sent)
        request = self._request(asked, blocks, output, after)
        answer = await self._ask(request, check)
        for _ in range(MORE_ROUNDS):
            wanted = getattr(answer.data, "more_code", ()) if isinstance(answer, Answered) else ()
            if not wanted:
                break
            found = code_for(wanted, self.project, self.lines)
            self._note("more-code")
            for path, numbers in found.lines.items():
                sent[path] = sent.get(path, frozenset()) | numbers
            request = request.followed_by(answer.text, *_more(found.shown, found.refused))
            answer = await self._ask(request, check)
        return Asked(request, answer, sent)

    def _request(
        self, asked: Prompt, blocks: tuple[Block, ...], output: type[OutputT], after: Asked[Any] | None
    ) -> Request[OutputT]:
        if after is not None:
            said = Turn("assistant", (Instruction(text=after.answer.text.strip() or "(no answer)"),))
            turns = (*after.request.turns, said, Turn("user", blocks))
        else:
            turns = (Turn("user", (*_kept(self.context), *_last_kept(self._moved), *blocks)),)
        return Request(
            task=asked.spec.id,
            system=prompts()[COMMON].static,
            turns=turns,
            output=output,
            effort=asked.spec.effort,
        )

    async def _ask(self, request: Request[OutputT], check: Check[OutputT] | None) -> Answer[OutputT]:
        answer = await self.client.ask(request, check=check, shrink=self._shrink)
        self.bill += answer.bill
        return answer

    def _shrink(self, request: Request[OutputT]) -> Request[OutputT] | None:
        """The same question after the smaller context."""
        if self.shrunk is None:
            return None
        count = len(self.context.shown)
        first, *rest = request.turns
        smaller = Turn("user", (*_kept(self.shrunk), *first.blocks[count:]))
        return replace(request, turns=(smaller, *rest))

    def _note(self, name: str) -> Prompt:
        prompt = prompts()[name]
        self.used[name] = PromptUsed(id=name, version=prompt.spec.version, sha256=prompt.sha256)
        return prompt


def _kept(context: EndpointContext) -> tuple[Block, ...]:
    *before, last = context.shown
    return (*(one.block() for one in before), last.block(keep=True))


def _last_kept(blocks: list[Block]) -> tuple[Block, ...]:
    return (*blocks[:-1], replace(blocks[-1], keep=True)) if blocks else ()


def _more(shown: tuple[Shown, ...], refused: tuple[str, ...]) -> tuple[Block, ...]:
    said = (Shown(kind="not-found", text="\n".join(refused)).block(),) if refused else ()
    return (Instruction(text=prompts()["more-code"].static), *(one.block() for one in shown), *said)


def _newest(path: str, before: list[str], after: list[str]) -> Shown:
    """The file as it is now: whole, or around what has changed."""
    text = "\n".join(after)
    if not after:
        return Shown(kind="source", head=(path,), text="(the file is gone)")
    if at_most(text) <= MOVED_WHOLE:
        return Shown(kind="source", head=(f"{path}, newest version, whole",), stretches=((1, text),))
    groups = difflib.SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(_AROUND)
    spans = [(group[0][3], group[-1][4]) for group in groups]
    parts = tuple((first + 1, "\n".join(after[first:last])) for first, last in spans)
    return Shown(kind="source", head=(f"{path}, newest version, around what has changed",), stretches=parts)
