from collections import Counter
from collections.abc import Iterator
from itertools import count, product
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.index.values import Size
from auditor.trace.cost import (
    MAX_DEGREE,
    MAX_TERMS,
    Costs,
    add,
    combine,
    dearest,
    is_exhaustive,
    multiply,
    sizes,
)


def loop(name: str | None, *, repeats: bool = True, batch: bool = False) -> SimpleNamespace:
    return SimpleNamespace(size=None if name is None else Size(name), repeats=repeats, batch=batch)


@pytest.mark.parametrize(
    ("loops", "expected"),
    [
        ([], ()),
        ([loop("rows", repeats=False)], ()),
        ([loop("rows", batch=True)], ()),
        ([loop("rows"), loop("cells")], ("rows", "cells")),
        ([loop(None), loop("rows")], ("?", "rows")),
        ([loop("ships")] * 9 + [loop("rows")], ("ships",) * (MAX_DEGREE - 1) + ("rows",)),
    ],
)
def test_sizes_are_those_of_loops_that_repeat_outermost_first_and_capped(
    loops: list[SimpleNamespace], expected: tuple[str, ...]
) -> None:
    assert sizes(loops) == expected  # type: ignore[arg-type]  # what `sizes` reads of a loop


def test_multiplying_merges_terms_that_the_cap_makes_equal() -> None:
    full = ("a",) * MAX_DEGREE
    assert multiply({full: (1, 1), full[1:]: (2, 3)}, ("a",)) == {full: (3, 4)}


def test_terms_past_the_limit_are_left_out_and_known_ones_still_grow() -> None:
    total: Costs = {"sql": {(str(n),): (1, 1) for n in range(MAX_TERMS)}}
    add(total, {"sql": {("0",): (1, 2), ("new",): (1, 1)}})
    assert len(total["sql"]) == MAX_TERMS
    assert total["sql"]["0",] == (2, 3)


@pytest.mark.parametrize(
    ("arms", "expected"),
    [
        ({0}, False),
        ({1}, False),
        ({0, 1}, True),
        ({2}, True),
        ({0, 2}, True),
        ({3, 4}, False),
        ({0, 1, 2}, False),
    ],
)
def test_which_arms_leave_nothing_out(arms: set[int], *, expected: bool) -> None:
    assert is_exhaustive(arms) is expected


def test_a_kind_that_only_one_arm_has_may_not_happen() -> None:
    found = dearest([{"sql": {(): (2, 2)}}, {"http": {(): (1, 1)}}], exhaustive=True)
    assert found == {"sql": {(): (0, 2)}, "http": {(): (0, 1)}}


Tree = list[Any]
"""Statements: ("call", loops) or ("if", then, orelse), where `orelse` None means that there is none."""

calls = st.tuples(st.just("call"), st.lists(st.sampled_from("ab"), max_size=2))
blocks: st.SearchStrategy[Tree] = st.deferred(
    lambda: st.lists(calls | st.tuples(st.just("if"), blocks.filter(bool), blocks.filter(bool)), max_size=3)
)


def parts(
    tree: Tree, branch: tuple[tuple[int, int], ...] = (), fresh: Iterator[int] | None = None
) -> list[tuple[tuple[tuple[int, int], ...], Costs]]:
    """A tree as the parts that `combine` takes."""
    fresh = fresh or count()
    found: list[tuple[tuple[tuple[int, int], ...], Costs]] = []
    for statement in tree:
        if statement[0] == "call":
            found.append((branch, {"sql": {tuple(sorted(statement[1])): (1, 1)}}))
        else:
            identity = next(fresh)
            found.extend(parts(statement[1], (*branch, (identity, 0)), fresh))
            found.extend(parts(statement[2], (*branch, (identity, 1)), fresh))
    return found


def runs(tree: Tree) -> list[Counter[tuple[str, ...]]]:
    """What each way through the tree does, by brute force."""
    ways = [Counter[tuple[str, ...]]()]
    for statement in tree:
        if statement[0] == "call":
            here = [Counter({tuple(sorted(statement[1])): 1})]
        else:
            here = [*runs(statement[1]), *runs(statement[2])]
        ways = [a + b for a, b in product(ways, here)]
    return ways


@given(blocks)
def test_the_range_of_each_term_is_what_all_ways_through_span(tree: Tree) -> None:
    ways = runs(tree)
    found = combine(parts(tree), 0).get("sql", {})
    terms = {t for way in ways for t in way}
    assert {t: r for t, r in found.items() if r != (0, 0)} == {
        t: (min(way[t] for way in ways), max(way[t] for way in ways)) for t in terms
    }


@given(
    st.dictionaries(
        st.lists(st.sampled_from("ab"), max_size=2).map(lambda x: tuple(sorted(x))), st.integers(1, 5)
    ),
    st.lists(st.sampled_from("ab"), max_size=2),
    st.integers(0, 4),
    st.integers(0, 4),
)
def test_multiplying_is_turning_that_often(
    terms: dict[tuple[str, ...], int], factors: list[str], a: int, b: int
) -> None:
    def value(polynomial: dict[tuple[str, ...], tuple[int, int]]) -> int:
        return sum(n * a ** t.count("a") * b ** t.count("b") for t, (n, _) in polynomial.items())

    polynomial = {t: (n, n) for t, n in terms.items()}
    turns = a ** factors.count("a") * b ** factors.count("b")
    assert value(multiply(polynomial, tuple(sorted(factors)))) == turns * value(polynomial)
