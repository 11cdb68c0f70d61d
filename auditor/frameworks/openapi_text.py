"""OpenAPI and Swagger descriptions, of which only the operations are read: path, verb, and the function that answers.

Read line by line, as YAML is written in blocks: a real parser takes a second for what is looked for here, and a hostile
file can't blow this one up. What is written in braces (JSON, flow style) is not seen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

VERBS: Final = frozenset("get put post delete patch head options".split())
_CONTROLLERS: Final = frozenset({"x-openapi-router-controller", "x-swagger-router-controller"})
_KEY: Final = re.compile(
    r"""(?P<indent> *)(?P<dash>- +)?(?P<quote>["']?)(?P<key>[^"'#]+?)(?P=quote) *:(?: +(?P<value>.*))?"""
)
_BLOCK: Final = re.compile(r"[|>][+-]?\d?[+-]?")
_HOST: Final = re.compile(r"(?:https?:)?//[^/]*")


@dataclass(frozen=True, slots=True)
class Operation:
    """One verb at one path, with what the description says answers it."""

    verb: str
    path: str
    function: str
    """`operationId`, below the controller where one is named: `shop.api.books.search`; empty where neither is said."""
    line: int


@dataclass(frozen=True, slots=True)
class Described:
    """What is read of a description."""

    base: str
    """The path that all operations stand below: Swagger's `basePath`, the first of OpenAPI's `servers`."""
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    indent: int
    key: str
    value: str
    within: tuple[str, ...]
    """The keys of the mappings around it, the outermost first."""


def read(text: str) -> Described:
    """The operations of a description; none where it is no such text."""
    base = ""
    found: dict[tuple[str, str], dict[str, tuple[str, int]]] = {}
    for line in _lines(text):
        match line.within, line.key:
            case (), "basePath":
                base = line.value
            case ("servers",), "url" if not base:
                base = _HOST.sub("", line.value, count=1)
            case ("paths", path), verb if verb in VERBS:
                found.setdefault((path, verb), {})
            case ("paths", path), key if key in _CONTROLLERS:
                found.setdefault((path, ""), {})["controller"] = line.value, line.number
            case ("paths", path, verb), key if verb in VERBS and (
                key == "operationId" or key in _CONTROLLERS
            ):
                kind = "operation" if key == "operationId" else "controller"
                found.setdefault((path, verb), {})[kind] = line.value, line.number
    return Described(base, tuple(_operations(found)))


def _operations(found: dict[tuple[str, str], dict[str, tuple[str, int]]]) -> Iterator[Operation]:
    for (path, verb), said in found.items():
        if not verb or "operation" not in said:
            continue
        name, number = said["operation"]
        shared = found.get((path, ""), {}).get("controller", ("", 0))[0]
        controller = said["controller"][0] if "controller" in said else shared
        yield Operation(verb.upper(), path, f"{controller}.{name}" if controller else name, number)


def _lines(text: str) -> Iterator[_Line]:
    """Every line that opens a key, with the keys around it; texts of several lines are passed over."""
    around: list[tuple[int, str]] = []
    passed = -1
    for number, written in enumerate(text.split("\n"), start=1):
        indent = len(written) - len(written.lstrip(" "))
        if not written.strip() or written.lstrip().startswith("#") or (0 <= passed < indent):
            continue
        passed = -1
        found = _KEY.fullmatch(written.rstrip())
        if found is None:
            continue
        inner = indent + len(found["dash"] or "")
        while around and around[-1][0] >= (inner if found["dash"] is None else indent + 1):
            around.pop()
        value = _plain(found["value"] or "")
        yield _Line(number, inner, found["key"], value, tuple(key for _, key in around))
        if _BLOCK.fullmatch(value):
            passed = indent
        around.append((inner, found["key"]))


def _plain(value: str) -> str:
    """A scalar without its quotes and what is remarked after it."""
    value = value.strip()
    if value[:1] in {'"', "'"}:
        end = value.find(value[0], 1)
        return value[1:end] if end > 0 else value
    return re.split(r"\s+#", value, maxsplit=1)[0].strip()
