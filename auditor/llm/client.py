"""Asks: sends a question, reads the answer, and has it repaired at most twice."""

from collections.abc import Callable, Sequence
from typing import Final, Literal

from auditor.llm.answer import Answer, Answered, Bill, Unanswered
from auditor.llm.exchange import Data, Event, Finished, Instruction, OutputT, Provider, Reply, Request
from auditor.llm.reading import Invalid, read_answer

MAX_REPAIRS: Final = 2

Check = Callable[[OutputT], Sequence[str]]
"""What is wrong with data that its model accepts, one sentence a problem; nothing when it is right."""
Watch = Callable[[Event], None]


class Client:
    """A model to be asked by the stages."""

    def __init__(self, provider: Provider, /) -> None:
        self._provider = provider

    async def ask(
        self,
        request: Request[OutputT],
        /,
        *,
        check: Check[OutputT] | None = None,
        shrink: Callable[[Request[OutputT]], Request[OutputT] | None] | None = None,
        watch: Watch | None = None,
    ) -> Answer[OutputT]:
        """The answer to `request`; `Fault` when the service gives none, or the spending limit is reached.

        `check` finds what the output model can't (a search text that does not match): its problems are sent back
        like those of the model. `shrink` makes a smaller request where the service says that it is too long; it
        is called once, and None says that it can't be made smaller.
        """
        del shrink
        bill = Bill()
        current = request
        for repairs in range(MAX_REPAIRS + 1):
            reply = await self._call(current, watch)
            bill += Bill(usage=reply.usage, usd=None, calls=1)
            if (unusable := _unusable(reply)) is not None:
                reason, detail = unusable
                return Unanswered(reason=reason, detail=detail, text=reply.text, bill=bill, repairs=repairs)
            data = _checked(reply.text, request.output, check)
            if isinstance(data, Invalid):
                detail = "; ".join(data.problems)
                current = _repair(current, reply.text, data.problems)
            else:
                return Answered(data=data, text=reply.text, bill=bill, repairs=repairs)
        return Unanswered(reason="invalid", detail=detail, text=reply.text, bill=bill, repairs=MAX_REPAIRS)

    async def _call(self, request: Request[OutputT], watch: Watch | None) -> Reply:
        async for event in self._provider.stream(request):
            if watch is not None:
                watch(event)
            if isinstance(event, Finished):
                return event.reply
        raise AssertionError("a provider's last event is Finished")


def _unusable(reply: Reply) -> tuple[Literal["truncated", "refused", "invalid"], str] | None:
    """Why the text must not even be looked at."""
    match reply.stop:
        case "end":
            return None
        case "length":
            return "truncated", "the answer was cut off at the limit on its length"
        case "context":
            return "truncated", "the answer was cut off where the model's context was full"
        case "refusal" | "filtered":
            return "refused", reply.detail or "the model would not answer, and says no reason"
        case "other":
            return "invalid", f"the reply ended in an unexpected way: {reply.detail or 'without a reason'}"


def _checked(text: str, output: type[OutputT], check: Check[OutputT] | None) -> OutputT | Invalid:
    data = read_answer(text, output)
    if isinstance(data, Invalid) or check is None:
        return data
    problems = tuple(check(data))
    return Invalid(problems) if problems else data


def _repair(request: Request[OutputT], answer: str, problems: Sequence[str]) -> Request[OutputT]:
    """The next turn: what was wrong, and the same question again."""
    return request.followed_by(
        answer.strip() or "(no answer)",  # services refuse empty turns
        Instruction(text="That answer can't be used. What is wrong with it:"),
        Data(name="problems", text="\n".join(f"- {problem}" for problem in problems)),
        Instruction(text="Give the whole answer again, with these mended and nothing else changed."),
    )
