"""Answers that fit into an assistant's context: bounded, with what was left out said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from pydantic import JsonValue

Answer: TypeAlias = dict[str, JsonValue]
MOST_CHARACTERS: Final = 12_000
"""Of source or text in one answer: about 3,000 tokens."""
PAGE: Final = 20
"""Items of a list in one answer."""


def page_of(items: Sequence[JsonValue], page: int, /, *, name: str, size: int = PAGE) -> Answer:
    """One page of a list under `name`, how many there are, and whether there are more; pages count from 1."""
    page = max(page, 1)
    first = (page - 1) * size
    shown = list(items[first : first + size])
    answer: Answer = {name: shown, "total": len(items), "truncated": first + size < len(items)}
    if answer["truncated"]:
        answer["next_page"] = page + 1
    return answer


def shortened(text: str, /, *, most: int = MOST_CHARACTERS) -> tuple[str, bool]:
    """Text cut at the end of a line, and whether it was."""
    if len(text) <= most:
        return text, False
    cut = text.rfind("\n", 0, most)
    return text[: cut + 1 if cut > 0 else most], True


def problem(what: str, hint: str = "") -> Answer:
    """Something that was asked can't be answered; the assistant may ask again in another way."""
    return {"problem": what, "hint": hint} if hint else {"problem": what}
