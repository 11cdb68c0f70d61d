import random

from auditor.measure.contract.matching import exact_pairs, identity_pairs, likely_pairs
from auditor.measure.contract.tree import Tree


def rows(seed: int, n: int) -> list[Tree]:
    dice = random.Random(seed)
    made: list[Tree] = [
        {"a": f"{dice.getrandbits(64):x}", "order": n // 3, "line": n % 3, "at": dice.random() > 2}
        for n in range(n)
    ]
    dice.shuffle(made)
    return made


def test_rows_are_told_by_what_does_not_vary() -> None:
    for n in (6, 40, 600):
        one, other = rows(1, n), rows(2, n)
        pairs = likely_pairs(one, other)
        assert sorted(a for a, _ in pairs) == sorted(b for _, b in pairs) == list(range(n))
        for a, b in pairs:
            mine, theirs = one[a], other[b]
            assert isinstance(mine, dict)
            assert isinstance(theirs, dict)
            assert (mine["order"], mine["line"]) == (theirs["order"], theirs["line"])


def test_a_row_that_changed_as_well_is_paired_with_the_likest() -> None:
    one: list[Tree] = [{"k": "r1", "n": 1, "m": 1}, {"k": "r2", "n": 2, "m": 2}]
    other: list[Tree] = [{"k": "r3", "n": 2, "m": 9}, {"k": "r4", "n": 1, "m": 1}]
    assert sorted(likely_pairs(one, other)) == [(0, 1), (1, 0)]


def test_a_name_pairs_only_where_it_names_each_item_once() -> None:
    assert identity_pairs([{"id": 1}, {"id": 2}], [{"id": 2}, {"id": 1}]) == [(0, 1), (1, 0)]
    assert identity_pairs([{"id": 1}, {"id": 1}], [{"id": 1}, {"id": 1}]) is None
    assert identity_pairs([{"id": 1}], [{"id": 3}]) is None
    assert identity_pairs([{"id": True}], [{"id": True}]) is None
    assert identity_pairs([{"id": 1, "slug": "a"}], [{"id": 3, "slug": "a"}]) == [(0, 0)]


def test_what_is_left_over_is_told() -> None:
    assert exact_pairs(["a", "b", "a"], ["a", "c"]) == ([(0, 0)], [1, 2], [1])
