"""Puts one question to a provider whose service answers as told, and sees how that ends."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from pydantic import BaseModel, ConfigDict

from auditor.llm import answer as answers_
from auditor.llm.answer import Answered, Bill
from auditor.llm.client import Check, Client, Shrink
from auditor.llm.exchange import Began, Data, Instruction, Provider, Request, Turn
from auditor.llm.loopback.hand_clock import HandClock
from auditor.llm.loopback.server import Answer, Call, LoopbackService
from auditor.llm.patience import Patience
from auditor.llm.price import OwnPrice, Price
from auditor.llm.providers.anthropic import Anthropic
from auditor.llm.providers.openai import OpenAi
from auditor.llm.spending import Limits, Spending
from auditor.llm.watching import Seen
from auditor.model.fault import Fault


class Count(BaseModel):
    """What the question asks for."""

    model_config = ConfigDict(extra="forbid")

    value: int


QUESTION: Final = Request(
    task="count",
    system="You count.",
    turns=(Turn("user", (Data(name="a list", text="x" * 4000), Instruction(text="How many?"))),),
    output=Count,
    max_tokens=500,
)
GOOD: Final = '{"value": 3}'

WAYS: Final[dict[str, Callable[[str], Provider]]] = {
    "anthropic messages": lambda url: Anthropic("loopback-1", key="sk-test", base_url=url),
    "openai responses": lambda url: OpenAi(
        "loopback-1", key="sk-test", base_url=f"{url}/v1", api="responses"
    ),
    "openai chat": lambda url: OpenAi("loopback-1", key="sk-test", base_url=f"{url}/v1", api="chat"),
}
"""Every protocol, each by its SDK."""


@dataclass(slots=True)
class Trial:
    """One question under way; what a case may reach for in the meantime."""

    clock: HandClock = field(default_factory=HandClock)
    began: asyncio.Event = field(default_factory=asyncio.Event)

    def see(self, seen: Seen, /) -> None:
        """As `Watch`."""
        if isinstance(seen, Began):
            self.began.set()


During = Callable[[Trial], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How it ended."""

    outcome: str
    """`answered`, `truncated`, `refused`, `invalid`, or `fault`."""
    exit_code: int = 0
    message: str = ""
    """Of the fault, or why there is no answer."""
    bill: Bill
    calls: Sequence[Call]
    """What reached the service."""
    pauses: Sequence[float]
    repairs: int = 0


async def put(
    make_provider: Callable[[str], Provider],
    answers: Sequence[Answer],
    /,
    *,
    during: During | None = None,
    shrink: Shrink[Count] | None = None,
    check: Check[Count] | None = None,
    limits: Limits | None = None,
    price: Price | None = None,
    patience: Patience | None = None,
    times: int = 1,
    url: str | None = None,
) -> Ending:
    """Asks `times` times; the ending of the last one, with the bill of all."""
    trial = Trial()
    with LoopbackService(answers) as service:
        bill = Bill()
        try:
            purse = Spending(price or OwnPrice(input_usd=Decimal(2), output_usd=Decimal(10)), limits=limits)
            given = service.url.replace("http:", "https:") if url == "tls" else url
            provider = make_provider(given or service.url)
            client = Client(provider, spending=purse, clock=trial.clock, watch=trial.see, patience=patience)
            try:
                for _ in range(times):
                    found = await _ask(client, trial, during, shrink, check)
            finally:
                bill = purse.spent
        except Fault as fault:
            return Ending(
                outcome="fault",
                exit_code=fault.exit_code,
                message=str(fault),
                bill=bill,
                calls=service.questions,
                pauses=trial.clock.pauses,
            )
        return Ending(
            outcome="answered" if isinstance(found, Answered) else found.reason,
            message="" if isinstance(found, Answered) else found.detail,
            bill=bill,
            calls=service.questions,
            pauses=trial.clock.pauses,
            repairs=found.repairs,
        )


async def _ask(
    client: Client,
    trial: Trial,
    during: During | None,
    shrink: Shrink[Count] | None,
    check: Check[Count] | None,
) -> answers_.Answer[Count]:
    asking = asyncio.ensure_future(client.ask(QUESTION, check=check, shrink=shrink))
    try:
        if during is not None:
            await during(trial)
        return await asking
    finally:
        if not asking.done():
            asking.cancel()
            await asyncio.wait({asking})
