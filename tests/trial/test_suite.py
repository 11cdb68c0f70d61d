from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.trial.gates.tests import Lost, before_anything, compare
from auditor.trial.suite import Case, SuiteRun, cases_of

REPORT = b"""<?xml version="1.0"?><testsuites><testsuite name="pytest" tests="5">
<testcase classname="tests.test_a.TestX" name="test_one"/>
<testcase classname="tests.test_a" name="test_two"><failure message="assert 1 == 2">def test_two</failure></testcase>
<testcase classname="tests.test_a" name="test_three"><skipped message="no"/></testcase>
<testcase classname="" name="tests.test_b"><error message="collection failure">ImportError: x</error></testcase>
<testcase classname="tests.test_a.TestX" name="test_one"><error message="at teardown"/></testcase>
</testsuite></testsuites>"""


def run(cases: dict[str, Case] | None, *, succeeded: bool = True) -> SuiteRun:
    return SuiteRun(succeeded=succeeded, how=f"exited {int(not succeeded)}", cases=cases)


PASSED, SKIPPED = Case(said="passed"), Case(said="skipped")
FAILED = Case(said="failed", message="assert 1 == 2\nmore")
FEWER = Case(said="failed", message="2 != 5 : 2 queries executed, 5 expected")


def test_a_report_gives_each_test_and_what_it_says() -> None:
    cases = cases_of(REPORT)
    assert cases is not None
    assert {name: case.said for name, case in cases.items()} == {
        "tests/test_a/TestX::test_one": "failed",
        "tests/test_a::test_two": "failed",
        "tests/test_a::test_three": "skipped",
        "tests.test_b": "failed",
    }
    assert cases["tests/test_a::test_two"].message.startswith("assert 1 == 2")


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_what_is_no_report_is_none(content: bytes) -> None:
    assert cases_of(content) is None or b"<" in content


def test_a_report_that_would_grow_is_none() -> None:
    assert (
        cases_of(b'<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><testsuites>&b;</testsuites>') is None
    )
    assert cases_of(REPORT[:-20]) is None


@pytest.mark.parametrize("encoding", ["hex", "gb2312", "utf-7", "nothing"])
def test_a_report_in_no_encoding_of_xml_is_none(encoding: str) -> None:
    assert cases_of(f'<?xml version="1.0" encoding="{encoding}"?><testsuites/>'.encode()) is None


def test_what_failed_before_does_not_count() -> None:
    assert compare(run({"a": FAILED, "b": PASSED}), run({"a": FAILED, "b": PASSED})) == Lost()
    assert compare(run(None), run(None)) == Lost()


def test_what_passed_must_pass() -> None:
    before = run({"a": PASSED, "b": PASSED})
    assert compare(before, run({"a": PASSED, "b": FAILED})).broken == ("b: assert 1 == 2",)
    assert compare(before, run({"a": PASSED, "b": SKIPPED})).broken == ("b: was skipped",)
    assert compare(before, run({"a": PASSED})).broken == ("b: was not run",)
    assert compare(before, run(None)).broken == ("the tests gave no report, they exited 0",)
    assert compare(run(None), run(None, succeeded=False)).broken == ("the tests exited 1",)


def test_a_new_test_that_fails_is_a_failure() -> None:
    assert compare(run({"a": PASSED}), run({"a": PASSED, "c": FAILED})).broken == ("c: assert 1 == 2",)
    assert compare(run({"a": SKIPPED}), run({"a": FAILED})).broken == ("a: assert 1 == 2",)


def test_fewer_queries_are_shown_and_no_failure() -> None:
    lost = compare(run({"a": PASSED, "b": PASSED}), run({"a": FEWER, "b": PASSED}))
    assert lost.broken == ()
    assert lost.fewer == ("a expects 5 queries, and 2 ran: look at it, and change its number",)


def test_what_the_tests_end_with_is_told_where_they_fail_before_any_change() -> None:
    silent = SuiteRun(succeeded=False, how="exited 3", cases=None)
    assert before_anything(silent) == (
        "the tests fail before any change, so none is held to them: they exited 3",
    )
    absent = replace(silent, how="exited 127", last_words="trying\nsh: 1: run-tests: not found\n")
    assert before_anything(absent)[0].endswith("they exited 127: sh: 1: run-tests: not found")
    assert before_anything(replace(absent, succeeded=True)) == ()
    assert before_anything(None) == ()
