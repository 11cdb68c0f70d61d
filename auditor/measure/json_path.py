"""Where in an answer a value stands: `$.items[0].id`, `header:Location`, `cookie:csrftoken`."""

import json
import re
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import JsonValue

_STEP: Final = re.compile(
    r"""\.(?P<name>[^\W\d][\w-]*)            # .name
      | \[(?P<index>-?\d{1,9})\]             # [0], [-1]
      | \[(?P<quoted>"(?:[^"\\]|\\.)*"|'[^'\\]*')\]   # ["any name"], ['name']
    """,
    re.VERBOSE,
)
_IN_ANSWER: Final = ("header:", "cookie:")


@dataclass(frozen=True, slots=True)
class Source:
    """A place in an answer."""

    kind: Literal["body", "header", "cookie"]
    name: str = ""
    """Of the header or cookie."""
    steps: tuple[str | int, ...] = ()
    """Into the JSON of the body: names of fields, indexes of items (negative ones from the end)."""


def parse_source(text: str) -> Source:
    """Reads a place; ValueError with what is wrong."""
    for prefix in _IN_ANSWER:
        if text.startswith(prefix) and (name := text.removeprefix(prefix).strip()):
            return Source("header" if prefix == "header:" else "cookie", name=name)
    if not text.startswith("$"):
        message = f"{text!r} must begin with $, header: or cookie:"
        raise ValueError(message)
    return Source("body", steps=tuple(_steps(text)))


def value_at(tree: JsonValue, steps: tuple[str | int, ...]) -> JsonValue:
    """What stands there; LookupError when nothing does."""
    for step in steps:
        match tree, step:
            case dict(), str():
                tree = tree[step]
            case list(), int():
                tree = tree[step]
            case _:
                raise LookupError(step)
    return tree


def _steps(text: str) -> list[str | int]:
    steps: list[str | int] = []
    position = 1
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None:
            message = (
                f"{text!r} can't be read from {text[position:]!r} on: .name, [0] and ['name'] are understood"
            )
            raise ValueError(message)
        if match["name"] is not None:
            steps.append(match["name"])
        elif match["index"] is not None:
            steps.append(int(match["index"]))
        else:
            quoted = match["quoted"]
            steps.append(json.loads(quoted) if quoted.startswith('"') else quoted[1:-1])
        position = match.end()
    return steps
