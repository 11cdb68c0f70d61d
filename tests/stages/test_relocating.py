"""Lines that were copied without their blanks are found, and only where there is no doubt."""

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.stages.checking.relocating import relocated

TEXT = """def orders():
    found = []
    for row in rows:
        found.append(row)

        row.close()
    return found


def others():
    return found
"""
LOOP = "    for row in rows:\n        found.append(row)\n\n        row.close()\n"


@pytest.mark.parametrize(
    "search",
    [
        "return found\n",  # twice
        "for row in rows:\n    found.extend(row)\n",  # other words
        "    for row in rows:\n    found.append(row)\n",  # another nesting
        "for row in rows:\n        found.append(row)\n",  # only the first line has moved
        "FOR row in rows:\n",
        "\n",
        "",
        "\nfor row in rows:\n",  # which blank line is meant?
    ],
)
def test_what_leaves_a_doubt_stays_where_it_is(search: str) -> None:
    assert relocated(TEXT, search, "x") is None


@pytest.mark.parametrize(
    "search", [textwrap.dedent(LOOP), LOOP.replace("\n", "  \n"), LOOP.replace("\n\n", "\n    \n")]
)
def test_a_stretch_without_its_blanks_is_found(search: str) -> None:
    found = relocated(TEXT, search, "for row in rows:\n    take(row)\n")
    assert found is not None
    lost = "    " if search.startswith("for") else ""
    assert found == (LOOP, f"{lost}for row in rows:\n{lost}    take(row)\n")


LINES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30)), min_size=1, max_size=12)


@given(LINES, st.data())
def test_what_is_found_is_the_text_itself(lines: list[tuple[int, int]], data: st.DataObject) -> None:
    text = "\n".join("    " * depth + f"line_{number}" for depth, number in lines)
    first = data.draw(st.integers(0, len(lines) - 1))
    last = data.draw(st.integers(first, len(lines) - 1))
    stretch = "\n".join(text.split("\n")[first : last + 1])
    found = relocated(text, textwrap.dedent(stretch), textwrap.dedent(stretch))
    assert found is None or (found == (stretch, stretch) and text.count(stretch) >= 1)
    if len({number for _, number in lines}) == len(lines):
        assert found is not None
