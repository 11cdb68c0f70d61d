"""What is asked of a model and what comes back, whichever service it is."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from typing import Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from auditor.llm.usage import Usage

Effort = Literal["low", "medium", "high", "xhigh", "max"]
"""How much a model may think; a service that knows fewer degrees is asked for the nearest."""

StopReason = Literal["end", "length", "context", "refusal", "filtered", "other"]
"""Why a reply ended: by itself; at `Request.max_tokens`; at the model's own window; because the model or the
service's filter would not; or for a reason we have no name for."""


class PlainText(BaseModel):
    """The output model of a request whose answer is text and no data: no schema is sent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str


OutputT = TypeVar("OutputT", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """Words of ours in a turn. Nothing that comes from the target may stand in them."""

    text: str
    keep: bool = False
    """Whether the request up to the end of this block will be sent again, so that the service should cache it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """Somebody else's text: source, SQL, logs. It is sent between delimiters that it can't contain."""

    name: str
    """What it is, for the model: `source of app/routes/spaces.py, lines 10 to 80`."""
    text: str
    keep: bool = False
    """As `Instruction.keep`."""


Block = Instruction | Data


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side says."""

    role: Literal["user", "assistant"]
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Generic[OutputT]):
    """One question. Equal requests are sent as equal bytes, and what they begin with is the same bytes too."""

    task: str
    """What it is for: `analyze`, `implement`. In the transcript and in messages, not sent."""
    system: str
    """The static part: the same for every target. At least 4,096 tokens of it can be cached by every service."""
    turns: tuple[Turn, ...]
    """They alternate, and the last is the user's."""
    output: type[OutputT]
    """What the answer must be; its schema is sent, and the answer validated here."""
    effort: Effort = "medium"
    max_tokens: int = 16_384
    """Of the answer, thinking included."""

    def followed_by(self, answer: str, /, *blocks: Block) -> "Request[OutputT]":
        """The request that goes on after `answer`; all of this one stands unchanged at its beginning."""
        said = Turn("assistant", (Instruction(text=answer),))
        return replace(self, turns=(*self.turns, said, Turn("user", blocks)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What one call gave, not yet looked at."""

    text: str
    stop: StopReason
    usage: Usage
    model: str = ""
    """The name under which the service says it answered."""
    request_id: str = ""
    """The service's id of the call, to be given to its support; empty where it names none."""
    detail: str = ""
    """What the service says about `stop`: the words of a refusal, the filter's category."""


@dataclass(frozen=True, slots=True)
class Began:
    """The service has accepted the request: from here on it may be billed."""

    request_id: str = ""
    usage: Usage | None = None
    """What it says already; the input, mostly."""


@dataclass(frozen=True, slots=True)
class TextArrived:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Thinking:
    """The model is thinking; what it thinks is not kept."""

    characters: int = 0


@dataclass(frozen=True, slots=True)
class Noted:
    """Something was done in another way than asked: one sentence for the person."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of a call."""

    reply: Reply


Event = Began | TextArrived | Thinking | Noted | Finished


class Provider(Protocol):
    """A way to one model. A call is tried once; who tries again is `auditor.llm.client`."""

    @property
    def model(self) -> str:
        """`anthropic:NAME`, as the user named it."""
        ...

    @property
    def destination(self) -> str:
        """Where requests are sent, for a person: a host, or `nowhere`."""
        ...

    def stream(self, request: Request[OutputT], /) -> AsyncGenerator[Event, None]:
        """Sends `request`; the last event is `Finished`. `ServiceFailure` when there is no whole reply."""
        ...
