"""Which texts are statements, told in time that grows with their length."""

import pytest

from auditor.index.values import Const
from auditor.trace.statement_texts import is_statement


@pytest.mark.parametrize(
    "text",
    [
        "hello there",
        "/* SELECT a FROM t */",
        "-- SELECT a FROM t",
        "/* open SELECT a FROM t",
        "/**/ " * 1_000 + "x",
        "/* a **/-- b\n " * 500 + "x",
        "/* *" * 1_000,
        " " * 8_000 + "x",
    ],
    ids=lambda text: text[:20],
)
def test_what_reads_and_writes_no_rows(text: str) -> None:
    assert not is_statement(Const(text))


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a FROM t",
        " /* a */ -- b\n\n/***/ /* * / **/ select a from t",
        "/**/ " * 1_000 + "DELETE FROM t WHERE a",
        "with recursive a (b) as (select 1) select b from a",
    ],
    ids=lambda text: text[:20],
)
def test_what_does(text: str) -> None:
    assert is_statement(Const(text))
