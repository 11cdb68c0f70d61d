"""The shape of a library file: the keys it has, their types, and errors for a person where one is wrong."""

import tomllib
from collections.abc import Mapping
from typing import Any, Final, get_args

from auditor.knowledge.facts import Fetch, LogLevel, MemoScope, RunsIn
from auditor.model.effect import EFFECT_KINDS

Entry = Mapping[str, Any]

_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "effect": EFFECT_KINDS,
    "level": get_args(LogLevel),
    "fetch": get_args(Fetch),
    "scope": get_args(MemoScope),
    "runs_in": get_args(RunsIn),
}

_CALL: Final[Mapping[str, type | tuple[type, ...]]] = {
    "names": str,
    "effect": str,
    "pure": bool,
    "write": bool,
    "blocking": bool,
    "async": bool,
    "returns": str,
    "timeout_argument": str,
    "timeout_default_s": (int, float),
    "level": str,
    "sql_argument": int,
    "fetch": str,
    "batch": str,
    "cheap": str,
    "callback": dict,
    "decorates": str,
}
_TYPE: Final[Mapping[str, type | tuple[type, ...]]] = {
    "name": str,
    "aliases": str,
    "made_by": str,
    "bases": str,
    "async": bool,
    "enters": str,
    "iterates": str,
    "timeout_argument": str,
    "timeout_default_s": (int, float),
    "attributes": dict,
    "method": list,
    "otherwise": dict,
}
_SHAPES: Final[Mapping[str, Mapping[str, type | tuple[type, ...]]]] = {
    "the file": {
        "library": dict,
        "call": list,
        "type": list,
        "instance": list,
        "memo": list,
    },
    "[library]": {"name": str, "modules": str, "quiet": str, "note": str},
    "[[call]]": {"module": str, **_CALL},
    "[[type]]": _TYPE,
    "[[type.method]]": _CALL,
    "[type.otherwise]": {key: kind for key, kind in _CALL.items() if key != "names"},
    "[[instance]]": {"names": str, "type": str},
    "[[memo]]": {"names": str, "scope": str, "bounded": bool, "expires": bool},
    "callback": {"position": int, "keyword": str, "runs_in": str},
}
_REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    "the file": ("library",),
    "[library]": ("name", "modules"),
    "[[call]]": ("names",),
    "[[type]]": ("name",),
    "[[type.method]]": ("names",),
    "[[instance]]": ("names", "type"),
    "[[memo]]": ("names", "scope", "bounded", "expires"),
    "callback": ("runs_in",),
}
_SAYS_SOMETHING: Final = frozenset({"effect", "pure", "returns", "callback", "decorates", "fetch"})


class KnowledgeError(Exception):
    """A library file that can't be used: which file, which entry, what is wrong and what to write instead."""


def parse(file: str, text: str) -> Entry:
    """The checked content of one library file; raises `KnowledgeError`."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise KnowledgeError(f"{file}: not TOML: {error}") from None
    _check(document, shape="the file", where=file)
    _check(document["library"], shape="[library]", where=f"{file}: [library]")
    for call in document.get("call", ()):
        _check_call(call, shape="[[call]]", where=file)
    for entry in document.get("type", ()):
        _check_type(entry, file=file)
    for kind in ("instance", "memo"):
        for entry in document.get(kind, ()):
            _check(entry, shape=f"[[{kind}]]", where=f"{file}: [[{kind}]] {entry.get('names', '')!r}")
    return document


def _check_type(entry: Entry, *, file: str) -> None:
    where = f"{file}: [[type]] {entry.get('name', '')!r}"
    _check(entry, shape="[[type]]", where=where)
    for method in entry.get("method", ()):
        _check_call(method, shape="[[type.method]]", where=where)
    if "otherwise" in entry:
        _check_call(entry["otherwise"], shape="[type.otherwise]", where=where)
    _check_strings(entry.get("attributes", {}), where=f"{where}: attributes")


def _check_call(entry: Entry, *, shape: str, where: str) -> None:
    where = f"{where}: {shape} {entry.get('names', '')!r}"
    _check(entry, shape=shape, where=where)
    if _SAYS_SOMETHING.isdisjoint(entry):
        raise KnowledgeError(f"{where}: says nothing; give `effect = ...`, or `pure = true` if it has none")
    if entry.get("pure") and "effect" in entry:
        raise KnowledgeError(f"{where}: both `pure` and `effect`; a call has an effect or it has none")
    if entry.get("effect") == "log" and "level" not in entry:
        raise KnowledgeError(f"{where}: a log effect needs `level`: {', '.join(get_args(LogLevel))}")
    if "callback" in entry:
        _check(entry["callback"], shape="callback", where=f"{where}: callback")
        if not {"position", "keyword"} & entry["callback"].keys():
            raise KnowledgeError(f"{where}: callback: give `position`, `keyword` or both")


def _check(entry: Entry, *, shape: str, where: str) -> None:
    """Every key known and of its type, every required key there, every choice one of the choices."""
    if not isinstance(entry, dict):
        raise KnowledgeError(f"{where}: expected a table")
    keys = _SHAPES[shape]
    for key, value in entry.items():
        expected = keys.get(key)
        if expected is None:
            raise KnowledgeError(f"{where}: unknown key `{key}` in {shape}; {_nearest(key, tuple(keys))}")
        # bool is a kind of int in Python, but not here.
        if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
            raise KnowledgeError(f"{where}: `{key}` is {value!r}; it has to be {_plain(expected)}")
        choices = _CHOICES.get(key)
        if choices is not None and value not in choices:
            raise KnowledgeError(f"{where}: `{key}` is {value!r}; {_nearest(str(value), choices)}")
    for key in _REQUIRED.get(shape, ()):
        if not entry.get(key, "") and entry.get(key) is not False:
            raise KnowledgeError(f"{where}: `{key}` is missing")


def _check_strings(table: Entry, *, where: str) -> None:
    for key, value in table.items():
        if not isinstance(value, str):
            raise KnowledgeError(f"{where}: `{key}` is {value!r}; it has to be a dotted name")


def _nearest(given: str, known: tuple[str, ...]) -> str:
    # Imported here because a table without errors, the usual one, has no use for it.
    from difflib import get_close_matches  # noqa: PLC0415

    close = get_close_matches(given, known, n=1)
    return f"did you mean `{close[0]}`?" if close else f"known are {', '.join(known)}"


def _plain(expected: type | tuple[type, ...]) -> str:
    names = {
        str: "a string",
        bool: "true or false",
        int: "a whole number",
        dict: "a table",
        list: "a list of tables",
    }
    return names.get(expected, "a list of tables") if isinstance(expected, type) else "a number"
