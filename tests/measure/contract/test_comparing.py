import copy
import json

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from auditor.measure.contract.comparing import differences
from auditor.measure.contract.noise import learn, words
from auditor.measure.contract.tree import Bag, Lines, Tree, canonical, kind_of, parse_tree, tree_of

VALUES = (
    st.booleans()
    | st.integers(-3, 3)
    | st.floats(-2, 2, allow_nan=False)
    | st.sampled_from(["", "0", "1", "null", "a", "é", "2026-11-22", "2026-11-22 10:00"])
)


def trees(leaves: st.SearchStrategy[object]) -> st.SearchStrategy[Tree]:
    grown = st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["a", "b", "c", "*", "a.b"]), inner, max_size=4)
        ),
        max_leaves=12,
    )
    return grown.map(tree_of)  # type: ignore[arg-type]


TREES = trees(VALUES | st.none())
WITHOUT_NULL = trees(VALUES)


def places(tree: Tree, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [at]
    if isinstance(tree, dict):
        found += [place for key, value in tree.items() for place in places(value, (*at, key))]
    elif isinstance(tree, list):
        found += [place for index, value in enumerate(tree) for place in places(value, (*at, index))]
    return found


def replaced(tree: Tree, at: tuple[str | int, ...], value: Tree) -> Tree:
    if not at:
        return value
    made = copy.copy(tree)
    assert isinstance(made, (list, dict))
    made[at[0]] = replaced(made[at[0]], at[1:], value)  # type: ignore[index, call-overload]
    return made


@given(TREES)
def test_a_tree_is_as_itself(tree: Tree) -> None:
    assert differences(tree, copy.deepcopy(tree)) == []


@given(TREES, TREES, st.data())
def test_any_one_change_is_reported(tree: Tree, value: Tree, data: st.DataObject) -> None:
    at = data.draw(st.sampled_from(places(tree)))
    changed = replaced(tree, at, value)
    assume(canonical(changed) != canonical(tree))
    assert differences(tree, changed)
    assert differences(changed, tree)


@given(TREES, st.data())
def test_a_field_or_item_that_is_gone_is_reported(tree: Tree, data: st.DataObject) -> None:
    inner = [place for place in places(tree) if place]
    assume(inner)
    at = data.draw(st.sampled_from(inner))
    holder = tree
    for step in at[:-1]:
        holder = holder[step]  # type: ignore[index, call-overload]
    smaller = copy.copy(holder)
    del smaller[at[-1]]  # type: ignore[union-attr, arg-type]
    changed = replaced(tree, at[:-1], smaller)
    assert differences(tree, changed)
    assert differences(changed, tree)


# Nulls in lists of unlike items can be paired in another way than they were learnt; whoever judges by a contract
# leaves out what its own runs differ in (`trial.gates.contract`).
@given(WITHOUT_NULL, WITHOUT_NULL)
@example([[], [False, False, None], False, [None]], [[], [False, [], []], False, []])
@example([{"a": False}, {"a": False}], [{}, {"b": False}])
def test_what_two_runs_differ_in_is_noise_between_them(one: Tree, other: Tree) -> None:
    blurs = learn([one, other]).by_place()
    assert differences(one, other, blurs) == []
    assert differences(one, one, blurs) == []


@given(WITHOUT_NULL, WITHOUT_NULL, WITHOUT_NULL, st.data())
def test_no_mask_hides_that_something_became_null(
    one: Tree, other: Tree, more: Tree, data: st.DataObject
) -> None:
    first, second = {"x": one, "y": more}, {"x": other, "y": more}
    blurs = learn([first, second]).by_place()
    at = data.draw(st.sampled_from([place for place in places(first) if place]))
    assert differences(first, replaced(first, at, None), blurs)


@given(st.lists(TREES, max_size=5), st.randoms())
def test_a_bag_has_no_order_and_loses_nothing(items: list[Tree], dice: object) -> None:
    shuffled = list(items)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert differences(Bag(items), Bag(shuffled)) == []
    if items:
        assert differences(Bag(items), Bag(shuffled[1:]))
        assert differences(Bag(items), Bag([*shuffled, shuffled[0]]))


@given(st.text())
def test_words_make_up_the_line(line: str) -> None:
    assert "".join(words(line)) == line


@pytest.mark.parametrize(
    ("one", "other"),
    [("1", "1.0"), ("1", "true"), ("0", "false"), ("0", '""'), ("null", "0"), ("[]", "{}"), ("0.0", "-0.0"),
     ("0.1", "0.10000000000000001"), ("1e2", "100"), ("NaN", "null"), ('{"a":1}', '{"a":1,"a":1}'),
     ("1" * 4001, "1" * 4002), ("9007199254740992", "9007199254740993"), ("1e99999999999999999999", "1")],
)  # fmt: skip
def test_these_differ(one: str, other: str) -> None:
    assert differences(parse_tree(one), parse_tree(other))


@pytest.mark.parametrize(
    ("one", "other"), [("1.10", "1.1"), ("1e2", "100.0"), ('{"a":1,"b":2}', '{"b":2,"a":1}')]
)
def test_these_are_the_same(one: str, other: str) -> None:
    assert differences(parse_tree(one), parse_tree(other)) == []


def test_a_deep_body_is_refused_as_json() -> None:
    parse_tree("[" * 99 + "]" * 99)
    for levels in (101, 50_000):
        with pytest.raises(ValueError, match="nested too deeply"):
            parse_tree("[" * levels + "]" * levels)


def test_noise_in_one_item_is_noise_in_all_and_nowhere_else() -> None:
    def tree(*values: object) -> Tree:
        return parse_tree(json.dumps({"items": [{"at": value, "n": n} for n, value in enumerate(values)]}))

    blurs = learn([tree("x", "b", None), tree("y", "b", None)]).by_place()
    assert list(blurs) == ["$.items[*].at"]
    assert differences(tree("x", "b", None), tree("q", "r", None), blurs) == []
    assert [f.place.exact for f in differences(tree("x", "b", None), tree("x", None, "s"), blurs)] == [
        "$.items[1].at",
        "$.items[2].at",
    ]


def test_lists_whose_length_varies_keep_their_shape() -> None:
    one, other = parse_tree('{"hits": [{"id": 1}]}'), parse_tree('{"hits": [{"id": 1}, {"id": 2}]}')
    blurs = learn([one, other]).by_place()
    assert differences(one, parse_tree('{"hits": [{"id": 5}, {"id": 6}, {"id": 7}]}'), blurs) == []
    for bad in ('{"hits": [{"id": "5"}]}', '{"hits": [{}]}', '{"hits": []}', '{"hits": null}', "{}"):
        assert differences(one, parse_tree(bad), blurs), bad


def test_a_list_without_order_is_compared_item_by_item() -> None:
    one = parse_tree('[{"id": 1, "t": "a"}, {"id": 2, "t": "b"}, {"id": 3, "t": "c"}]')
    other = parse_tree('[{"id": 3, "t": "c"}, {"id": 1, "t": "a"}, {"id": 2, "t": "b"}]')
    assert [f.what for f in differences(one, other)] == ["order"]
    blurs = learn([one, other]).by_place()
    assert differences(one, other, blurs) == []
    changed = parse_tree('[{"id": 2, "t": "x"}, {"id": 1, "t": "a"}, {"id": 3, "t": "c"}]')
    assert [(f.place.text, f.before, f.after) for f in differences(one, changed, blurs)] == [
        ("$[*].t", '"b"', '"x"')
    ]


def test_a_line_of_text_varies_in_a_word_only() -> None:
    one, other = Lines(["a", "it is 10:01 now"]), Lines(["a", "it is 10:02 now"])
    blurs = learn([one, other]).by_place()
    assert differences(one, Lines(["a", "it is 23:59 now"]), blurs) == []
    assert differences(one, Lines(["a", "it was 23:59 now"]), blurs)
    assert differences(one, Lines(["a", ""]), blurs)
    assert differences(one, Lines(["a"]), blurs)


@given(TREES)
def test_kinds_tell_what_is_empty(tree: Tree) -> None:
    empty = tree in ([], {}, "")
    assert kind_of(tree).startswith("empty") == empty
