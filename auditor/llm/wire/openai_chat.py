"""OpenAI's Chat Completions, as compatible servers speak it: parameters of a request, meaning of its chunks."""

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping
from typing import Any, Final

from auditor.llm.exchange import (
    Began,
    Event,
    Finished,
    PlainText,
    Reply,
    Request,
    StopReason,
    TextArrived,
    Thinking,
)
from auditor.llm.failure import FailureKind, ServiceFailure
from auditor.llm.rendering import system_text, turn_text
from auditor.llm.schema import schema_name, sent_schema
from auditor.llm.wire.openai_usage import CHAT, usage_of
from auditor.llm.wire.refusing import failure_of_code
from auditor.llm.wire.told_schema import told_turns
from auditor.llm.wire.tree import Tree, at, text_at

_STOPS: Final[Mapping[str, StopReason]] = {"stop": "end", "length": "length", "content_filter": "filtered"}


def parameters(request: Request[Any], model: str, /, *, without: Collection[str] = ()) -> dict[str, Any]:
    """What `chat.completions.create` is called with. `without` names optional parts the server does not take."""
    told = "format" in without and request.output is not PlainText
    turns = told_turns(request) if told else request.turns
    limit = "max_tokens" if "limit" in without else "max_completion_tokens"
    made: dict[str, Any] = {
        "model": model,
        "messages": [
            {"role": "system", "content": system_text(request.system)},
            *({"role": turn.role, "content": turn_text(turn)} for turn in turns),
        ],
        limit: request.max_tokens,
        "stream": True,
    }
    if "usage" not in without:
        made["stream_options"] = {"include_usage": True}
    if request.output is not PlainText and not told:
        schema = {"name": schema_name(request.output), "schema": sent_schema(request.output), "strict": True}
        made["response_format"] = {"type": "json_schema", "json_schema": schema}
    if "effort" not in without:
        made["reasoning_effort"] = request.effort
    return made


async def read_events(events: AsyncIterator[Tree], request: Request[Any], /) -> AsyncGenerator[Event, None]:
    """The meaning of the chunks; `ServiceFailure` for a stream that fails, ends early or is mixed up.

    The usage comes in a chunk behind the one that ends the reply, or never.
    """
    reply_id = model = stop = refusal = ""
    usage: object = None
    text: list[str] = []
    thought = 0
    async for chunk in events:
        if (error := at(chunk, "error")) is not None:
            raise failure_of_code(text_at(error, "code"), text_at(error, "message") or str(error), reply_id)
        named, choice = text_at(chunk, "id"), at(chunk, "choices", 0)
        if choice is not None and not stop:
            if named and reply_id not in {"", "?", named}:
                raise ServiceFailure(FailureKind.MIXED_UP, f"reply {named} stood in the stream of {reply_id}")
            if not reply_id:
                reply_id, model = named or "?", text_at(chunk, "model")
                yield Began(reply_id)
            if piece := text_at(choice, "delta", "content"):
                text.append(piece)
                yield TextArrived(piece)
            if piece := text_at(choice, "delta", "reasoning_content"):
                thought += len(piece)
                yield Thinking(len(piece))
            refusal += text_at(choice, "delta", "refusal")
            stop = text_at(choice, "finish_reason")
        usage = at(chunk, "usage") or usage
    if not stop:
        raise ServiceFailure(FailureKind.CUT_OFF, "the reply broke off before its end", request_id=reply_id)
    whole = "".join(text)
    yield Finished(
        Reply(
            text=whole,
            stop="refusal" if refusal else _STOPS.get(stop, "other"),
            usage=usage_of(usage, CHAT, request, text=whole, thought=thought),
            model=model,
            request_id=reply_id,
            detail=refusal or ("" if stop == "stop" else stop),
        )
    )
