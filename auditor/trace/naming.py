"""What a person would call what an expression gives."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from auditor.frameworks.templates import FILTER, GET, TAG
from auditor.index import ir
from auditor.index.symbols import tail_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node

_SEEN_THROUGH: Final = {
    **dict.fromkeys("list sorted set frozenset enumerate reversed tuple iter zip tqdm len".split(), 0),
    **dict.fromkeys("chain islice groupby gather as_completed chunked batched partition_all".split(), 0),
    **dict.fromkeys("range map starmap takewhile dropwhile filterfalse".split(), 1),
}
"""Functions whose result is as many as the argument at that position (the only one, where there is one)."""
_TRANSPARENT: Final = frozenset(
    "all items values keys iterator filter exclude order_by select_related prefetch_related scalars defer only using "
    "db_manager distinct annotate copy".split()
)
"""Methods that give what they are called on again, or part of it."""
_SAYING_NOTHING: Final = frozenset(
    "filter exclude get all first last one execute query run fetch result results data items values next read call "
    "copy deepcopy json loads load dumps union intersection difference order_by distinct annotate group_by join "
    "options limit offset where select filter_by yield_per range find fetchall fetchmany fetchone execute_fetchall findall finditer main from_iterable compress product".split()
)
"""Names of functions that say how, not what."""
_RUNNING: Final = frozenset({"scalars", "stream_scalars", "stream"})
"""Methods of a session that run what they are given; without arguments they are a result's, and give part of it."""
_LISTING: Final = frozenset({"list", "page", "paginate", "of", "everything", "find_all", "list_all"})
"""Methods of what keeps rows of one kind, and is called after them: `uow.speakers.list()`."""
_KEYED: Final = frozenset({"get", "getlist", "getall", "pop", "setdefault"})
"""Methods whose argument says what they give."""
_SPLIT: Final = frozenset({"split", "rsplit", "splitlines", "strip"})
_FETCHING: Final = re.compile(
    r"^_*(?:get|list|fetch|find|iter|load|read|select|all|make|build|parse)_(?=[a-z])"
)


def source_name(node: Node) -> str:
    """What a person would call what an expression gives: its variable, attribute, relation, key or function.

    `users` for `users`, `form.users.all()`, `form.cleaned_data["users"]`, `body.get("users")` and `get_users()`.
    """
    while node[0] in {ir.CALL, ir.SUB, ir.AWAIT, ir.STAR}:
        inner = behind(node)
        if isinstance(inner, str):
            return inner
        node = inner
    if node[0] == ir.NAME:
        return str(node[2])
    if node[0] == ir.ATTR:
        return str(node[3])
    return ""


def behind(node: Node) -> Node | str:
    """The expression that a call, an item or an `await` takes its name from; the name itself where it ends there."""
    if node[0] in {ir.AWAIT, ir.STAR}:
        return node[2]  # type: ignore[no-any-return]  # an expression
    if node[0] == ir.SUB:
        return spelled(node[3]) or node[2]
    called, given = node[2], node[3]
    passed = _SEEN_THROUGH.get(tail_name(called))
    if passed is not None and given:
        return given[0 if len(given) == 1 else passed]  # type: ignore[no-any-return]  # likewise
    if called[0] == ir.NAME:
        if called[2] in {"filter", FILTER} and len(given) > 1:
            return given[1]  # type: ignore[no-any-return]  # likewise
        if called[2] == TAG:
            return function_name(spelled(given[0]))
        return _step(given) if called[2] == GET and len(given) == 2 else function_name(called[2])
    if called[0] != ir.ATTR:
        return ""
    if called[3] in _RUNNING and given:
        return ""
    if called[3] in _TRANSPARENT or called[3] in _SPLIT or (called[3] in _LISTING and is_named(called[2])):
        return called[2]  # type: ignore[no-any-return]  # likewise
    if called[3] in _KEYED:
        return spelled(given[0]) if given else ""
    return function_name(called[3])


def is_named(node: Node) -> bool:
    """Whether what a method is called on seems to be called after many things: `books`, `self.rooms`."""
    name = str(node[2] if node[0] == ir.NAME else node[3] if node[0] == ir.ATTR else "")
    return name.endswith("s") and name not in {"self", "cls", "objects"}


def _step(given: tuple[Node, ...]) -> Node | str:
    """`a.b` of a template, which says it as an attribute or a method of Python's would."""
    whole, name = given[0], spelled(given[1])
    return whole if name in _TRANSPARENT else function_name(name) or name


def spelled(key: Node) -> str:
    """A constant key that could be a name; "" for others."""
    return str(key[2]) if key[0] == ir.CONST and isinstance(key[2], str) and key[2].isidentifier() else ""


def function_name(name: str) -> str:
    """What a function's name says of its result: `authors` of `get_authors`; "" for a class."""
    plain = _FETCHING.sub("", name)
    return "" if not plain.islower() or plain in _SAYING_NOTHING else plain.lstrip("_")


def names_in(node: Any) -> Iterator[str]:
    """Every name that an expression reads."""
    if isinstance(node, tuple):
        if len(node) == 3 and node[0] == ir.NAME and isinstance(node[2], str):
            yield node[2]
        else:
            for part in node:
                yield from names_in(part)
