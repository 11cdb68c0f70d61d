"""What a person sees in a terminal: it fits, it is clean, and it says what matters."""

import re
from pathlib import Path

import pytest

from auditor.model.baseline import Baseline
from auditor.model.report import (
    Coverage,
    Effect,
    Endpoint,
    EndpointCoverage,
    Frame,
    Report,
    Target,
    UnresolvedCall,
)
from auditor.report.cells import cut, cut_start, padded, width_of, wrapped
from auditor.report.terminal import render_routes, render_rules, render_screen, render_trace_tree

FIXTURES = Path(__file__).parent / "fixtures"
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def report(name: str) -> Report:
    return Report.model_validate_json((FIXTURES / f"{name}.json").read_text("utf-8"))


def effect(*chain: tuple[str, int], line: int = 9, **fields: object) -> Effect:
    frames = [Frame(function=function, file="app/a.py", line=at) for function, at in chain]
    given = {
        "id": f"E-{line}",
        "kind": "sql",
        "file": "app/a.py",
        "line": line,
        "label": "SELECT x",
        "chain": frames,
    }
    return Effect.model_validate(given | fields)


def endpoint(*effects: Effect, **fields: object) -> Endpoint:
    given = {"id": "GET /x", "handler": "app.view", "file": "app/a.py", "line": 3, "framework": "flask"}
    return Endpoint.model_validate(given | {"effects": effects} | fields)


@pytest.mark.parametrize("name", ["shop", "discovery"])
@pytest.mark.parametrize("width", [80, 100, 200])
def test_an_audit_is_one_screen(name: str, width: int) -> None:
    screen = render_screen(
        report(name), width=width, colour=False, plan_path="/tmp/" + "deep/" * 40 + "auditor-plan.md"
    )
    assert len(screen.splitlines()) <= 24
    assert max(width_of(line) for line in screen.splitlines()) <= width
    assert "auditor-plan.md" in screen
    assert "\x1b" not in screen


@pytest.mark.parametrize("new", [0, 2])
def test_what_is_new_fits_on_the_screen_too(new: int) -> None:
    found = report("discovery")
    states = ["new"] * new + ["known"] * (len(found.findings) - new)
    findings = [one.model_copy(update={"baseline": s}) for one, s in zip(found.findings, states, strict=True)]
    baseline = Baseline(source="main", new=new, known=len(states) - new)
    held = found.model_copy(update={"findings": tuple(findings), "baseline": baseline})
    screen = render_screen(held, width=80, colour=False, plan_path="auditor-plan.md")
    assert len(screen.splitlines()) <= 24
    assert f"Since main: {new} new findings, {len(states) - new} known, 0 gone." in screen
    assert screen.count("New: ") == bool(new)


def test_three_changes_with_the_longest_words_are_still_one_screen() -> None:
    found = report("discovery")
    long = [
        change.model_copy(update={"title": "word " * 80, "why": "why " * 80, "expected": {"sql": "a·" * 80}})
        for change in found.plan.changes
    ]
    phases = tuple(
        phase.model_copy(
            update={"changes": tuple(one for one in long if one.id in {c.id for c in phase.changes})}
        )
        for phase in found.plan.phases
    )
    screen = render_screen(
        found.model_copy(update={"plan": found.plan.model_copy(update={"phases": phases})}),
        width=80,
        colour=False,
        plan_path="plan.md",
    )
    assert len(screen.splitlines()) <= 24


def test_the_first_three_changes_are_on_the_screen() -> None:
    found = report("discovery")
    screen = render_screen(found, width=100, colour=False, plan_path=None)
    ids = [change.id for change in found.plan.changes if change.rank]
    assert all(change in screen for change in ids[:3])
    assert not any(change in screen for change in ids[3:])
    assert "Target 500 ms: can't be judged" in screen


def test_colour_changes_nothing_but_colour() -> None:
    found = report("discovery")
    coloured = render_screen(found, width=90, colour=True, plan_path="plan.md")
    assert "\x1b[" in coloured
    assert ANSI.sub("", coloured) == render_screen(found, width=90, colour=False, plan_path="plan.md")


def test_an_audit_without_endpoints_says_what_was_looked_for() -> None:
    empty = Report(target=Target(root="."), coverage=Coverage(looked_for=("Django",)))
    assert "Looked for: Django." in render_screen(empty, width=80, colour=False, plan_path=None)


def test_routes_are_one_line_each() -> None:
    lines = render_routes(report("shop").endpoints, width=100, colour=False).splitlines()
    assert lines == [
        "POST /orders     shop/orders.py:40  sql ≥ order.lines, http ≥ 1",
        "GET /books       shop/views.py:11  sql 1",
        "GET /books/{id}  shop/views.py:25  sql 2 + 2·reviews",
    ]
    assert render_routes([], width=80, colour=False) == "No endpoints were found.\n"


def test_rules_are_listed_by_group() -> None:
    listing = render_rules(report("discovery").rules, width=80, colour=False)
    assert listing.startswith("queries\n  duplicate-query ")
    assert listing.index("missing-index") < listing.index("blocking-in-async")


def test_a_chain_is_a_tree_with_costs() -> None:
    tree = endpoint(
        effect(("app.view", 4), ("app.load", 9), line=9, multiplicity="rows"),
        effect(("app.view", 4), ("app.load", 12), line=12),
        effect(("app.view", 20), line=20, kind="log", label="logger.info"),
        coverage=EndpointCoverage(
            calls=5, resolved=4, unresolved=(UnresolvedCall(call="plugin.run()", file="app/a.py", line=30),)
        ),
    )
    assert render_trace_tree(tree, width=80, colour=False).splitlines() == [
        "GET /x  app/a.py:3",
        "One request: nothing outside its own code",
        "├─ log  logger.info  app/a.py:20",
        "└─ app.load()  app/a.py:4",
        "   ├─ sql × rows  SELECT x  app/a.py:9",
        "   └─ sql  SELECT x  app/a.py:12",
        "1 of 5 calls could not be followed:",
        "   plugin.run()  app/a.py:30",
    ]


@pytest.mark.parametrize(
    "hostile", ["\x1b[2J\x1b]0;x\x07", "\x9b31m", "a\nb", "\u202eevil", "表" * 100, "x" * 999]
)
def test_hostile_names_neither_steer_nor_overflow_the_terminal(hostile: str) -> None:
    found = endpoint(effect((hostile, 4), label=hostile), id=f"GET /{hostile}", file=f"{hostile}.py")
    for shown in (
        render_trace_tree(found, width=60, colour=False),
        render_routes([found], width=60, colour=False),
    ):
        assert not set(shown) & set("\x1b\x9b\x07\u202e")
        assert max(width_of(line) for line in shown.splitlines()) <= 60


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (cut("abcdef", 4), "abc…"),
        (cut("abc", 4), "abc"),
        (cut("表表表", 4), "表…"),
        (cut("abc", 0), ""),
        (cut_start("app/models/x.py", 8), "…ls/x.py"),
        (padded("ab", 4), "ab  "),
    ],
)
def test_text_is_fitted_to_cells(shown: str, expected: str) -> None:
    assert shown == expected


def test_wrapping_cuts_what_goes_past_the_last_line() -> None:
    assert wrapped("one `two` three four five", 9, lines=2) == ["one two", "three fo…"]
    assert wrapped("", 9, lines=2) == []
