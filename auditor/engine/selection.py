"""Which endpoints and rules a request means, by the names people write."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from auditor.config.nearest import did_you_mean
from auditor.model.fault import Fault

_PARAMETER: Final = re.compile(r"\{[^{}]*\}|<[^<>]*>")
_APPLICATION: Final = re.compile(r" \([^()]+\)$")
_METHODS: Final = frozenset(
    "GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT ANY WS WEBSOCKET "
    "QUERY MUTATION SUBSCRIPTION TASK CONSUMER COMMAND".split()
)


def matching_endpoints(wanted: Sequence[str], known: Iterable[str], /) -> frozenset[str]:
    """The ids out of `known` that `wanted` names; `Fault` for a name that matches none.

    The names of parameters don't matter, nor does a slash at the end; a bare path means every method.
    """
    ids = sorted(known)
    chosen: set[str] = set()
    for name in wanted:
        matches = {known_id for known_id in ids if _same(name, known_id)}
        if not matches:
            hint = did_you_mean(name, ids) if ids else "no endpoint was found"
            if len(ids) > 1 and not hint.startswith("did"):
                hint = f"`auditor routes` lists the {len(ids)} there are"
            raise Fault(f"there is no endpoint {name!r}", hint=hint)
        chosen |= matches
    return frozenset(chosen)


def check_rules(named: Sequence[str], known: Iterable[str], /, *, where: str = "") -> None:
    """`Fault` for the first of `named` that is no rule."""
    ids = frozenset(known)
    for name in named:
        if name not in ids:
            raise Fault(f"there is no rule {name!r}", where=where, hint=did_you_mean(name, ids))


def _same(name: str, known_id: str) -> bool:
    """Without an application in the name, those of every application are meant."""
    method, path = _split(name)
    known_method, known_path = _split(known_id)
    return path in {known_path, _split(_APPLICATION.sub("", known_id))[1]} and method in {known_method, ""}


def _split(name: str) -> tuple[str, str]:
    """Method in capitals (empty when none is given) and the path with its parameters nameless."""
    method, _, path = name.strip().partition(" ")
    if method.upper() not in _METHODS:
        method, path = "", name.strip()
    bare = _PARAMETER.sub("{}", path.strip())
    return method.upper(), bare.rstrip("/") or bare
