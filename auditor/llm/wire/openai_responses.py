"""OpenAI's Responses: parameters of a request, meaning of its events."""

import hashlib
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
from auditor.llm.rendering import block_text, system_text
from auditor.llm.schema import schema_name, sent_schema
from auditor.llm.wire.openai_usage import RESPONSES, usage_of
from auditor.llm.wire.refusing import failure_of_code
from auditor.llm.wire.told_schema import told_turns
from auditor.llm.wire.tree import Tree, at, each_at, text_at

_INCOMPLETE: Final[Mapping[str, StopReason]] = {"max_output_tokens": "length", "content_filter": "filtered"}


def parameters(request: Request[Any], model: str, /, *, without: Collection[str] = ()) -> dict[str, Any]:
    """What `responses.create` is called with. `without` names optional parts that the model does not take."""
    told = "format" in without and request.output is not PlainText
    made: dict[str, Any] = {
        "model": model,
        "instructions": system_text(request.system),
        "input": [
            {
                "role": turn.role,
                "content": [{"type": _PART[turn.role], "text": block_text(block)} for block in turn.blocks],
            }
            for turn in (told_turns(request) if told else request.turns)
        ],
        "max_output_tokens": request.max_tokens,
        "store": False,
        "stream": True,
    }
    if request.output is not PlainText and not told:
        name, schema = schema_name(request.output), sent_schema(request.output)
        made["text"] = {"format": {"type": "json_schema", "name": name, "schema": schema, "strict": True}}
    if "effort" not in without:
        made["reasoning"] = {"effort": request.effort}
    if "cache" not in without:
        made["prompt_cache_key"] = _cache_key(request)
    return made


_PART: Final = {"user": "input_text", "assistant": "output_text"}


def _cache_key(request: Request[Any]) -> str:
    """The same for requests that begin alike, so that the service sends them to the same machine."""
    return "auditor-" + hashlib.sha256(request.system.encode("utf-8", "replace")).hexdigest()[:24]


async def read_events(events: AsyncIterator[Tree], request: Request[Any], /) -> AsyncGenerator[Event, None]:
    """The meaning of the service's events; `ServiceFailure` for a stream that fails, ends early or is mixed up."""
    response_id = ""
    text: list[str] = []
    thought = 0
    async for event in events:
        kind = text_at(event, "type")
        named = text_at(event, "response", "id")
        if named and response_id and named != response_id:
            raise ServiceFailure(FailureKind.MIXED_UP, f"reply {named} stood in the stream of {response_id}")
        if kind == "response.created":
            if response_id:
                raise ServiceFailure(FailureKind.MIXED_UP, "a second reply began inside the first")
            response_id = named or "?"
            yield Began(response_id)
        elif kind == "response.output_text.delta":
            text.append(text_at(event, "delta"))
            yield TextArrived(text[-1])
        elif kind.startswith("response.reasoning") and kind.endswith(".delta"):
            thought += len(text_at(event, "delta"))
            yield Thinking(len(text_at(event, "delta")))
        elif kind in {"error", "response.failed"}:
            error = event if kind == "error" else at(event, "response", "error")
            raise failure_of_code(text_at(error, "code"), text_at(error, "message"), response_id)
        elif kind in {"response.completed", "response.incomplete"}:
            yield Finished(_reply(at(event, "response"), request, "".join(text), thought))
            return
    raise ServiceFailure(FailureKind.CUT_OFF, "the reply broke off before its end", request_id=response_id)


def _reply(response: Tree, request: Request[Any], arrived: str, thought: int) -> Reply:
    parts = [part for item in each_at(response, "output") for part in each_at(item, "content")]
    text = "".join(text_at(part, "text") for part in parts if text_at(part, "type") == "output_text")
    refusal = "".join(text_at(part, "refusal") for part in parts if text_at(part, "type") == "refusal")
    stop, detail = _stop(response, refusal)
    return Reply(
        text=text or arrived,
        stop=stop,
        usage=usage_of(at(response, "usage"), RESPONSES, request, text=text or arrived, thought=thought),
        model=text_at(response, "model"),
        request_id=text_at(response, "id"),
        detail=detail,
    )


def _stop(response: Tree, refusal: str) -> tuple[StopReason, str]:
    if refusal:
        return "refusal", refusal
    status = text_at(response, "status")
    if status == "completed":
        return "end", ""
    reason = text_at(response, "incomplete_details", "reason")
    return _INCOMPLETE.get(reason, "other"), reason or status
