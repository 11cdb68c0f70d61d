"""Beginning and end are kept, lines come whole."""

from hypothesis import given
from hypothesis import strategies as st

from auditor.execution.output import Kept, Lines

CHUNKS = st.lists(st.binary(min_size=1, max_size=40), max_size=20)


@given(chunks=CHUNKS, limit=st.integers(0, 64))
def test_nothing_is_lost_uncounted(chunks: list[bytes], limit: int) -> None:
    kept, whole = Kept(limit), b"".join(chunks)
    for chunk in chunks:
        kept.add(chunk)
    if len(whole) <= limit:
        assert (kept.value(), kept.dropped_bytes) == (whole, 0)
    else:
        head, tail = limit // 2, limit - limit // 2
        gap = f"\n[{len(whole) - limit} bytes left out]\n".encode()
        assert kept.value() == whole[:head] + gap + (whole[-tail:] if tail else b"")
        assert kept.dropped_bytes == len(whole) - limit


@given(chunks=CHUNKS)
def test_lines_are_those_of_the_whole(chunks: list[bytes]) -> None:
    came: list[bytes] = []
    lines = Lines(came.append)
    for chunk in chunks:
        lines.add(chunk)
    lines.finish()
    expected = b"".join(chunks).split(b"\n")
    assert came == (expected if expected[-1] else expected[:-1])
