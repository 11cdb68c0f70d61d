"""What OpenAI's protocols say of usage: the same tree in both, under other names."""

from dataclasses import dataclass
from typing import Any, Final

from auditor.llm.estimate import at_most_input, at_most_tokens
from auditor.llm.exchange import Request
from auditor.llm.usage import Usage
from auditor.llm.wire.tree import count_at


@dataclass(frozen=True, slots=True)
class Names:
    """What one protocol calls what was read and what was written."""

    read: str
    written: str


RESPONSES: Final = Names("input_tokens", "output_tokens")
CHAT: Final = Names("prompt_tokens", "completion_tokens")


def usage_of(tree: object, names: Names, request: Request[Any], /, *, text: str, thought: int) -> Usage:
    """As the service counts, whose totals include their parts already.

    What it does not count is estimated: by `text`, and by `thought`, the characters of reasoning that arrived.
    """
    read, written = count_at(tree, names.read), count_at(tree, names.written)
    read_parts, written_parts = f"{names.read}_details", f"{names.written}_details"
    return Usage(
        input_tokens=at_most_input(request) if read is None else read,
        cache_read_tokens=count_at(tree, read_parts, "cached_tokens") or 0,
        cache_write_tokens=count_at(tree, read_parts, "cache_write_tokens") or 0,
        output_tokens=at_most_tokens(text) + thought if written is None else written,
        reasoning_tokens=count_at(tree, written_parts, "reasoning_tokens") or 0,
        estimated=read is None or written is None,
    )
