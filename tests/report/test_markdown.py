"""The plan as a document: one by heart, and what hostile names can't do to it.

`UPDATE_GOLDEN=1` writes the golden document anew; read it before it is committed.
"""

import os
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from auditor.model.plan import CHANGES_IN_FULL
from auditor.model.report import Coverage, Report, Target
from auditor.report import render
from auditor.report.document.escape import cell, code, sentence, table, text

FIXTURES = Path(__file__).parent / "fixtures"
MARKDOWN = MarkdownIt("gfm-like")


def report(name: str) -> Report:
    return Report.model_validate_json((FIXTURES / f"{name}.json").read_text("utf-8"))


def test_the_golden_document() -> None:
    golden = FIXTURES / "shop.md"
    document = render(report("shop"), "markdown")
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(document, "utf-8")
    assert document == golden.read_text("utf-8")


def test_an_empty_report_says_what_was_looked_for() -> None:
    empty = Report(target=Target(root="."), coverage=Coverage(looked_for=("Django", "Flask")))
    document = render(empty, "markdown")
    assert "**No endpoints were found,**" in document
    assert "Looked for: Django, Flask." in document
    assert "## Phase" not in document
    assert document.startswith("# Performance plan for this folder\n")


def test_findings_without_endpoints_say_what_was_looked_for() -> None:
    found = report("shop")
    coverage = found.coverage.model_copy(update={"looked_for": ("Django", "Flask")})
    lost = found.model_copy(update={"endpoints": (), "coverage": coverage})
    line = "No endpoints were found, so nothing tells which requests pay. Looked for: Django, Flask."
    assert line in render(lost, "markdown")
    assert line not in render(found.model_copy(update={"coverage": coverage}), "markdown")


def test_no_findings_is_said_as_good_news_with_its_limits() -> None:
    clean = report("shop").model_copy(
        update={"findings": (), "plan": report("shop").plan.model_copy(update={"phases": ()})}
    )
    document = render(clean, "markdown")
    assert "**Nothing found that is worth changing** on the paths that could be followed." in document
    assert "18 of 210 calls" in document


def test_a_target_is_not_judged_without_measurements() -> None:
    assert "**Target 500 ms:** can't be judged yet" in render(report("discovery"), "markdown")
    assert "**Target" not in render(report("shop"), "markdown")


def test_twenty_changes_in_full_and_the_rest_as_a_table() -> None:
    found = report("discovery")
    document = render(found, "markdown")
    cards = document.count("\n### ")
    assert cards == CHANGES_IN_FULL + 1  # and the one that measures
    rest = [change for change in found.plan.changes if change.rank > CHANGES_IN_FULL]
    assert rest
    assert f"## {len(rest)} smaller changes" in document
    assert all(change.id in document for change in found.plan.changes)


def test_every_link_leads_somewhere() -> None:
    tokens = MARKDOWN.parse(render(report("discovery"), "markdown"))
    inline = [child for token in tokens for child in token.children or ()]
    targets = {str(child.attrs["href"]) for child in inline if child.type == "link_open"}
    document = render(report("discovery"), "markdown")
    assert targets
    for target in targets - {"#what-was-not-looked-at"}:
        assert f'<a id="{target[1:]}"></a>' in document
    assert "\n## What was not looked at\n" in document


HOSTILE = [
    "</script><img src=x onerror=alert(1)>",
    "`` ` ```",
    "a | b || c",
    "two\nlines\n\n# heading",
    "\x1b[31mred\x1b[0m",
    "]]>",
    "[click](https://example.org)",
    "https://example.org/?a=b www.example.org",
    "@somebody #12 !12 :tada:",
    "**bold** _it_ ~~gone~~ $x$ <b>",
    "- [ ] item",
    "1. one",
    "\u202eesrever",
    "{{7*7}} {% raw %}",
    "&lt; &#64; \\",
    "x" * 5000,
    "",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_text(name: str) -> None:
    for written in (text(name), code(name), sentence(name), sentence(f"load {code(name)} now")):
        tokens = MARKDOWN.parse(f"before {written} after")
        assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
        kinds = {child.type for child in tokens[1].children or ()}
        assert kinds <= {"text", "code_inline", "text_special", "html_inline"}
        markup = {child.content for child in tokens[1].children or () if child.type == "html_inline"}
        assert markup <= {"<!-- -->"}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_does_not_break_a_table(name: str) -> None:
    rows = [(code(name), text(name)), (sentence(name), "last")]
    tokens = MARKDOWN.parse(table(("a", "b"), rows))
    cells = [after.content for token, after in pairwise(tokens) if token.type == "td_open"]
    assert len(cells) == 4
    assert cells[3] == "last"


def test_addresses_and_mentions_are_broken_up() -> None:
    assert text("www.example.org") == "www\\.example.org"
    assert text("https://example.org") == "https:\\//example.org"
    assert text("@somebody") == "@<!-- -->somebody"


def test_a_bar_is_escaped_once() -> None:
    assert cell(text("a|b")) == "a\\|b"
    assert cell(code("a|b")) == "`a\\|b`"


def test_a_name_in_a_code_span_is_shown_as_it_is() -> None:
    (_, inline, _) = MARKDOWN.parse(code("a`b``c"))
    assert [child.content for child in inline.children or ()] == ["a`b``c"]


def test_a_very_long_table_ends_and_says_so() -> None:
    found = report("discovery")
    (first, *_) = [change for change in found.plan.changes if change.rank]
    many = tuple(first.model_copy(update={"id": f"C-{rank:06}", "rank": rank}) for rank in range(1, 151))
    plan = found.plan.model_copy(
        update={"phases": (found.plan.phases[1].model_copy(update={"changes": many}),)}
    )
    document = render(found.model_copy(update={"plan": plan}), "markdown")
    assert "## 130 smaller changes" in document
    assert "30 more changes in the JSON report." in document
    assert "C-000120" in document
    assert "C-000121" not in document
