"""Which values of a parameter are worth a request."""

from collections.abc import Sequence
from typing import Final, Literal

from auditor.measure.edges.parameters import Parameter
from auditor.measure.edges.stored import is_window

Absent = Literal["absent"]
Edge = tuple[str, tuple[str, ...]]
"""What it is, in a word or two, and the values sent: none for an absent parameter, two for a repeated one."""

_HUGE: Final = "99999999999999999999"
"""Beyond 64 bits: an integer for Python, an error for most databases."""
_PLAIN: Final = frozenset({"absent", "empty", "no number"})
"""Asked of what only a framework reads."""
WINDOW: Final = ("1", "2", "3", "1000000")
"""Of what chooses a part of a list: the first pages or rows, and one beyond the end that every database can be asked for."""


def edges_of(
    parameter: Parameter, /, *, usual: str | None = None, stored: Sequence[str] = ()
) -> tuple[Edge, ...]:
    """The edges of one parameter; `usual` is the value of an ordinary request, which is not repeated here.

    Without it a value that is `stored` in the data, a literal or a plain word stands in where a value is needed.
    """
    plain = usual or next(iter((*stored, *parameter.literals)), "1")
    edges: list[Edge] = [
        ("absent", ()),
        ("empty", ("",)),
        ("zero", ("0",)),
        ("negative", ("-1",)),
        ("huge", (_HUGE,)),
        ("repeated", (plain, "0")),
        ("no number", ("not-a-number",)),
        ("unicode", ("Zürich ☃ \u0661",)),
        ("space", (" ",)),
    ]
    if parameter.by_framework:
        edges = [edge for edge in edges if edge[0] in _PLAIN]
    edges += [(f"stored {value!r}", (value,)) for value in stored]
    if is_window(parameter):
        edges += [(f"window {number}", (number,)) for number in WINDOW]
    if parameter.converts and not parameter.by_framework:
        edges += [("fraction", ("1.5",)), ("not finite", ("nan",)), ("padded", (" 2 ",))]
    for separator in parameter.separators:
        edges += [
            (f"only {separator!r}", (separator,)),
            (f"{separator!r} twice", (f"{plain}{separator}{separator}{plain}",)),
            (f"two at {separator!r}", (f"1{separator}2",)),
        ]
    for literal in parameter.literals:
        edges.append((f"literal {literal!r}", (literal,)))
        if literal.casefold() != literal.swapcase().casefold() or literal.isalpha():
            edges.append((f"literal {literal!r} in other case", (literal.swapcase(),)))
        edges += [(f"beside {literal}", (beside,)) for beside in _beside(literal)]
    seen: set[tuple[str, ...]] = set() if usual is None else {(usual,)}
    kept = []
    for name, values in edges:
        if values not in seen:
            seen.add(values)
            kept.append((name, values))
    return tuple(kept)


def _beside(literal: str) -> tuple[str, ...]:
    """Numbers next to one that the code compares with: `>` and `>=` differ only there."""
    try:
        number = int(literal)
    except ValueError:
        return ()
    return str(number - 1), str(number + 1)
