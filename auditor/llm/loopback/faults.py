"""What goes wrong with a model's service, and how each must end: a suite for every provider.

Numbers as in the list of faults that the project is measured by: L1 to L17. L11, a crash behind the sending, needs
a process of its own (`auditor.llm.loopback.crash`).
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from auditor.llm.exchange import Instruction, Provider, Request, Turn
from auditor.llm.loopback import answers as say_how
from auditor.llm.loopback.answers import (
    chatter,
    cut,
    endless,
    error_inside,
    hang,
    hang_up,
    nested,
    packed,
    page,
    say,
    saying,
    status,
)
from auditor.llm.loopback.server import Answer, Protocol
from auditor.llm.loopback.speech import Said, Shown
from auditor.llm.loopback.trying import GOOD, Count, During, Ending, Trial, put
from auditor.llm.patience import Patience
from auditor.llm.price import Price
from auditor.llm.spending import Limits
from auditor.llm.usage import Usage

_TOO_LONG_S: Final = Patience().silence_s + 1
"""Of silence."""
_ANSWER: Final = say(GOOD)
_DATE: Final = {"date": "Sun, 22 Nov 2026 10:00:00 GMT"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultCase:
    """One fault, and how a question that meets it must end."""

    number: str
    title: str
    answers: Callable[[], Sequence[Answer]]
    ends: str
    """As `Ending.outcome`."""
    exit_code: int = 0
    says: str = ""
    """Stands in the message."""
    calls: int = 1
    pauses: tuple[float, ...] | None = None
    billed: str = "exactly"
    """`exactly` what the service said, `nothing`, or `upwards`: estimated, and at least what was sent."""
    options: dict[str, object] = field(default_factory=dict)
    """Of `put`."""
    during: Callable[[], During] | None = None

    def run(self, make_provider: Callable[[str], Provider], /) -> Ending:
        """Puts the question."""
        during = None if self.during is None else self.during()
        return asyncio.run(put(make_provider, self.answers(), during=during, **self.options))  # type: ignore[arg-type]

    def wrong(self, ending: Ending, /) -> tuple[str, ...]:
        """What is not as it must be."""
        found = {
            "outcome": (ending.outcome, self.ends),
            "exit code": (ending.exit_code, self.exit_code),
            "calls": (len(ending.calls), self.calls),
            "billed": (_billed(ending.bill.usage), self.billed),
        }
        if self.pauses is not None:
            found["pauses"] = (tuple(ending.pauses), self.pauses)
        wrong = [f"{name}: {is_!r}, not {must!r}" for name, (is_, must) in found.items() if is_ != must]
        if self.says not in ending.message:
            wrong.append(f"message: {ending.message!r} without {self.says!r}")
        return tuple(wrong)


def _billed(usage: Usage) -> str:
    if usage.total_tokens == 0:
        return "nothing"
    return "upwards" if usage.estimated else "exactly"


def _turn_when_silent(seconds: float) -> Callable[[], During]:
    """Moves the hands on once the reply has begun and nothing comes any more."""

    def during() -> During:
        async def turn(trial: Trial) -> None:
            await trial.began.wait()
            trial.clock.turn(seconds)

        return turn

    return during


def _nothing_comes() -> tuple[Callable[[], Sequence[Answer]], Callable[[], During]]:
    """A service that takes the first request and says nothing."""
    arrived: list[threading.Event] = []

    def made() -> Sequence[Answer]:
        arrived.append(threading.Event())
        return [hang(arrived[-1]), _ANSWER]

    def during() -> During:
        async def turn(trial: Trial) -> None:
            event = arrived[-1] if arrived else None
            while event is None:
                await asyncio.sleep(0)
                event = arrived[-1] if arrived else None
            await asyncio.to_thread(event.wait)
            trial.clock.turn(_TOO_LONG_S)

        return turn

    return made, during


def _dripping() -> tuple[Callable[[], Sequence[Answer]], Callable[[], During]]:
    """A service that sends a byte a second, by the clock whose hands are turned here."""
    drips: list[threading.Semaphore] = []

    def made() -> Sequence[Answer]:
        drips.append(threading.Semaphore(0))
        return [hang(threading.Event(), after=2, drip=drips[-1])]

    def during() -> During:
        async def drip(trial: Trial) -> None:
            await trial.began.wait()
            for _ in range(901):
                drips[-1].release()
                trial.clock.turn(1)
                await asyncio.sleep(0)

        return drip

    return made, during


def _twice(shown: list[Shown], protocol: Protocol) -> list[Shown]:
    """The whole reply again behind its end."""
    del protocol
    return shown + shown


def _begun_twice(shown: list[Shown], protocol: Protocol) -> list[Shown]:
    """The beginning of another reply behind the beginning of this one."""
    other = _renamed(shown[:3], protocol)
    return [*shown[:3], *other, *shown[3:]]


def _other_id(shown: list[Shown], protocol: Protocol) -> list[Shown]:
    """From the middle on it is the reply to somebody else's question."""
    if protocol == "messages":
        return _begun_twice(shown, protocol)
    return shown[:3] + _renamed(shown[3:], protocol)


def _renamed(shown: Sequence[Shown], protocol: Protocol) -> list[Shown]:
    made: list[Shown] = []
    for name, data in shown:
        if isinstance(data, str):
            made.append((name, data))
        elif protocol == "chat":
            made.append((name, {**data, "id": "reply-2"}))
        else:
            inner = {key: {**data[key], "id": "reply-2"} for key in ("message", "response") if key in data}
            made.append((name, {**data, **inner}))
    return made


def _shorter(request: Request[Count]) -> Request[Count]:
    return replace(request, turns=(Turn("user", (Instruction(text="How many?"),)),))


def _nobody_knows(_: Usage) -> Decimal | None:
    return None


_UNKNOWN_PRICE: Final[Price] = _nobody_knows
_SILENT, _WHEN_SILENT = _nothing_comes()
_DRIP, _WHEN_DRIPPING = _dripping()


def _always(*given: Answer) -> Callable[[], Sequence[Answer]]:
    return lambda: given


def _limited(wait: str) -> Answer:
    return status(429, "slow down", kind="rate_limit_error", headers={"retry-after": wait, **_DATE})


CASES: Final = (
    FaultCase(
        number="L1", title="wrong key", answers=_always(status(401, "invalid x-api-key", kind="authentication_error")),
        ends="fault", exit_code=3, says="the key is not accepted", billed="nothing",
    ),
    FaultCase(
        number="L1", title="key without the right", answers=_always(status(403, kind="permission_error")),
        ends="fault", exit_code=3, says="may not use this model", billed="nothing",
    ),
    FaultCase(
        number="L1", title="no credit", answers=_always(status(429, "You exceeded your current quota", kind="insufficient_quota")),
        ends="fault", exit_code=3, says="no credit left", billed="nothing",
    ),
    FaultCase(
        number="L2", title="429, wait in seconds", answers=_always(_limited("7"), _ANSWER),
        ends="answered", calls=2, pauses=(7.0,),
    ),
    FaultCase(
        number="L2", title="429, wait until a date",
        answers=_always(_limited("Sun, 22 Nov 2026 10:00:20 GMT"), _ANSWER),
        ends="answered", calls=2, pauses=(20.0,),
    ),
    FaultCase(
        number="L2", title="429, wait negative", answers=_always(_limited("-5"), _ANSWER),
        ends="answered", calls=2, pauses=(0.0,),
    ),
    FaultCase(
        number="L2", title="429, wait garbage", answers=_always(_limited("soon"), _ANSWER),
        ends="answered", calls=2, pauses=(1.0,),
    ),
    FaultCase(
        number="L2", title="429, wait an hour", answers=_always(_limited("3600"), _ANSWER),
        ends="fault", exit_code=3, says="asks to wait 60 min", pauses=(), billed="nothing",
    ),
    *(
        FaultCase(
            number="L3", title=f"{code}, then well", answers=_always(status(code), status(code), _ANSWER),
            ends="answered", calls=3, pauses=(1.0, 2.0),
        )
        for code in (500, 502, 503, 529)
    ),
    FaultCase(
        number="L3", title="503 and stays so", answers=_always(status(503, "upstream down")),
        ends="fault", exit_code=3, says="overloaded or broken, 4 times in a row", calls=4, billed="nothing",
    ),
    FaultCase(
        number="L3", title="an HTML page with 502", answers=_always(page(502, title="Bad gateway"), _ANSWER),
        ends="answered", calls=2,
    ),
    FaultCase(
        number="L4", title="overload inside a reply, then well", answers=_always(error_inside(2), _ANSWER),
        ends="answered", calls=2, billed="upwards",
    ),
    FaultCase(
        number="L4", title="overload inside every reply", answers=_always(error_inside(2)),
        ends="fault", exit_code=3, says="overloaded_error inside the reply", calls=4, billed="upwards",
    ),
    FaultCase(
        number="L5", title="cut between events", answers=_always(cut(2), _ANSWER),
        ends="answered", calls=2, billed="upwards",
    ),
    FaultCase(
        number="L5", title="cut inside an event", answers=_always(cut(2, inside=True), _ANSWER),
        ends="answered", calls=2, billed="upwards",
    ),
    FaultCase(
        number="L5", title="shorter than its Content-Length", answers=_always(cut(2, length=1 << 20), _ANSWER),
        ends="answered", calls=2, billed="upwards",
    ),
    FaultCase(
        number="L5", title="broken compression", answers=_always(packed(broken=True), _ANSWER),
        ends="answered", calls=2, billed="upwards",
    ),
    FaultCase(
        number="L5", title="an event that nests without end", answers=_always(nested, _ANSWER),
        ends="answered", calls=2, billed="upwards",
    ),
    FaultCase(number="L5", title="compressed without being asked", answers=_always(packed(broken=False)), ends="answered"),
    FaultCase(
        number="L5", title="hangs up at once", answers=_always(hang_up, _ANSWER),
        ends="answered", calls=2, billed="upwards",
    ),
    FaultCase(
        number="L6", title="nobody listens", answers=_always(_ANSWER), options={"url": "http://127.0.0.1:9"},
        ends="fault", exit_code=3, says="can't be reached, 4 times", calls=0, billed="nothing",
    ),
    FaultCase(
        number="L6", title="no TLS where TLS is expected", answers=_always(say_how.raw(b"HTTP/1.1 400 no\r\n\r\n")),
        options={"url": "tls"}, ends="fault", exit_code=3, says="can't be reached", calls=0, billed="nothing",
    ),
    FaultCase(
        number="L6", title="takes the request and is silent", answers=_SILENT, during=_WHEN_SILENT,
        ends="answered", calls=2, billed="upwards",
    ),
    FaultCase(
        number="L6", title="silent in the middle of a reply",
        answers=lambda: (hang(threading.Event(), after=2), _ANSWER), during=_turn_when_silent(_TOO_LONG_S),
        ends="answered", calls=2, billed="upwards",
    ),
    FaultCase(
        number="L6", title="an HTML page with 200", answers=_always(page(title="Welcome to the proxy")),
        ends="fault", exit_code=3, says="an HTML page titled 'Welcome to the proxy'", billed="nothing",
    ),
    FaultCase(
        number="L6", title="sent on to another host", answers=_always(page(302, headers={"location": "http://127.0.0.2/"})),
        ends="fault", exit_code=3, says="redirects to http://127.0.0.2/", billed="nothing",
    ),
    FaultCase(
        number="L7", title="too long, and can be shortened",
        answers=_always(status(400, "prompt is too long: 300000 tokens > 200000 maximum"), _ANSWER),
        options={"shrink": _shorter}, ends="answered", calls=2,
    ),
    FaultCase(
        number="L7", title="too long, also when shortened", answers=_always(status(413, kind="request_too_large")),
        options={"shrink": _shorter}, ends="fault", exit_code=3, says="longer than the model can take", calls=2,
        billed="nothing",
    ),
    FaultCase(
        number="L7", title="too long for this model",
        answers=_always(status(400, "no", kind="context_length_exceeded")),
        ends="fault", exit_code=3, says="longer than the model can take", billed="nothing",
    ),
    FaultCase(
        number="L8", title="model unknown or retired",
        answers=_always(status(404, "model: loopback-1 does not exist", kind="not_found_error")),
        ends="fault", exit_code=3, says="there is no such model", billed="nothing",
    ),
    FaultCase(
        number="L9", title="no count of tokens", answers=_always(say(GOOD, counted=False)), ends="answered",
        billed="upwards",
    ),
    FaultCase(
        number="L10", title="budget too small to begin", answers=_always(_ANSWER),
        options={"limits": Limits(tokens=1000)},
        ends="fault", exit_code=4, says="the spending limit is reached", calls=0, billed="nothing",
    ),
    FaultCase(
        number="L10", title="budget reached inside a run", answers=_always(say(GOOD, input_tokens=9_000)),
        options={"limits": Limits(usd=Decimal("0.04")), "times": 9},
        ends="fault", exit_code=4, says="--max-cost", calls=2,
    ),
    FaultCase(
        number="L12", title="the whole reply twice", answers=_always(saying(Said(text=GOOD), _twice)), ends="answered",
    ),
    FaultCase(
        number="L12", title="begun twice", answers=_always(saying(Said(text=GOOD + " " * 99), _begun_twice), _ANSWER),
        ends="answered", calls=2, billed="upwards",
    ),
    FaultCase(
        number="L13", title="one byte a second", answers=_DRIP, during=_WHEN_DRIPPING,
        options={"patience": Patience(silence_s=10_000)},
        ends="fault", exit_code=3, says="the service is too slow", billed="upwards",
    ),
    FaultCase(
        number="L14", title="1 GB in one line", answers=_always(endless(b"data: " + b"x" * (1 << 20))),
        ends="fault", exit_code=3, says="the reply is too large", billed="upwards",
    ),
    FaultCase(
        number="L14", title="1 GB of events", answers=_always(chatter),
        ends="fault", exit_code=3, says="the reply is too large", billed="upwards",
    ),
    FaultCase(
        number="L14", title="1 GB of comments", answers=_always(endless((b": " + b"x" * 1000 + b"\n\n") * 1000)),
        ends="fault", exit_code=3, says="the reply is too large", billed="upwards",
    ),
    FaultCase(
        number="L15", title="a limit in dollars, and nobody knows the price", answers=_always(_ANSWER),
        options={"limits": Limits(usd=Decimal(5)), "price": _UNKNOWN_PRICE},
        ends="fault", exit_code=2, says="nobody knows what this model costs", calls=0, billed="nothing",
    ),
    FaultCase(
        number="L15", title="a limit in tokens, and nobody knows the price", answers=_always(_ANSWER),
        options={"limits": Limits(tokens=100_000), "price": _UNKNOWN_PRICE}, ends="answered",
    ),
    FaultCase(
        number="L16", title="the service's clock is a day ahead",
        answers=_always(
            status(503, headers={"retry-after": "Mon, 23 Nov 2026 10:00:05 GMT", "date": "Mon, 23 Nov 2026 10:00:00 GMT"}),
            _ANSWER,
        ),
        ends="answered", calls=2, pauses=(5.0,),
    ),
    FaultCase(
        number="L16", title="key revoked inside a run", answers=_always(_ANSWER, status(401, "revoked")),
        options={"times": 2}, ends="fault", exit_code=3, says="the key is no longer accepted", calls=2,
    ),
    FaultCase(
        number="L17", title="somebody else's reply", answers=_always(saying(Said(text=GOOD * 9), _other_id), _ANSWER),
        ends="answered", calls=2, billed="upwards",
    ),
)  # fmt: skip
"""One behaviour of a service each."""
