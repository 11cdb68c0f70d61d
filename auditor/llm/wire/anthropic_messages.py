"""Anthropic's Messages: parameters of a request, meaning of its events."""

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping
from typing import Any, Final

from auditor.llm.estimate import at_most_input, at_most_tokens
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
    Turn,
)
from auditor.llm.failure import FailureKind, ServiceFailure
from auditor.llm.rendering import block_text, system_text
from auditor.llm.schema import sent_schema
from auditor.llm.usage import Usage
from auditor.llm.wire.told_schema import told_turns
from auditor.llm.wire.tree import Tree, count_at, known_at, text_at

_LONG: Final = {"type": "ephemeral", "ttl": "1h"}
"""Between two calls about one endpoint stand trials, which take longer than the five minutes of the short kind."""
_SHORT: Final = {"type": "ephemeral"}
_KEPT_BLOCKS: Final = 2
"""A request may mark four places: the static part, these, and the end of a conversation."""

_STOPS: Final[Mapping[str, StopReason]] = {
    "end_turn": "end",
    "max_tokens": "length",
    "model_context_window_exceeded": "context",
    "refusal": "refusal",
}


def parameters(request: Request[Any], model: str, /, *, without: Collection[str] = ()) -> dict[str, Any]:
    """What `messages.create` is called with. `without` names optional parts that the model does not take."""
    told = "format" in without or request.output is PlainText
    turns = told_turns(request) if told and request.output is not PlainText else request.turns
    output: dict[str, Any] = {} if "effort" in without else {"effort": request.effort}
    if not told:
        output["format"] = {"type": "json_schema", "schema": sent_schema(request.output)}
    made: dict[str, Any] = {
        "model": model,
        "max_tokens": request.max_tokens,
        "system": [{"type": "text", "text": system_text(request.system)}],
        "messages": _messages(turns),
        "stream": True,
    }
    if "cache" not in without:
        made["system"][0]["cache_control"] = _LONG
        _mark_kept(made["messages"], turns)
    if output:
        made["output_config"] = output
    if "thinking" not in without:
        made["thinking"] = {"type": "adaptive"}
    return made


def _messages(turns: tuple[Turn, ...]) -> list[dict[str, Any]]:
    return [
        {"role": turn.role, "content": [{"type": "text", "text": block_text(block)} for block in turn.blocks]}
        for turn in turns
    ]


def _mark_kept(messages: list[dict[str, Any]], turns: tuple[Turn, ...]) -> None:
    """Marks the ends of what is worth keeping: the last blocks that ask for it, and a conversation's last word."""
    sent = [part for message in messages for part in message["content"]]
    kept = [number for number, block in enumerate(b for turn in turns for b in turn.blocks) if block.keep]
    for number in kept[-_KEPT_BLOCKS:]:
        sent[number]["cache_control"] = _LONG
    if len(turns) > 1 and "cache_control" not in sent[-1]:
        sent[-1]["cache_control"] = _SHORT


async def read_events(events: AsyncIterator[Tree], request: Request[Any], /) -> AsyncGenerator[Event, None]:
    """The meaning of the service's events; `ServiceFailure` for a stream that ends early or is mixed up."""
    message_id = model = stop = detail = ""
    usage: dict[str, Any] = {}
    text: list[str] = []
    thought = 0
    async for event in events:
        kind = text_at(event, "type")
        if kind == "message_start":
            if message_id:
                raise ServiceFailure(FailureKind.MIXED_UP, "a second reply began inside the first")
            message_id = text_at(event, "message", "id") or "?"
            model = text_at(event, "message", "model")
            usage = known_at(event, "message", "usage")
            usage.pop("output_tokens", None)  # a first guess, which a reply without an end would keep
            yield Began(message_id, _usage(usage, request, "", thought))
        elif kind == "content_block_delta":
            if piece := text_at(event, "delta", "text"):
                text.append(piece)
                yield TextArrived(piece)
            elif piece := text_at(event, "delta", "thinking"):
                thought += len(piece)
                yield Thinking(len(piece))
        elif kind == "message_delta":
            usage |= known_at(event, "usage")
            stop = text_at(event, "delta", "stop_reason")
            explained = text_at(event, "delta", "stop_details", "explanation")
            detail = explained or text_at(event, "delta", "stop_details", "category") or stop
        elif kind == "message_stop" and message_id:
            whole = "".join(text)
            yield Finished(
                Reply(
                    text=whole,
                    stop=_STOPS.get(stop, "other"),
                    usage=_usage(usage, request, whole, thought),
                    model=model,
                    request_id=message_id,
                    detail=detail,
                )
            )
            return
    raise ServiceFailure(FailureKind.CUT_OFF, "the reply broke off before its end", request_id=message_id)


def _usage(tree: Tree, request: Request[Any], text: str, thought: int) -> Usage:
    """The service counts what came from its cache apart from the input; here it is part of it."""
    fresh, written = count_at(tree, "input_tokens"), count_at(tree, "output_tokens")
    read = count_at(tree, "cache_read_input_tokens") or 0
    stored = count_at(tree, "cache_creation_input_tokens") or 0
    guessed = at_most_tokens(text) + thought
    return Usage(
        input_tokens=at_most_input(request) if fresh is None else fresh + read + stored,
        cache_read_tokens=read,
        cache_write_tokens=stored,
        cache_write_long_tokens=count_at(tree, "cache_creation", "ephemeral_1h_input_tokens") or 0,
        output_tokens=guessed if written is None else written,
        reasoning_tokens=count_at(tree, "output_tokens_details", "thinking_tokens") or 0,
        estimated=fresh is None or written is None,
    )
