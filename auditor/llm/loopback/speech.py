"""What the real services send for an answer, event by event."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from auditor.llm.loopback.server import Protocol

Shown = tuple[str | None, Mapping[str, Any] | str]
"""Name of an event and its data."""

_PIECE: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer as every protocol can tell it."""

    text: str
    stop: str = "end"
    """`end`, `length`, `refusal`, `filtered`."""
    input_tokens: int = 1000
    """All of the input; the parts below are parts of it."""
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 100
    reasoning_tokens: int = 0
    thinking: str = ""
    counted: bool = True
    """Whether the service says what was used."""
    id: str = "reply-1"
    model: str = "loopback-1"


def events(protocol: Protocol, said: Said, /) -> list[Shown]:
    """The events of a whole reply."""
    if protocol == "messages":
        return _messages(said)
    return _responses(said) if protocol == "responses" else _chat(said)


def frame(event: Shown, /) -> bytes:
    """One event of server-sent events."""
    name, data = event
    text = data if isinstance(data, str) else json.dumps(data)
    return (f"event: {name}\n" if name else "").encode() + f"data: {text}\n\n".encode()


def _pieces(text: str) -> Sequence[str]:
    size = max(_PIECE, len(text) // 2000)
    return [text[start : start + size] for start in range(0, len(text), size)]


def _messages(said: Said) -> list[Shown]:
    used = {
        "input_tokens": said.input_tokens - said.cache_read_tokens - said.cache_write_tokens,
        "cache_read_input_tokens": said.cache_read_tokens,
        "cache_creation_input_tokens": said.cache_write_tokens,
    }
    message = {"id": said.id, "type": "message", "role": "assistant", "model": said.model, "content": []}
    start = {**message, "stop_reason": None, "usage": {**used, "output_tokens": 1} if said.counted else None}
    made: list[Shown] = [
        ("message_start", {"type": "message_start", "message": start}),
        ("ping", {"type": "ping"}),
    ]
    number = 0
    if said.thinking:
        block: dict[str, Any] = {"type": "thinking", "thinking": "", "signature": ""}
        made += _block(0, block, [{"type": "thinking_delta", "thinking": said.thinking}])
        number = 1
    deltas: list[dict[str, Any]] = [{"type": "text_delta", "text": piece} for piece in _pieces(said.text)]
    made += _block(number, {"type": "text", "text": ""}, deltas)
    reason = {"end": "end_turn", "length": "max_tokens", "refusal": "refusal", "filtered": "refusal"}[
        said.stop
    ]
    delta: dict[str, Any] = {"stop_reason": reason, "stop_sequence": None}
    if reason == "refusal":
        told = {"type": "refusal", "category": "cyber", "explanation": "against the rules of use"}
        delta["stop_details"] = told
    written = {"output_tokens": said.output_tokens} if said.counted else None
    made.append(("message_delta", {"type": "message_delta", "delta": delta, "usage": written}))
    made.append(("message_stop", {"type": "message_stop"}))
    return made


def _block(number: int, block: Mapping[str, Any], deltas: Sequence[Mapping[str, Any]]) -> list[Shown]:
    made: list[Shown] = [
        ("content_block_start", {"type": "content_block_start", "index": number, "content_block": block})
    ]
    made += [
        ("content_block_delta", {"type": "content_block_delta", "index": number, "delta": delta})
        for delta in deltas
    ]
    made.append(("content_block_stop", {"type": "content_block_stop", "index": number}))
    return made


def _responses(said: Said) -> list[Shown]:
    part: dict[str, Any] = {"type": "output_text", "text": said.text, "annotations": []}
    if said.stop == "refusal":
        part = {"type": "refusal", "refusal": said.text or "I can't help with that."}
    reason = {"length": "max_output_tokens", "filtered": "content_filter"}.get(said.stop)
    status = "incomplete" if reason else "completed"
    base = {"id": said.id, "object": "response", "created_at": 0, "model": said.model, "output": []}
    usage = {
        "input_tokens": said.input_tokens,
        "input_tokens_details": {
            "cached_tokens": said.cache_read_tokens,
            "cache_write_tokens": said.cache_write_tokens,
        },
        "output_tokens": said.output_tokens,
        "output_tokens_details": {"reasoning_tokens": said.reasoning_tokens},
        "total_tokens": said.input_tokens + said.output_tokens,
    }
    message = {"id": "m", "type": "message", "role": "assistant", "status": status, "content": [part]}
    done = {
        **base,
        "status": status,
        "output": [message],
        "incomplete_details": {"reason": reason} if reason else None,
        "usage": usage if said.counted else None,
    }
    made: list[Mapping[str, Any]] = [
        {"type": "response.created", "response": {**base, "status": "in_progress"}},
        {"type": "response.output_item.added", "output_index": 0, "item": {**message, "content": []}},
    ]
    if said.thinking:
        made.append({"type": "response.reasoning_summary_text.delta", "delta": said.thinking, "item_id": "r"})
    if said.stop != "refusal":
        made += [
            {"type": "response.output_text.delta", "delta": piece, "item_id": "m", "output_index": 0}
            for piece in _pieces(said.text)
        ]
    made.append({"type": f"response.{status}", "response": done})
    return [(event["type"], {**event, "sequence_number": number}) for number, event in enumerate(made)]


def _chat(said: Said) -> list[Shown]:
    base = {"id": said.id, "object": "chat.completion.chunk", "created": 0, "model": said.model}

    def chunk(delta: Mapping[str, Any], finish: str | None = None) -> Shown:
        return None, {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    made: list[Shown] = [chunk({"role": "assistant", "content": ""})]
    if said.thinking:
        made.append(chunk({"reasoning_content": said.thinking}))
    if said.stop == "refusal":
        made.append(chunk({"refusal": said.text or "I can't help with that."}))
    else:
        made += [chunk({"content": piece}) for piece in _pieces(said.text)]
    finish = {"end": "stop", "refusal": "stop", "length": "length", "filtered": "content_filter"}[said.stop]
    made.append(chunk({}, finish))
    if said.counted:
        usage = {
            "prompt_tokens": said.input_tokens,
            "completion_tokens": said.output_tokens,
            "total_tokens": said.input_tokens + said.output_tokens,
            "prompt_tokens_details": {"cached_tokens": said.cache_read_tokens},
            "completion_tokens_details": {"reasoning_tokens": said.reasoning_tokens},
        }
        made.append((None, {**base, "choices": [], "usage": usage}))
    made.append((None, "[DONE]"))
    return made
