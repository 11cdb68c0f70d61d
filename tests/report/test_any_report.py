"""Any report, with any names in it, renders in every format, and the same report gives the same bytes."""

import json
import string

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from auditor.model.canonical import canonical_json
from auditor.model.cost_text import kind_cost
from auditor.model.report import (
    CostTerm,
    Coverage,
    Effect,
    Endpoint,
    EndpointCoverage,
    Evidence,
    Finding,
    Frame,
    Place,
    Report,
    Size,
    Target,
    TermAtStake,
    Unparsed,
    UnresolvedCall,
)
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.report import formats, render
from auditor.report.build import build_report
from auditor.report.terminal import render_routes, render_screen, render_trace_tree
from auditor.stages.plan import make_plan

RULES = [
    RuleInfo(
        id=name,
        group="queries",
        phase=phase,
        severity=Severity.HIGH,
        title=name,
        docs="## Instead\n\nDo {it}.\n",
    )
    for name, phase in (
        *(("query-in-loop", 2), ("lazy-load-in-loop", 2), ("missing-index", 1), ("filter-in-python", 3)),
        *(("slice-in-python", 3), ("house-rule", 7)),
    )
]
MARKDOWN = MarkdownIt("gfm-like")
# Forges link addresses with a scheme or "www.", not every word with a dot in it.
MARKDOWN.linkify.set({"fuzzy_link": False})  # type: ignore[union-attr]
ANCHOR_OR_COMMENT = ('<a id="', "</a>", "<!-- -->")

HARD = st.sampled_from(
    [
        *(
            "</script><!--",
            "`a`",
            "a|b",
            "x\ny",
            "\x1b[31m",
            "]]>",
            "[a](b)",
            "<b>",
            "\u202e",
            "\ud800",
            "",
            "#",
            "- x",
        ),
        *("*a*", "{x}", "\\", "~~~", "```", "https://x.y", "&amp;", "$$", "表", "1. x", "@you"),
    ]
)
NAMES = HARD | st.text(string.ascii_letters + "._/ ", max_size=12) | st.text(max_size=12)
LINES = st.integers(1, 10**6)
KINDS = st.sampled_from(["sql", "http", "session", "log"])
SIZES = st.lists(NAMES | st.sampled_from(["?", "depth?"]), max_size=3).map(tuple)
ENDPOINT_IDS = ["GET /a", "POST /b|c", "GET /`{x}`"]
EFFECT_IDS = ["E-1", "E-2", "E-3"]

EFFECTS = st.builds(
    Effect,
    id=st.sampled_from(EFFECT_IDS),
    kind=KINDS,
    file=NAMES,
    line=LINES,
    multiplicity=NAMES,
    label=NAMES,
    operation=st.sampled_from([None, "read", "write"]),
    chain=st.lists(st.builds(Frame, function=NAMES, file=NAMES, line=LINES), max_size=4).map(tuple),
)
TERMS = st.lists(
    st.builds(CostTerm, low=st.integers(0, 3), high=st.none() | st.integers(3, 9), sizes=SIZES), max_size=3
)
ENDPOINTS = st.builds(
    Endpoint,
    id=st.sampled_from(ENDPOINT_IDS) | NAMES,
    handler=NAMES,
    file=NAMES,
    line=LINES,
    framework=NAMES,
    coverage=st.builds(
        EndpointCoverage,
        calls=st.integers(0, 9),
        resolved=st.integers(0, 9),
        unresolved=st.lists(st.builds(UnresolvedCall, call=NAMES, file=NAMES, line=LINES), max_size=2).map(
            tuple
        ),
    ),
    cost=st.dictionaries(
        KINDS, st.builds(lambda terms, complete: kind_cost(terms, complete=complete), TERMS, st.booleans())
    ),
    effects=st.lists(EFFECTS, max_size=3).map(tuple),
)
FINDINGS = st.builds(
    Finding,
    id=NAMES,
    rule=st.sampled_from([rule.id for rule in RULES]),
    title=NAMES,
    file=NAMES,
    line=LINES,
    end_line=LINES,
    function=NAMES,
    endpoints=st.lists(st.sampled_from(ENDPOINT_IDS) | NAMES, max_size=3).map(tuple),
    severity=st.sampled_from(Severity),
    confidence=st.floats(0, 1),
    status=st.sampled_from(["confirmed", "suspected", "refuted"]),
    related=st.lists(
        st.builds(Place, file=NAMES, line=LINES, end_line=LINES, role=st.sampled_from(["query", "loop"])),
        max_size=4,
    ).map(tuple),
    evidence=st.lists(st.builds(Evidence, kind=st.just("note"), text=NAMES), min_size=1, max_size=3).map(
        tuple
    ),
    subject=NAMES,
    cost_term=st.none()
    | st.builds(
        TermAtStake,
        kind=st.sampled_from(["sql", "http", "rows", "rows_read"]),
        low=st.integers(0, 3),
        high=st.none() | st.integers(3, 9),
        sizes=SIZES,
        effects=st.lists(st.sampled_from(EFFECT_IDS), max_size=2).map(tuple),
    ),
    could_be_wrong=NAMES,
    fix=NAMES,
)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    findings = draw(st.lists(FINDINGS, max_size=6, unique_by=lambda one: one.id))
    endpoints = draw(st.lists(ENDPOINTS, max_size=3, unique_by=lambda one: one.id))
    sizes = draw(
        st.dictionaries(NAMES, st.builds(Size, table=st.none() | NAMES, bound=st.none() | st.integers(0, 9)))
    )
    coverage = Coverage(
        calls=draw(st.integers(0, 99)),
        resolved_calls=draw(st.integers(0, 99)),
        unparsed=tuple(draw(st.lists(st.builds(Unparsed, file=NAMES, reason=NAMES), max_size=2))),
        skipped=draw(st.dictionaries(NAMES, st.integers(0, 9), max_size=2)),
        notes=tuple(draw(st.lists(NAMES, max_size=2))),
    )
    plan = make_plan(
        findings=findings,
        endpoints=endpoints,
        sizes=sizes,
        rules=RULES,
        target_ms=draw(st.none() | st.just(500)),
        coverage=coverage,
    )
    return build_report(
        target=Target(root=draw(NAMES), commit=draw(st.none() | NAMES)),
        coverage=coverage,
        endpoints=endpoints,
        findings=findings,
        sizes=sizes,
        plan=plan,
        rules=RULES,
    )


@settings(max_examples=40)
@given(reports())
def test_every_format_takes_any_report_and_gives_the_same_bytes_twice(report: Report) -> None:
    for name in formats():
        first = render(report, name)
        assert first.encode("utf-8")
        assert render(report.model_copy(deep=True), name) == first


@settings(max_examples=40)
@given(reports())
def test_the_json_report_reads_back_as_it_was_written(report: Report) -> None:
    written = canonical_json(report)
    assert canonical_json(Report.model_validate_json(written)) == written


@settings(max_examples=40)
@given(reports())
def test_no_name_adds_markup_to_the_document(report: Report) -> None:
    tokens = MARKDOWN.parse(render(report, "markdown"))
    assert not [token.content for token in tokens if token.type == "html_block"]
    for token in tokens:
        for child in token.children or ():
            if child.type == "html_inline":
                assert child.content.startswith(ANCHOR_OR_COMMENT)
            if child.type == "link_open":
                assert str(child.attrs["href"]).startswith("#")
            assert child.type != "image"
    assert all(token.info == "mermaid" for token in tokens if token.type == "fence")


@settings(max_examples=40)
@given(reports(), st.integers(20, 120))
def test_any_report_fits_a_screen_and_steers_no_terminal(report: Report, width: int) -> None:
    screens = [
        render_screen(report, width=width, colour=False, plan_path="plan.md"),
        render_routes(report.endpoints, width=width, colour=False),
        *(render_trace_tree(endpoint, width=width, colour=False) for endpoint in report.endpoints),
    ]
    for screen in screens:
        assert not any(char < " " and char != "\n" for char in screen)
        assert "\u202e" not in screen
    if width >= 80:
        assert len(screens[0].splitlines()) <= 24


@settings(max_examples=40)
@given(reports())
def test_every_finding_that_stands_is_in_exactly_one_change(report: Report) -> None:
    planned = [name for change in report.plan.changes for name in change.findings]
    assert sorted(planned) == sorted(finding.id for finding in report.findings if finding.status != "refuted")
    ids = [change.id for change in report.plan.changes]
    assert len(set(ids)) == len(ids)
    assert {need for change in report.plan.changes for need in change.depends_on} <= set(ids)
    assert json.loads(render(report, "json"))["plan"]["phases"] == [] or report.findings
