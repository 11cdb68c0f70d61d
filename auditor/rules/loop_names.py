"""What a finding calls a loop: by the name in its own code, else by what is iterated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.model.report import Evidence
from auditor.trace.naming import source_name

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.trace.summary import Loop

_ANYTHING: Final = frozenset(
    "items objects objs queryset qs query rows results result data records values entries elements x range".split()
)
"""Names that any collection could have: what is known of the rows says more."""


def loop_name(loop: Loop) -> str:
    """A name for what the loop walks over; "" where the code has none (a `while`, a literal)."""
    iterable = iterable_of(loop)
    written = "" if iterable is None else source_name(iterable)
    known = "" if loop.size is None or loop.size.name == "items" else loop.size.name
    if written and (written not in _ANYTHING or not known):
        return written
    return known


def iterable_of(loop: Loop) -> Node | None:
    """The expression that the loop walks over, where it can be told."""
    node = loop.node
    if node is None or node[0] not in {ir.FOR, ir.COMP}:
        return None
    if node[0] == ir.FOR:
        return node[4]  # type: ignore[no-any-return]  # shape of ir.FOR
    return node[4][0][1] if len(node[4]) == 1 else None


def per_item(loop: Loop) -> str:
    """How often something in the loop happens, to follow "once"."""
    name = loop_name(loop)
    if loop.site.module.role == "library":
        return f"per item of `{loop.size.name}`" if loop.size is not None and loop.size.table else "per row"
    if name and loop.kind != "while":
        return f"per item of `{name}`"
    return f"per turn of the loop at line {loop.site.start}"


def the_loop(loop: Loop) -> str:
    """The loop as a noun: "the loop over `users`"."""
    name = loop_name(loop)
    if name and loop.kind != "while":
        return f"the loop over `{name}`"
    return "the `while` loop" if loop.kind == "while" else "the loop"


def turning(loop: Loop) -> Evidence:
    """Which loop it is; a library's own can't be shown."""
    if loop.site.module.role == "library":
        return Evidence(kind="loop", text="a library walks over the rows: a serializer of many, a pager")
    return Evidence(kind="loop", text=f"{the_loop(loop)} is at `{loop.site.module.path}:{loop.site.start}`")


def its_items(loop: Loop) -> str:
    """What it walks over, as a noun: "`users`"."""
    if loop.site.module.role == "library":
        return f"`{loop.size.name}`" if loop.size is not None and loop.size.table else "the rows"
    name = loop_name(loop)
    return f"`{name}`" if name and loop.kind != "while" else "the loop's items"


def sentence(text: str) -> str:
    """With a capital, where it begins a sentence."""
    return text[:1].upper() + text[1:]
