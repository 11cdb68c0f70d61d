import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.trial.units import units_of, with_units, without_leftovers

BEFORE = """import json

LIMIT = 5


def one(rows):
    return [row for row in rows if row.ok]


def two(x):
    return x + 1
"""
AFTER = """import json
import threading
from memo import keep

LIMIT = 5
LOCK = threading.Lock()


def one(rows):
    with LOCK:
        return [row for row in rows if row.ok]


@keep
def two(x):
    return x + 2
"""


def test_units_are_cut_between_statements_and_know_what_they_need() -> None:
    units = units_of({"a.py": BEFORE}, {"a.py": AFTER})
    texts = [unit.text.strip().partition("\n")[0] for unit in units]
    assert texts == [
        "import threading",
        "from memo import keep",
        "LOCK = threading.Lock()",
        "with LOCK:",
        "@keep",
        "return x + 2",
    ]
    needs = {text: {texts[other] for other in unit.needs} for text, unit in zip(texts, units, strict=True)}
    assert needs["with LOCK:"] == {"LOCK = threading.Lock()", "import threading"}
    assert needs["@keep"] == {"from memo import keep"}
    assert needs["return x + 2"] == set()


def test_a_definition_goes_only_with_its_uses() -> None:
    before = "def old(x):\n    return x\n\n\ndef f():\n    return old(1)\n"
    after = "def f():\n    return 1\n"
    units = units_of({"a.py": before}, {"a.py": after})
    removal = next(unit for unit in units if "def old" not in unit.text and unit.start == 0)
    assert {units[other].text.strip() for other in removal.needs} == {"return 1"}


def test_a_new_file_is_needed_by_the_import_of_what_it_defines() -> None:
    after = {
        "a.py": "from memo import remember\nx = remember(1)\n",
        "memo.py": "def remember(x):\n    return x\n",
    }
    units = units_of({"a.py": "x = 1\n", "memo.py": None}, after)
    memo = next(index for index, unit in enumerate(units) if unit.file == "memo.py")
    assert all(memo in unit.needs for unit in units if unit.file == "a.py")


def test_what_does_not_parse_is_one_unit() -> None:
    units = units_of({"a.py": "def f(:\n", "b.txt": "1\n2\n"}, {"a.py": "def f():\n", "b.txt": "1\n3\n4\n"})
    assert [(unit.file, unit.text) for unit in units] == [("a.py", "def f():\n"), ("b.txt", "1\n3\n4\n")]


LINES = st.lists(
    st.sampled_from(["a = 1\n", "b = 2\n", "def f():\n    return a\n", "import os\n", "\n", "x"]), max_size=8
)


@given(before=LINES, after=LINES)
def test_all_units_together_are_the_patch_and_none_is_nothing(before: list[str], after: list[str]) -> None:
    old, new = "".join(before), "".join(after)
    units = units_of({"a.py": old}, {"a.py": new})
    assert with_units({"a.py": old}, units).get("a.py", old) == new
    assert with_units({"a.py": old}, ()) == {}
    assert all(index not in unit.needs for index, unit in enumerate(units))


@given(data=st.data())
def test_a_closed_part_of_new_functions_parses(data: st.DataObject) -> None:
    units = units_of({"a.py": BEFORE}, {"a.py": AFTER})
    chosen = data.draw(st.sets(st.integers(0, len(units) - 1), min_size=1))
    closed = chosen.union(*(units[index].needs for index in chosen))
    ast.parse(with_units({"a.py": BEFORE}, [units[index] for index in closed])["a.py"])


def test_what_a_unit_says_of_itself_can_be_read() -> None:
    (unit,) = units_of({"a.py": ""}, {"a.py": "x = " + "(" * 5000 + "\n"})
    assert len(unit.summary) < 300


def test_an_import_that_only_the_culprit_had_a_use_for_goes_with_it() -> None:
    old = "from shop import Count\n\ndef f(rows):\n    return rows\n\ndef g(rows):\n    return Count(rows)\n"
    new = (
        "from shop import Count, Total\n\ndef f(rows):\n    return Total(rows)\n\n"
        "def g(rows):\n    rows = set(rows)\n    return Count(rows)\n"
    )
    units = units_of({"a.py": old}, {"a.py": new})
    (brings,) = (n for n, unit in enumerate(units) if "import" in unit.text)
    (culprit,) = (n for n, unit in enumerate(units) if "return Total" in unit.text)
    everything = frozenset(range(len(units)))
    assert without_leftovers(units, everything) == everything
    assert without_leftovers(units, everything - {culprit}) == everything - {culprit, brings}
    assert without_leftovers(units, frozenset({brings, culprit})) == {brings, culprit}


FETCHING = """def shown(orders):
    orders = orders.filter(ok=True)
    return [[line for line in order.lines.filter(paid=True)] for order in orders]


def counted(rows):
    return len(list(rows))
"""
FETCHED = """def shown(orders):
    orders = orders.filter(ok=True).prefetch_related(Prefetch("lines", Line.paid(), to_attr="paid_lines"))
    return [[line for line in order.paid_lines] for order in orders]


def counted(rows):
    return rows.count()
"""


@pytest.mark.parametrize("inserted", [False, True])
def test_rows_that_only_the_culprit_reads_are_fetched_for_nobody(*, inserted: bool) -> None:
    before, after = FETCHING, FETCHED
    if inserted:
        before = before.replace("orders.filter(ok=True)\n", "(\n        orders.filter(ok=True)\n    )\n")
        after = after.replace(
            'orders.filter(ok=True).prefetch_related(Prefetch("lines", Line.paid(), to_attr="paid_lines"))',
            '(\n        orders.filter(ok=True)\n        .prefetch_related(Prefetch("lines", Line.paid(), to_attr="paid_lines"))\n    )',
        )
    units = units_of({"a.py": before}, {"a.py": after})
    (fetches,) = (n for n, unit in enumerate(units) if "to_attr" in unit.text)
    (reads,) = (n for n, unit in enumerate(units) if "in order.paid_lines" in unit.text)
    (other,) = (n for n, unit in enumerate(units) if "count()" in unit.text)
    assert fetches in units[reads].needs
    assert without_leftovers(units, frozenset({fetches, other})) == {other}
    assert without_leftovers(units, frozenset({fetches, reads})) == {fetches, reads}
