"""Polynomials as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.cost_text import brief_text, change_text, cost_text, kind_cost, merge, term_text
from auditor.model.report import CostTerm


def term(low: int = 1, high: int | None = 1, *sizes: str, effects: tuple[str, ...] = ()) -> CostTerm:
    return CostTerm(low=low, high=high, sizes=sizes, effects=effects)


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        ([], "0"),
        ([term(0, 0, "spaces")], "0"),
        ([term(3, 3)], "3"),
        ([term(3, 7), term(2, 2, "items")], "3…7 + 2·items"),
        (
            [term(1, 1, "spaces", "add_ons"), term(3, 3, "spaces"), term(4, 4)],
            "4 + 3·spaces + add_ons·spaces",
        ),
        ([term(1, 1, "spaces"), term(2, 2, "spaces")], "3·spaces"),
        ([term(0, 1, "spaces")], "(0…1)·spaces"),
        ([term(1, 1, "spaces", "spaces")], "spaces²"),
        ([term(2, None)], "≥2"),
        ([term(1, None, "items")], "≥1·items"),
        ([term(1, 1, "?")], "?"),
        ([term(1, 1), term(2, 2, "depth?")], "1 + 2·(unknown depth)"),
    ],
)
def test_a_polynomial_as_text(terms: list[CostTerm], text: str) -> None:
    assert cost_text(terms) == text


def test_an_incomplete_cost_is_a_lower_bound() -> None:
    assert cost_text([term(4, 4)], complete=False) == "≥ 4"
    assert cost_text([], complete=False) == "≥ 0"


def test_the_same_product_in_another_order_is_the_same_term() -> None:
    assert cost_text([term(1, 1, "a", "b"), term(1, 1, "b", "a")]) == "2·a·b"


def test_a_change_shows_before_and_after() -> None:
    assert change_text([term(3, 3, "spaces")], [term()]) == "3·spaces → 1"


def test_merging_keeps_the_effects_of_every_term() -> None:
    merged = merge([term(1, 1, "a", effects=("E-2",)), term(1, 1, "a", effects=("E-1", "E-2"))])
    assert merged == (term(2, 2, "a", effects=("E-1", "E-2")),)


TERMS = st.lists(
    st.builds(
        lambda low, more, sizes: CostTerm(
            low=low, high=None if more is None else low + more, sizes=tuple(sizes)
        ),
        st.integers(0, 9),
        st.none() | st.integers(0, 5),
        st.lists(st.sampled_from(["a", "b", "?", "depth?"]), max_size=4),
    ),
    max_size=6,
)


@given(TERMS)
def test_merging_twice_changes_nothing(terms: list[CostTerm]) -> None:
    assert merge(merge(terms)) == merge(terms)


@given(TERMS)
def test_no_cost_is_lost_by_merging(terms: list[CostTerm]) -> None:
    assert sum(one.low for one in merge(terms)) == sum(one.low for one in terms if one.high != 0)
    assert kind_cost(terms).text == " + ".join(map(term_text, merge(terms))) or not merge(terms)


@given(TERMS, st.integers(10, 80))
def test_a_brief_text_tells_what_it_leaves_out(terms: list[CostTerm], room: int) -> None:
    cost = kind_cost(terms, complete=False)
    brief = brief_text(cost, room)
    shown = brief.removeprefix("≥ ").split(" + ")
    left = int(shown.pop().split()[0]) if "more term" in shown[-1] else 0
    assert brief == cost.text or len(shown) + left == len(cost.terms)
    assert set(shown) <= {term_text(term) for term in cost.terms} | {"0"}


def test_a_brief_text_keeps_what_grows_fastest() -> None:
    terms = [CostTerm(low=n, high=n, sizes=("spaces",) * n) for n in range(1, 6)]
    assert brief_text(kind_cost(terms), 24) == "5·spaces⁵ + 4·spaces⁴ + 3 more terms"
    assert brief_text(kind_cost(terms[:2]), 5) == "2·spaces² + 1 more term"
    assert brief_text(kind_cost(terms[:2])) == "spaces + 2·spaces²"
