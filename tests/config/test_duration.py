import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.config.duration import parse_duration_ms
from auditor.model.fault import Fault


@pytest.mark.parametrize(
    "text", ["", "ms", "0", "0.0001s", "-5ms", "5m", "1e3", "5 min", "٥ms", "nan", "inf s"]
)
def test_what_is_no_length_of_time(text: str) -> None:
    with pytest.raises(Fault, match="no length of time"):
        parse_duration_ms(text)


@pytest.mark.parametrize(
    ("text", "duration_ms"), [("500ms", 500), ("500", 500), ("0.5s", 500), (" 1.5 s ", 1500), ("2s", 2000)]
)
def test_lengths_of_time(text: str, duration_ms: int) -> None:
    assert parse_duration_ms(text) == duration_ms


@given(st.integers(min_value=1, max_value=10**8))
def test_milliseconds_come_back(duration_ms: int) -> None:
    assert parse_duration_ms(f"{duration_ms}ms") == parse_duration_ms(str(duration_ms)) == duration_ms


@given(st.text(max_size=12))
def test_anything_else_is_a_fault_and_nothing_worse(text: str) -> None:
    try:
        duration_ms = parse_duration_ms(text)
    except Fault as fault:
        assert repr(text) in fault.what
    else:
        assert duration_ms >= 1
