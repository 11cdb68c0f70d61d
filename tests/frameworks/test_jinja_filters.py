"""What Jinja's filters do, as Python."""

from __future__ import annotations

import pytest

from auditor.frameworks.templates import jinja_expression
from auditor.index.lower import lower


def python(text: str) -> object:
    return lower(f"x = ({text})".encode())["body"][0][4]


@pytest.mark.parametrize(
    ("template", "same"),
    [
        ("rows|default('a|b')", "rows"),
        ("rows|map('upper')", "rows"),
        ("rows|selectattr(name)", "rows"),
        ("rows|length", "len(rows)"),
        ("1 + a|length + b.c|length", "1 + len(a) + len(b.c)"),
        ("rows|length > 3", "len(rows) > 3"),
        ("rows|list|sort", "sorted(list(rows))"),
        ("page(rows|length)", "page(len(rows))"),
        ("rows|map(attribute='a.b')|join(', ')", "[item.a.b for item in rows]"),
        ("rows|selectattr('a')|list", "list([item for item in rows if item.a])"),
        ("rows|rejectattr('a')|length", "len([item for item in rows if not item.a])"),
        ("rows|selectattr('a', 'equalto', x)", "[item for item in rows if item.a == x]"),
    ],
)
def test_filters(template: str, same: str) -> None:
    assert jinja_expression(template, 1) == python(same)
