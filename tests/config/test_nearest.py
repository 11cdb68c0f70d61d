import pytest

from auditor.config.nearest import did_you_mean, nearest


@pytest.mark.parametrize("wrong", ["", "zzz", "totally-different"])
def test_nothing_close_is_nothing(wrong: str) -> None:
    assert nearest(wrong, ["select", "ignore"]) is None


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [("selct", "select"), ("IGNORE", "ignore"), ("query-in-lop", "query-in-loop"), ("ignor", "ignore")],
)
def test_a_slip_finds_its_name(wrong: str, meant: str) -> None:
    assert nearest(wrong, ["select", "ignore", "query-in-loop", "call-in-loop"]) == meant


def test_without_a_near_name_all_are_listed() -> None:
    assert did_you_mean("zzz", ["b", "a"]) == "known: a, b"


def test_of_names_that_differ_in_case_only_one_is_offered() -> None:
    assert nearest("abc", ["ABC", "Abc"]) == "ABC"
