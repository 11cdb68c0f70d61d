"""Values that a target wrote: read as `marshal` would, and never trusted."""

import contextlib
import marshal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.execution.marshalled import read_marshalled
from auditor.execution.spooled import framed, whole_entries

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters())
    | st.text("ab", max_size=300)
    | st.binary(max_size=20)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=300)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | st.integers(), inner)
    ),
    max_leaves=20,
)


@given(VALUES, st.sampled_from([0, 1, 2, 3, 4]))
def test_what_marshal_wrote_is_read(value: object, version: int) -> None:
    shared = [value, (value, value), {"a": value}]
    assert read_marshalled(marshal.dumps(shared, version)) == shared


@given(st.binary(max_size=100) | VALUES.flatmap(lambda value: st.binary().map(marshal.dumps(value).__add__)))
def test_anything_else_is_a_value_error_at_most(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        read_marshalled(data)


@pytest.mark.parametrize("value", [compile("1", "f", "eval"), 1j, StopIteration, ...])
def test_what_is_no_plain_value_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="another type"):
        read_marshalled(marshal.dumps(value))


def test_what_would_be_large_once_written_out_is_refused() -> None:
    value: object = ["x"] * 10
    for _ in range(12):
        value = [value] * 10
    with pytest.raises(ValueError, match="too large"):
        read_marshalled(marshal.dumps(value))
    itself: list[object] = []
    itself.append(itself)
    with pytest.raises(ValueError, match="itself"):
        read_marshalled(marshal.dumps(itself))


def test_deep_values_are_refused() -> None:
    value: object = None
    for _ in range(150):
        value = [value]
    with pytest.raises(ValueError, match="deeply"):
        read_marshalled(marshal.dumps(value))


@given(st.lists(st.binary(max_size=20), max_size=5), st.binary(max_size=3))
def test_entries_are_found_as_far_as_they_are_whole(entries: list[bytes], rest: bytes) -> None:
    data = b"".join(map(framed, entries))
    assert whole_entries(data + rest) == (entries, len(data))
