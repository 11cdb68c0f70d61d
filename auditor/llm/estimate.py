"""How many tokens a text may have, before or instead of a service's own count: always upwards."""

from typing import Any, Final

from auditor.llm.exchange import Request
from auditor.llm.rendering import block_text, system_text

BYTES_PER_TOKEN: Final = 2
"""Source code has three to four in all tokenizers we know; hashes and foreign scripts come near two."""
_TURN_TOKENS: Final = 16
"""What a service adds around each turn and block."""
_SCHEMA_TOKENS: Final = 2_000
"""The output schema and what a service says around it."""


def at_most_tokens(text: str, /) -> int:
    """More than `text` will have."""
    return -(-len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN)


def at_most_input(request: Request[Any], /) -> int:
    """More tokens than a service will count for `request`."""
    blocks = [block for turn in request.turns for block in turn.blocks]
    told = sum(at_most_tokens(block_text(block)) + _TURN_TOKENS for block in blocks)
    return at_most_tokens(system_text(request.system)) + told + _SCHEMA_TOKENS
