"""Which keys a settings file may have, what may stand in each, and messages that name the nearest key."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from auditor.config.nearest import did_you_mean
from auditor.model.fault import Fault

Shape = Callable[[object], bool]


@dataclass(frozen=True, slots=True)
class Key:
    """One key: what to call its value, whether a value is one, and for tables the keys inside."""

    expects: str
    accepts: Shape
    inside: Mapping[str, "Key"] | None = None
    """Keys of the table (or of each table in the list); None leaves them open."""


TEXT: Final = Key("a text in quotes", lambda value: isinstance(value, str) and value.strip() != "")
TEXTS: Final = Key(
    "a list of texts", lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value)
)
COUNT: Final = Key(
    "a whole number from 1",
    lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 1,
)
DURATION: Final = Key(
    "a length of time like 500ms", lambda value: TEXT.accepts(value) or COUNT.accepts(value)
)
AMOUNT: Final = Key(
    "a number from 0",
    lambda value: (
        isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")
    ),
)
PORT: Final = Key(
    "a port from 1 to 65535",
    lambda value: isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 65535,
)
VARIABLES: Final = Key(
    "a section of variables, each a text in quotes",
    lambda value: (
        isinstance(value, dict)
        and all(isinstance(item, str) and "\0" not in item for item in value.values())
        and all(name and "=" not in name and "\0" not in name for name in value)
    ),
)
READY: Final = Key(
    'a path that begins with "/", or "tcp"',
    lambda value: isinstance(value, str) and (value == "tcp" or value.startswith("/")),
)
INSIDE: Final = Key(
    "a relative path inside the tree", lambda value: isinstance(value, str) and _stays_inside(value)
)
ANYTHING: Final = Key("a value", lambda _: True)
COMMAND: Final = Key("a text or a list of texts", lambda value: TEXT.accepts(value) or TEXTS.accepts(value))


def one_of(*choices: str) -> Key:
    """A text out of a few."""
    return Key(f"one of {', '.join(choices)}", lambda value: value in choices)


def table(inside: Mapping[str, Key] | None = None, /) -> Key:
    """A section ``[name]``."""
    return Key("a section", lambda value: isinstance(value, dict), inside)


def table_of(each: Key, /) -> Key:
    """A section with free keys and one kind of value."""

    def accepts(value: object) -> bool:
        return isinstance(value, dict) and all(each.accepts(item) for item in value.values())

    return Key(f"a section whose values are each {each.expects}", accepts)


def text_or_tables(inside: Mapping[str, Key], text: Key, /) -> Key:
    """A text, or a repeated section ``[[name]]``."""
    repeated = tables(inside)
    return Key(
        f"{text.expects}, or {repeated.expects}",
        lambda value: text.accepts(value) or repeated.accepts(value),
        inside,
    )


def text_or_table(inside: Mapping[str, Key], text: Key, /) -> Key:
    """A text, or a section ``[name]``."""
    return Key(
        f"{text.expects}, or a section", lambda value: text.accepts(value) or isinstance(value, dict), inside
    )


def _stays_inside(path: str) -> bool:
    parts = path.replace("\\", "/").split("/")
    return (
        path.strip() != "" and "\0" not in path and parts[0] != "" and ".." not in parts and ":" not in path
    )


def tables(inside: Mapping[str, Key] | None = None, /) -> Key:
    """A repeated section ``[[name]]``."""

    def accepts(value: object) -> bool:
        return isinstance(value, list) and all(isinstance(item, dict) for item in value)

    return Key("a repeated section, written [[name]]", accepts, inside)


@dataclass(frozen=True, slots=True)
class Document:
    """A settings file that was parsed: what it says, and its text for the line numbers."""

    name: str
    """How messages call the file."""
    text: str
    values: dict[str, Any]


def check_shape(document: Document, keys: Mapping[str, Key], /, *, misplaced: Mapping[str, str]) -> None:
    """`Fault` for the first key that is unknown, misplaced or holds the wrong kind of value.

    `misplaced` gives, for keys that belong in another file, where that is.
    """
    _check_table(document, document.values, keys, misplaced, ())


def _check_table(
    document: Document,
    values: Mapping[str, Any],
    keys: Mapping[str, Key],
    misplaced: Mapping[str, str],
    parents: tuple[str, ...],
) -> None:
    for name, value in values.items():
        path = (*parents, name)
        where = f"{document.name}{_line_of(document.text, path)}"
        dotted = ".".join(path)
        if name not in keys:
            if name in misplaced:
                raise Fault(f"{dotted!r} can't be set here", where=where, hint=misplaced[name])
            raise Fault(f"unknown key {dotted!r}", where=where, hint=did_you_mean(name, keys))
        key = keys[name]
        if not key.accepts(value):
            raise Fault(f"{dotted!r} must be {key.expects}", where=where)
        if key.inside is not None:
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict):
                    _check_table(document, item, key.inside, misplaced, path)


def _line_of(text: str, path: tuple[str, ...]) -> str:
    """`:line` of the key at `path`, as far as a look at the text can tell; empty otherwise."""
    lines = text.splitlines()
    name = re.escape(path[-1])
    start = 0
    if len(path) > 1:
        parents = r"\s*\.\s*".join(map(re.escape, path[:-1]))
        section = re.compile(rf"\s*\[+\s*{parents}\s*\]")
        start = next((at for at, line in enumerate(lines) if section.match(line)), 0)
    wanted = re.compile(rf"""\s*(?:\[+[\w\s.-]*?)?["']?{name}["']?\s*(?:[=.\]])""")
    found = next((at for at in range(start, len(lines)) if wanted.match(lines[at])), None)
    return "" if found is None else f":{found + 1}"
