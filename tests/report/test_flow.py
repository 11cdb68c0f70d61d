"""Flowcharts that Mermaid can read, whatever the names in them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.report import Effect, Endpoint, Frame
from auditor.report.document.flow import MAX_NODES, flowchart

NODE = re.compile(r'  n\d+(\["[^"\]\[`\\;&|%]+"\]|\[\["[^"\]\[`\\&|%]+"\]\])')
EDGE = re.compile(r'  n\d+ -->(\|"[^"|`\\]+"\|)? n\d+')
ENTITY = re.compile(r"#\d+;")


def endpoint(
    *chains: list[str], name: str = "GET /x", label: str = "SELECT x", multiplicity: str = "rows"
) -> Endpoint:
    effects = [
        Effect(
            id=f"E-{number}",
            kind="sql",
            file="app/a.py",
            line=number + 1,
            label=label,
            multiplicity=multiplicity,
            chain=tuple(Frame(function=function, file="app/a.py", line=1) for function in chain),
        )
        for number, chain in enumerate(chains)
    ]
    return Endpoint(id=name, handler="h", file="app/a.py", line=1, framework="flask", effects=tuple(effects))


def drawn(found: Endpoint) -> list[str]:
    """The lines between the fences, each a node or an edge that Mermaid knows."""
    first, kind, *lines, last = flowchart(found, [effect.id for effect in found.effects]).splitlines()
    assert (first, kind, last) == ("```mermaid", "flowchart LR", "```")
    for line in lines:
        bare = ENTITY.sub("x", line.replace("<br>", ""))
        assert NODE.fullmatch(bare) or EDGE.fullmatch(bare), line
        assert "<" not in bare
    return lines


def test_without_effects_there_is_no_drawing() -> None:
    assert flowchart(endpoint(["a"]), []) == ""
    assert flowchart(endpoint(["a"]), ["E-unknown"]) == ""


def test_shared_functions_are_drawn_once() -> None:
    lines = drawn(endpoint(["app.view", "app.one"], ["app.view", "app.two"]))
    assert sum("app.view()" in line for line in lines) == 1
    assert sum("× rows" in line for line in lines) == 2


def test_an_effect_that_happens_once_has_no_number() -> None:
    assert not any("×" in line for line in drawn(endpoint(["app.view"], multiplicity="1")))


def test_a_long_chain_is_shortened_in_its_middle() -> None:
    lines = drawn(endpoint([f"app.f{number}" for number in range(40)]))
    assert any("36 more functions" in line for line in lines)
    assert any("app.f39()" in line for line in lines)


def test_recursion_draws_no_edge_to_itself() -> None:
    assert drawn(endpoint(["app.f", "app.f"]))


@pytest.mark.parametrize(
    "name",
    [
        '"]; click n0 "javascript:alert(1)"',
        "end",
        "- item",
        "1. one",
        "%% note",
        "</div>",
        "a`b",
        "```",
        "",
        "$$x$$",
    ],
)
def test_a_hostile_name_stays_in_its_label(name: str) -> None:
    drawn(endpoint([name], name=name, label=name, multiplicity=name))


@given(st.lists(st.lists(st.text(max_size=20), max_size=6), min_size=1, max_size=9), st.text(), st.text())
def test_any_names_give_a_small_valid_drawing(chains: list[list[str]], label: str, multiplicity: str) -> None:
    lines = drawn(endpoint(*chains, label=label, multiplicity=multiplicity))
    assert sum("-->" not in line for line in lines) <= MAX_NODES
