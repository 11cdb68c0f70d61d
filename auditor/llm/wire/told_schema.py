"""The output schema as words, for models and servers that take none as a parameter."""

import json
from dataclasses import replace
from typing import Any, Final

from auditor.llm.exchange import Instruction, Request, Turn
from auditor.llm.schema import sent_schema

_ASKED: Final = "Answer with one JSON object that matches this JSON Schema, and with nothing else:\n"


def told_turns(request: Request[Any], /) -> tuple[Turn, ...]:
    """The turns, with the schema behind the first.

    So a conversation keeps its beginning, and what stands before the schema stays the same for other output.
    """
    schema = json.dumps(sent_schema(request.output), ensure_ascii=False, separators=(",", ":"))
    first, *others = request.turns
    asked = replace(first, blocks=(*first.blocks, Instruction(text=_ASKED + schema)))
    return (asked, *others)
