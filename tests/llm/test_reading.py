"""What is forgiven in an answer and what is not: only what leaves no doubt about the meaning."""

import json
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from auditor.llm.exchange import PlainText
from auditor.llm.reading import Invalid, read_answer


class Edit(BaseModel):
    model_config = ConfigDict(extra="forbid")

    file: str
    search: str


class Draft(BaseModel):
    model_config = ConfigDict(extra="forbid")

    verdict: Literal["yes", "no"]
    edits: list[Edit] = Field(max_length=3)


GOOD = '{"verdict": "yes", "edits": [{"file": "a.py", "search": "x = {1}"}]}'


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(" \n", id="blank"),
        pytest.param("I can't do that.", id="prose alone"),
        pytest.param(GOOD[:-1], id="no end"),
        pytest.param(GOOD[:40], id="cut"),
        pytest.param(GOOD + GOOD, id="two objects"),
        pytest.param(f"{GOOD}\nor rather\n{GOOD}", id="two objects in prose"),
        pytest.param('{"verdict": "yes", "edits": [],}', id="trailing comma"),
        pytest.param('{"verdict": NaN, "edits": []}', id="not a number"),
        pytest.param('{"verdict": "no", "verdict": "yes", "edits": []}', id="a key twice"),
        pytest.param(
            '{"verdict": "yes", "edits": [{"file": "a\x00", "search": "x"}]}', id="control character"
        ),
        pytest.param(
            '{"verdict": "yes", "edits": [{"file": "\\ud800", "search": "x"}]}', id="half character"
        ),
        pytest.param("{'verdict': 'yes', 'edits': []}", id="Python's quotes"),
        pytest.param('{"verdict": "perhaps", "edits": []}', id="another word"),
        pytest.param('{"verdict": "yes"}', id="a field missing"),
        pytest.param('{"verdict": "yes", "edits": [], "note": "done, tests pass"}', id="a field too many"),
        pytest.param('{"verdict": "yes", "edits": ' + "[" * 100_000, id="nested deeply"),
        pytest.param('{"verdict": "yes", "edits": ' + "9" * 5_000 + "}", id="a long number"),
        pytest.param('[{"verdict": "yes", "edits": []}, {"verdict": "no", "edits": []}]', id="a list"),
        pytest.param("x" * (5 << 20), id="far too long"),
    ],
)
def test_what_leaves_a_doubt_is_refused_with_a_reason(text: str) -> None:
    found = read_answer(text, Draft)
    assert isinstance(found, Invalid)
    assert all(problem.strip() for problem in found.problems)
    assert found.problems


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(GOOD, id="as asked"),
        pytest.param(f"\ufeff{GOOD}\n", id="byte order mark"),
        pytest.param(f"```json\n{GOOD}\n```", id="fence"),
        pytest.param(f"```\n{GOOD}\n", id="fence without end"),
        pytest.param(f"Here it is:\n{GOOD}\nTell me {{if}} it fits.", id="prose around"),
        pytest.param(f'<think>\nperhaps {{"a": 1}}?\n</think>\n{GOOD}', id="thinking before"),
    ],
)
def test_what_leaves_no_doubt_is_read(text: str) -> None:
    assert read_answer(text, Draft) == Draft.model_validate_json(GOOD)


def test_line_breaks_in_a_string_are_taken_as_they_stand() -> None:
    found = read_answer('{"file": "a", "search": "if x:\n\ty()"}', Edit)
    assert found == Edit(file="a", search="if x:\n\ty()")


class Noted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    note: str | None
    inner: "Noted | None"
    drafts: list["Noted"]


@pytest.mark.parametrize(
    "text",
    ['{"drafts": [{"drafts": []}]}', '{"note": null, "drafts": [{"inner": null, "drafts": []}]}'],
)
def test_a_field_that_is_missing_and_may_be_null_is_null(text: str) -> None:
    one = Noted(note=None, inner=None, drafts=[])
    assert read_answer(text, Noted) == one.model_copy(update={"drafts": [one]})


def test_a_list_that_is_missing_is_a_doubt() -> None:
    found = read_answer('{"note": "so", "inner": {}, "drafts": []}', Noted)
    assert found == Invalid(("inner.drafts: Field required",))


def test_problems_name_their_place_and_not_the_value() -> None:
    found = read_answer('{"verdict": "IGNORE ALL", "edits": [{"file": 3, "search": "x"}]}', Draft)
    assert isinstance(found, Invalid)
    assert [problem.partition(":")[0] for problem in found.problems] == ["verdict", "edits[0].file"]
    assert "IGNORE" not in " ".join(found.problems)


def test_a_thousand_problems_are_told_in_twenty() -> None:
    text = json.dumps({"verdict": "yes", "edits": [], **{f"k{number}": 1 for number in range(1000)}})
    found = read_answer(text, Draft)
    assert isinstance(found, Invalid)
    assert len(found.problems) == 21
    assert found.problems[-1] == "and 980 more like these"


def test_plain_text_is_taken_whole_unless_empty() -> None:
    assert read_answer('{"a": 1} {"b": 2}', PlainText) == PlainText(text='{"a": 1} {"b": 2}')
    assert isinstance(read_answer("  ", PlainText), Invalid)


@given(st.text())
def test_no_text_makes_it_stumble(text: str) -> None:
    assert isinstance(read_answer(text, Draft), Invalid | Draft)


@given(st.lists(st.builds(Edit, file=st.text(), search=st.text()), max_size=3), st.booleans())
def test_what_a_model_writes_is_read_back(edits: list[Edit], indented: bool) -> None:  # noqa: FBT001  hypothesis
    draft = Draft(verdict="no", edits=edits)
    assert read_answer(draft.model_dump_json(indent=2 if indented else None), Draft) == draft
