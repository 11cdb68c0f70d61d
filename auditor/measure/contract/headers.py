"""The headers that an answer is held to, as something that can be compared."""

from typing import Final

from auditor.measure.answer import Answer
from auditor.measure.contract.tree import Bag, Tree

OF_THE_WAY: Final = frozenset({
    "age", "connection", "content-length", "date", "keep-alive", "server", "server-timing", "te", "trailer",
    "transfer-encoding", "via", "x-process-time", "x-response-time", "x-runtime",
})  # fmt: skip
"""Left aside: they belong to the server, the clock or the connection (a body's length is in the body)."""
_SETS: Final = frozenset({
    "access-control-allow-headers", "access-control-allow-methods", "access-control-expose-headers", "allow",
    "cache-control", "vary",
})  # fmt: skip
"""Lists of words whose order and case say nothing."""


def headers_tree(answer: Answer, /) -> dict[str, Tree]:
    """Every other header by name; cookies by theirs, with each attribute."""
    tree: dict[str, Tree] = {}
    length = answer.header("content-length")
    if answer.body_bytes == 0 and length not in {None, "0"}:
        tree["content-length"] = length  # of a HEAD: nothing else tells it
    for name in sorted({name for name, _ in answer.headers} - OF_THE_WAY):
        values = answer.values_of(name)
        if name == "set-cookie":
            tree[name] = _cookies(values)
        elif name in _SETS:
            words = sorted({word.strip().lower() for value in values for word in value.split(",")} - {""})
            tree[name] = Bag(words)
        else:
            tree[name] = values[0] if len(values) == 1 else list(values)
    return tree


def _cookies(lines: tuple[str, ...]) -> Tree:
    cookies: dict[str, Tree] = {}
    for line in lines:
        pair, *attributes = line.split(";")
        name, _, value = pair.strip().partition("=")
        cookie: dict[str, Tree] = {"value": value}
        for attribute in attributes:
            key, _, said = attribute.strip().partition("=")
            cookie[key.lower()] = said if "=" in attribute else True
        again = cookies.get(name)
        cookies[name] = (
            cookie if again is None else [*(again if isinstance(again, list) else [again]), cookie]
        )
    return cookies
