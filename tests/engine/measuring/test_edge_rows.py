"""Which rows are to blame where known-good does not answer beside them all."""

import pytest

from auditor.engine.measuring.edge_rows import but_few
from auditor.execution.databases.tables import NewRow
from auditor.measure.edges.rows import EdgeRow

ROWS = tuple(
    EdgeRow(edge="twin", row=NewRow(table="t", columns=("id",), like={"id": 0}, cells={"id": n}, key=("id",)))
    for n in range(1, 31)
)


@pytest.mark.parametrize("guilty", [{1}, {30}, {17}, {4, 23}, {9, 10}])
def test_one_or_two_of_thirty_are_found_and_the_others_stay(guilty: set[int]) -> None:
    left = but_few(ROWS, lambda rows: any(one.key in guilty for one in rows))
    assert {one.key for one in left} == {one.key for one in ROWS} - guilty


def test_the_questions_end() -> None:
    asked: list[int] = []

    def broken(rows: tuple[EdgeRow, ...]) -> bool:
        asked.append(len(rows))
        return True

    assert but_few(ROWS, broken)
    assert len(asked) <= 16
    assert but_few(ROWS[:1], bool) == ()
