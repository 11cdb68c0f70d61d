"""Values as a person reads them."""

from decimal import Decimal

import pytest

from auditor.measure.contract.tree import shown, tree_of


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("2.50"), "2.50"),
        ({"rating": [Decimal("3.33"), Decimal("0.1"), 7, None, True]}, '{"rating": [3.33, 0.1, 7, null, true]}'),
        ({'na"me': "é"}, '{"na\\"me": "é"}'),
        ([], "[]"),
        ("x" * 100, '"' + "x" * 78 + "…"),
    ],
)  # fmt: skip
def test_as_json_with_the_digits_it_came_with(value: object, text: str) -> None:
    assert shown(tree_of(value) if not isinstance(value, Decimal) else value) == text
