"""Values whose types pydantic's compiled writer can write look as if written field by field."""

from hypothesis import given
from hypothesis import strategies as st

from auditor.model.canonical import canonical_json, tidy_json
from auditor.model.report import CostTerm, Effect, EndpointCoverage, Frame, KindCost, UnresolvedCall
from auditor.model.value import Value

TEXT = st.text(st.characters(exclude_categories=()), max_size=8)
"""Half characters, control characters and direction marks included."""
LINES = st.integers(min_value=1)


class Nested(Value):
    """A plain value below one that is not."""

    share: float
    inner: tuple[KindCost, ...]


@given(TEXT, st.lists(st.tuples(TEXT, LINES), max_size=3))
def test_any_text_is_written_the_same_way(text: str, calls: list[tuple[str, int]]) -> None:
    listed = tuple(UnresolvedCall(call=call, file=text, line=line) for call, line in calls)
    value = EndpointCoverage(calls=3, unresolved=listed)
    assert canonical_json(value) == tidy_json(value.model_dump(mode="python"))


@given(st.lists(TEXT, max_size=2), st.none() | st.integers(min_value=0))
def test_any_depth_is_indented_the_same_way(names: list[str], high: int | None) -> None:
    term = CostTerm(high=high, sizes=tuple(names))
    value = Nested(share=0.5, inner=(KindCost(text="1", terms=(term, term)),))
    assert canonical_json(value) == tidy_json(value.model_dump(mode="python"))


def test_what_may_hold_a_measured_number_is_written_field_by_field() -> None:
    frame = Frame(function="f", file="a.py", line=1)
    value = Effect.model_validate(
        {"id": "E-1", "kind": "sql", "file": "a.py", "line": 2, "chain": (frame,)}
        | {"observed": {"value": 2.0, "kind": "measured", "n": 3, "low": 1.5, "high": 2.0, "basis": "x"}}
    )
    assert '"value": 2,' in canonical_json(value)
    assert '"low": 1.5,' in canonical_json(value)
