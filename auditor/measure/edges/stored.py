"""Values of a parameter that the data answers to: what stands in the column that the code compares it with.

A filter that nobody asks with a value that is there gives the same empty answer whatever it compares.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from auditor.execution.databases.database import Rows
from auditor.measure.edges.parameters import Parameter

_MOST: Final = 4
"""Values of one parameter."""
_LONGEST: Final = 80
"""Characters: nobody filters by a body of text."""
_WINDOWS: Final = frozenset(
    {
        "page",
        "p",
        "offset",
        "limit",
        "per_page",
        "page_size",
        "pagesize",
        "size",
        "start",
        "skip",
        "count",
        "top",
    }
)
"""Names of parameters that choose a part of a list, whatever turns them into numbers."""


def is_window(parameter: Parameter, /) -> bool:
    """Whether it is a number, of a page or of rows, as far as its name and what is done with it tell."""
    numbers = {"int", "float", "Decimal"}.intersection(parameter.converts)
    return bool(numbers) or parameter.name.lower().replace("-", "_") in _WINDOWS


def stored_values(parameter: Parameter, path: str, rows: Rows, /) -> tuple[str, ...]:
    """Up to four: the least, the most frequent and the greatest of the column, and a part of one in the other case.

    Of columns by the same name those of tables count that the path names, else those of any table.
    """
    for named in (*_columns(parameter), parameter.name):
        owner, _, plain = named.rpartition(".")
        for column in (plain, f"{plain}_id"):
            tables = [table for table, held in sorted(rows.items()) if held and column in held[0]]
            meant = [table for table in tables if _is_named(table, owner or path)]
            for table in meant or tables:
                values = _of(rows[table], column)
                if values:
                    return values
    return ()


def _columns(parameter: Parameter) -> Iterator[str]:
    """Its own name first, where the code compares it so; `id` last, since everything has one."""
    own = [column for column in parameter.columns if column != "id"]
    yield from sorted(own, key=lambda column: (column != parameter.name, column))
    if "id" in parameter.columns:
        yield "id"


def _is_named(table: str, path: str) -> bool:
    """Whether a word of the path is the table's name, or the end of it: `work_orders` for `/orders`."""
    words = {word.lower().replace("-", "_").rstrip("s") for word in path.split("/") if word}
    plain = table.rpartition(".")[2].lower().rstrip("s")
    return any(plain == word or plain.endswith((f"_{word}", word)) for word in words if len(word) > 2)


def _of(rows: Sequence[Mapping[str, object]], column: str) -> tuple[str, ...]:
    texts = [
        text
        for row in rows
        if isinstance(value := row.get(column), str | int | float)
        and (text := str(value))
        and len(text) <= _LONGEST
    ]
    if not texts:
        return ()
    ordered = sorted(set(texts), key=lambda text: (len(text), text) if text.isdigit() else (0, text))
    often = max(ordered, key=Counter(texts).__getitem__)
    word = re.search(r"[^\W\d_]{2,}", ordered[0])
    other = () if word is None else (ordered[0].swapcase(),)
    return tuple(dict.fromkeys([ordered[0], often, ordered[-1], *other]))[:_MOST]
