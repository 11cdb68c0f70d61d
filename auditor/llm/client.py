"""Asks: takes the secrets out, keeps to the budget, tries again, reads the answer, has it repaired at most twice."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, Literal

from auditor.llm.answer import Answer, Answered, Bill, Unanswered
from auditor.llm.attempt import Attempt, make
from auditor.llm.clock import Clock, RealClock
from auditor.llm.estimate import at_most_input
from auditor.llm.exchange import Data, Instruction, Noted, OutputT, Provider, Reply, Request, Turn
from auditor.llm.failure import FailureKind, ServiceFailure
from auditor.llm.fault_of import fault_of
from auditor.llm.patience import Patience
from auditor.llm.price import free
from auditor.llm.reading import Invalid, read_answer
from auditor.llm.redaction.vault import Vault
from auditor.llm.spending import Spending
from auditor.llm.transcript import Recorded, Transcript, question_id
from auditor.llm.watching import Repairing, Retrying, Watch, nobody

MAX_REPAIRS: Final = 2

Check = Callable[[OutputT], Sequence[str]]
"""What is wrong with data that its model accepts, one sentence a problem; nothing when it is right."""
Shrink = Callable[[Request[OutputT]], Request[OutputT] | None]
"""A smaller request in place of one that the model's context can't hold; None when there is none."""


class Client:
    """A model to be asked by the stages."""

    def __init__(
        self,
        provider: Provider,
        /,
        *,
        vault: Vault | None = None,
        spending: Spending | None = None,
        transcript: Transcript | None = None,
        recorded: Recorded | None = None,
        patience: Patience | None = None,
        clock: Clock | None = None,
        watch: Watch = nobody,
    ) -> None:
        """`recorded` are replies of an earlier part of the same run: what was answered there is not asked again."""
        self.provider = provider
        self.vault = vault or Vault()
        self.spending = spending or Spending(free)
        self._transcript = transcript
        self._recorded = recorded or Recorded()
        self._patience = patience or Patience()
        self._clock = clock or RealClock()
        self._watch = watch
        self._accepted = False

    async def ask(
        self,
        request: Request[OutputT],
        /,
        *,
        check: Check[OutputT] | None = None,
        shrink: Shrink[OutputT] | None = None,
    ) -> Answer[OutputT]:
        """The answer to `request`, in which words stand for secrets (`vault` puts them back).

        `check` finds what the output model can't (a search text that does not match): its problems are sent back
        like those of the model. `shrink` is called once, when the service says that the request is too long.

        Raises:
            Fault: the service gives no answer (exit 3), or the spending limit is reached (exit 4).
        """
        try:
            return await self._answer(request, check)
        except ServiceFailure as failure:
            smaller = shrink(request) if shrink and failure.kind is FailureKind.CONTEXT_TOO_LONG else None
            if smaller is None:
                raise self._fault(failure, 1) from failure
        self._watch(Noted("the question was too long for the model; a shorter one is asked"))
        try:
            return await self._answer(smaller, check)
        except ServiceFailure as failure:
            raise self._fault(failure, 1) from failure

    async def _answer(self, request: Request[OutputT], check: Check[OutputT] | None) -> Answer[OutputT]:
        """As `ask`; `ServiceFailure` only for a request that is too long."""
        bill = Bill()
        current = self._redacted(request)
        for repairs in range(MAX_REPAIRS + 1):
            reply, cost = await self._call(current)
            bill += cost
            if (unusable := _unusable(reply)) is not None:
                reason, detail = unusable
                return Unanswered(reason=reason, detail=detail, text=reply.text, bill=bill, repairs=repairs)
            data = _checked(reply.text, request.output, check)
            if isinstance(data, Invalid):
                detail = "; ".join(data.problems)
                told = tuple(self.vault.redact(problem) for problem in data.problems)
                current = _repair(current, reply.text, told)
                if repairs < MAX_REPAIRS:
                    self._watch(Repairing(data.problems))
            else:
                return Answered(data=data, text=reply.text, bill=bill, repairs=repairs)
        return Unanswered(reason="invalid", detail=detail, text=reply.text, bill=bill, repairs=MAX_REPAIRS)

    def _redacted(self, request: Request[OutputT]) -> Request[OutputT]:
        """What the user's side says without its secrets; what the model said holds none that it did not make up."""
        ours = [block for turn in request.turns if turn.role == "user" for block in turn.blocks]
        self.vault.learn(block.text for block in ours)
        return replace(request, turns=tuple(self._redacted_turn(turn) for turn in request.turns))

    def _redacted_turn(self, turn: Turn) -> Turn:
        if turn.role == "assistant":
            return turn
        redact = self.vault.redact
        blocks = (
            replace(block, text=redact(block.text), name=redact(block.name))
            if isinstance(block, Data)
            else replace(block, text=redact(block.text))
            for block in turn.blocks
        )
        return replace(turn, blocks=tuple(blocks))

    async def _call(self, request: Request[OutputT]) -> tuple[Reply, Bill]:
        question = question_id(request)
        if (known := self._recorded.take(question)) is not None:
            self._watch(
                Noted(f"the question of task {request.task!r} was answered before; it is not sent again")
            )
            return known, Bill()
        if question in self._recorded.unanswered or question in self.spending.lost:
            self._watch(
                Noted(f"the question of task {request.task!r} was sent before and its answer was lost")
            )
        until_s = self._clock.now() + self._patience.deadline_s
        bill = Bill()
        tried = 0
        while True:
            tried += 1
            reply, cost = await self._try(request, question, until_s)
            bill += cost
            if isinstance(reply, Reply):
                self._accepted = True
                return reply, bill
            if reply.kind is FailureKind.CONTEXT_TOO_LONG:
                raise reply
            left_s = until_s - self._clock.now()
            jitter = self._clock.jitter()
            pause_s = self._patience.pause_s(reply, tried=tried, jitter=jitter, left_s=left_s)
            if pause_s is None:
                raise self._fault(reply, tried) from reply
            self._watch(Retrying(reply.what, pause_s))
            await self._clock.pause(pause_s)

    async def _try(
        self, request: Request[OutputT], question: str, until_s: float
    ) -> tuple[Reply | ServiceFailure, Bill]:
        """One call, noted before and after; its bill, also when it broke off."""
        read = at_most_input(request)
        reserved = self.spending.reserve(question, read=read, written=request.max_tokens)
        number = self._transcript.sent(request) if self._transcript else 0
        attempt = Attempt()
        try:
            reply = await make(
                attempt,
                self.provider,
                request,
                clock=self._clock,
                until_s=until_s,
                silence_s=self._patience.silence_s,
                watch=self._watch,
            )
        except ServiceFailure as failure:
            bill = self.spending.settle(reserved, attempt.lost(request, failure))
            if self._transcript:
                self._transcript.failed(number, failure)
            return failure, bill
        except (
            BaseException
        ):  # who asked was interrupted, and the service goes on reading and billing for a while
            self.spending.settle(reserved, attempt.so_far(request))
            raise
        bill = self.spending.settle(reserved, reply.usage)
        if self._transcript:
            self._transcript.received(number, reply)
        return reply, bill

    def _fault(self, failure: ServiceFailure, tried: int) -> Exception:
        return fault_of(failure, self.provider, tried=tried, accepted=self._accepted)


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
