import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.codemods.imports import add_import
from auditor.codemods.spans import Spans

TEXT = '''"""Döc."""
import os

from a import (
    b,
    d,
)


def f(x):
    # ünïcode before
    return g("é", x)  # kept
'''


def call(spans: Spans) -> ast.Call:
    return next(node for node in ast.walk(spans.tree) if isinstance(node, ast.Call))


def test_only_the_span_changes_whatever_stands_before_it() -> None:
    spans = Spans(TEXT)
    assert spans.source(call(spans).args[1]) == "x"
    spans.replace(call(spans).args[1], "y")
    assert spans.result() == TEXT.replace('"é", x)', '"é", y)')


def test_overlapping_edits_and_broken_results_are_refused() -> None:
    spans = Spans(TEXT)
    spans.replace(call(spans), "1")
    spans.replace(call(spans).args[0], "2")
    with pytest.raises(ValueError, match="overlap"):
        spans.result()
    spans = Spans(TEXT)
    spans.replace(call(spans), "(")
    with pytest.raises(SyntaxError):
        spans.result()


@pytest.mark.parametrize(
    ("module", "name", "expected", "bound"),
    [
        ("os", None, TEXT, "os"),
        ("a", "b", TEXT, "b"),
        ("a", "c", TEXT.replace("    d,\n", "    c, d,\n"), "c"),
        (
            "django.db.models",
            "Prefetch",
            TEXT.replace(")\n\n\ndef", ")\nfrom django.db.models import Prefetch\n\n\ndef"),
            "Prefetch",
        ),
        ("x", "f", TEXT, None),
        ("y", "x", TEXT, None),
    ],
)
def test_imports_go_where_imports_stand(
    module: str, name: str | None, expected: str, bound: str | None
) -> None:
    spans = Spans(TEXT)
    assert add_import(spans, module, name) == bound
    assert spans.result() == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1\n", "import json\nx = 1\n"),
        (
            "#!/usr/bin/env python\n# Licence\nx = 1\n",
            "#!/usr/bin/env python\n# Licence\nimport json\nx = 1\n",
        ),
        ('"""Docs\nmore."""\n\nx = 1\n', '"""Docs\nmore."""\nimport json\n\nx = 1\n'),
        (
            "import os\nimport re\nx = 1\nimport late\n",
            "import os\nimport re\nimport json\nx = 1\nimport late\n",
        ),
        ("", "import json\n"),
    ],
)
def test_a_module_without_imports_gets_its_first_after_what_belongs_on_top(text: str, expected: str) -> None:
    spans = Spans(text)
    assert add_import(spans, "json") == "json"
    assert spans.result() == expected


def test_comments_inside_are_noticed_and_hashes_in_texts_are_not() -> None:
    spans = Spans("f(\n    1,  # one\n)\ng('# no')\n")
    first, second = (statement.value for statement in spans.tree.body if isinstance(statement, ast.Expr))
    assert spans.comments(first)
    assert not spans.comments(second)


@given(
    st.lists(st.sampled_from(["a", "é", "'x'", "☃ = 1"]), max_size=3), st.text("xyé", min_size=1, max_size=4)
)
def test_columns_are_characters(before: list[str], name: str) -> None:
    text = f"f({', '.join(repr(one) for one in before)}{', ' if before else ''}k={name})\n"
    spans = Spans(text)
    keyword = call(spans).keywords[0]
    assert spans.source(keyword.value) == name
    spans.replace(keyword.value, "0")
    assert spans.result() == text.replace(f"k={name})", "k=0)")
