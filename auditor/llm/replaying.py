"""A transcript looked at again: how each call ended then, or how its answer would be read now."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.llm.reading import json_of
from auditor.llm.transcript import Exchange, read_transcript


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One call, and what is to be said of it."""

    exchange: Exchange
    ending: str
    """`answered`, `truncated`, `refused`, `failed: …`, `lost`; of a replay also what is wrong with it now."""
    usable: bool = True
    """False where a replay finds that the record no longer holds together."""


def shown(path: Path, /) -> tuple[Row, ...]:
    """Each call as it ended; `Fault` as `read_transcript`."""
    return tuple(Row(exchange=exchange, ending=_ending(exchange)) for exchange in read_transcript(path))


def replayed(path: Path, /) -> tuple[Row, ...]:
    """Each call put again to its recorded answer.

    The question must still be the one the record names, and an answer that is data must still have the form that
    was asked for, as far as that can be told without the stage that asked.
    """
    rows = []
    for exchange in read_transcript(path):
        problem = _changed(exchange) or _misfit(exchange)
        ending = f"{_ending(exchange)}, but {problem}" if problem else _ending(exchange)
        rows.append(Row(exchange=exchange, ending=ending, usable=not problem))
    return tuple(rows)


def _ending(exchange: Exchange) -> str:
    if exchange.reply is None:
        return f"failed: {exchange.failure}" if exchange.failure else "lost: the run ended before the answer"
    return {
        "end": "answered",
        "length": "truncated",
        "context": "truncated",
        "refusal": "refused",
        "filtered": "refused",
    }.get(exchange.reply.stop, "ended in an unexpected way")


def _changed(exchange: Exchange) -> str:
    tree = json.dumps(exchange.request, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    same = hashlib.sha256(tree.encode()).hexdigest() == exchange.question
    return "" if same else "the recorded question is not the one it is filed under"


def _misfit(exchange: Exchange) -> str:
    reply, output = exchange.reply, exchange.request["output"]
    if reply is None or reply.stop != "end" or output["name"] == "PlainText":
        return ""
    tree = json_of(reply.text)
    if not isinstance(tree, dict):
        return "; ".join(tree.problems)
    wanted = _names(output["schema"])
    missing, strange = sorted(wanted - set(tree)), sorted(set(tree) - wanted)
    if missing or strange:
        return f"it lacks {missing[0]!r}" if missing else f"it holds {strange[0]!r}, which nobody asked for"
    return ""


def _names(schema: Mapping[str, Any]) -> set[str]:
    return set(schema.get("properties", {}))
