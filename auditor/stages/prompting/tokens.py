"""How many tokens a text has, from both sides, without asking anybody.

Tokenizers differ, and none of the current ones can be had offline. Over Python source and English prose they give between 2.6 and 4.7
bytes to a token; a budget has to hold with the smallest of these, a promise that a text is long enough to be cached with the largest.
"""

from typing import Final

_LEAST_BYTES: Final = 2.5
_MOST_BYTES: Final = 5.0


def at_most(text: str, /) -> int:
    """No usual tokenizer makes more of it."""
    return int(len(text.encode("utf-8", "replace")) / _LEAST_BYTES) + 1


def at_least(text: str, /) -> int:
    """No usual tokenizer makes fewer of it."""
    return int(len(text.encode("utf-8", "replace")) / _MOST_BYTES)
