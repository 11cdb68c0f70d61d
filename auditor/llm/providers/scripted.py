"""A model that says what it was told to say: for tests, demonstrations and replays. Nothing leaves the machine."""

import json
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from auditor.config.model_settings import ModelSettings
from auditor.llm.exchange import (
    Began,
    Block,
    Data,
    Event,
    Finished,
    OutputT,
    Reply,
    Request,
    TextArrived,
    Thinking,
)
from auditor.llm.failure import FailureKind, ServiceFailure
from auditor.llm.usage import Usage
from auditor.model.fault import Fault

Line = str | BaseModel | Reply | ServiceFailure
"""What is answered: text, data, a reply with its stop reason and usage, or no reply at all."""
Cue = Line | Callable[[Request[Any]], Line]
"""A line, or what makes one of the request."""

_PIECE: Final = 64
"""Characters of one `TextArrived`."""


class Scripted:
    """A `Provider` that answers the first request with the first line, and so on."""

    model = "scripted:"
    destination = "nowhere"

    def __init__(self, lines: Iterable[Cue], /) -> None:
        self._lines = iter(lines)
        self.requests: list[Request[Any]] = []
        """What it was asked, in order."""

    async def stream(self, request: Request[OutputT], /) -> AsyncGenerator[Event, None]:
        """The next line, in pieces; `ServiceFailure` when the script is at its end."""
        self.requests.append(request)
        line = self._next(request)
        if isinstance(line, ServiceFailure):
            raise line
        reply = _reply(line, request)
        yield Began(reply.request_id)
        if reply.usage.reasoning_tokens:
            yield Thinking(reply.usage.reasoning_tokens * 4)
        for start in range(0, len(reply.text), _PIECE):
            yield TextArrived(reply.text[start : start + _PIECE])
        yield Finished(reply)

    def _next(self, request: Request[Any]) -> Line:
        try:
            cue = next(self._lines)
        except StopIteration:
            what = f"the script has no line {len(self.requests)} (task {request.task!r})"
            return ServiceFailure(FailureKind.REFUSED_REQUEST, what)
        return cue(request) if callable(cue) else cue


def _reply(line: str | BaseModel | Reply, request: Request[Any]) -> Reply:
    if isinstance(line, Reply):
        return line
    text = line if isinstance(line, str) else line.model_dump_json()
    read = len(request.system) + sum(_size(block) for turn in request.turns for block in turn.blocks)
    usage = Usage(input_tokens=-(-read // 4), output_tokens=-(-len(text) // 4))
    return Reply(text=text, stop="end", usage=usage, model="scripted")


def _size(block: Block) -> int:
    return len(block.text) + (len(block.name) if isinstance(block, Data) else 0)


def named(name: str, settings: ModelSettings, env: Mapping[str, str], /) -> Scripted:
    """The provider for `--model scripted:FILE`: a JSON list, whose texts and objects are said one after another."""
    del settings, env
    try:
        lines = json.loads(Path(name).read_text("utf-8"))
    except OSError as error:
        raise Fault(f"can't be read: {error.strerror or error}", where=name) from error
    except ValueError as error:
        raise Fault(f"is no JSON: {error}", where=name) from error
    if not isinstance(lines, list):
        raise Fault("is no list of answers", where=name, hint='write ["text", {"field": 1}]')
    return Scripted([line if isinstance(line, str) else json.dumps(line) for line in lines])
