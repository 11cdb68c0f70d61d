"""`{% regroup %}`: what Django refuses is nothing, and its time grows with its length."""

import pytest

from auditor.frameworks.template_groups import regrouped
from auditor.index import ir
from auditor.index.ir import Node


def told(text: str) -> list[tuple[str, ...]]:
    """The expressions that a tag is read as."""
    read: list[tuple[str, ...]] = []

    def expression(text: str, line: int) -> Node:
        read.append((text,))
        return (ir.CONST, line, text)

    return read if regrouped(text, 1, expression) else []


@pytest.mark.parametrize(
    "text",
    ["", "rows", "by a as b", "rows by as b", "rows by a as", "rows by a b", "rows by a as b.c", "rows" + " by a" * 50_000, " " * 90_000],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_what_groups_nothing(text: str) -> None:
    assert told(text) == []


@pytest.mark.parametrize(
    ("text", "rows", "path"),
    [
        ("rows by day as days", "rows", "day"),
        (' rows.all  by\n created|date:"F, Y"  as months ', "rows.all", 'created|date:"F, Y"'),
        ("rows by a as as b", "rows", "a as"),
    ],
)
def test_rows_and_path(text: str, rows: str, path: str) -> None:
    assert told(text) == [(f"__regrouped_row__.{path}",), (rows,)]
