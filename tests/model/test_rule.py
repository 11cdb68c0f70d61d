"""What reports know about a rule."""

import pytest
from pydantic import ValidationError

from auditor.model.rule import RuleInfo

PAGE = """Query in a loop.

## What it finds

A query for each row.

It may be hidden in a call.

## Why it is slow
Round trips.

## How to verify
Count.
"""


def rule(**fields: object) -> RuleInfo:
    given = {
        "id": "query-in-loop",
        "group": "queries",
        "phase": 2,
        "severity": "high",
        "title": "query in a loop",
    }
    return RuleInfo.model_validate(given | fields)


def test_a_section_ends_where_the_next_begins() -> None:
    page = rule(docs=PAGE)
    assert page.section("What it finds") == "A query for each row.\n\nIt may be hidden in a call."
    assert page.section("How to verify") == "Count."


def test_a_section_that_is_missing_is_empty() -> None:
    assert rule(docs=PAGE).section("Instead") == ""
    assert rule().section("Instead") == ""


@pytest.mark.parametrize(
    "heading", ["## Instead", "# instead", "**Instead**", "**Instead:**", "Instead\n-------", "Instead:"]
)
def test_headings_may_be_written_in_any_usual_way(heading: str) -> None:
    page = rule(
        docs=f"## Example\n\nInstead of this.\n\n{heading}\n\nDo that.\n\n## How to verify\n\nCount.\n"
    )
    assert page.section("Instead") == "Do that."
    assert page.section("Example") == "Instead of this."


@pytest.mark.parametrize("fields", [{"id": "Query_In_Loop"}, {"phase": 0}, {"phase": 8}, {"group": "misc"}])
def test_a_rule_that_could_not_be_planned_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        rule(**fields)
