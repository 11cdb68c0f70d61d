"""The row with the most members."""

from auditor.measure.fullest import fullest

ROWS = {
    "nodes": [{"id": 1, "node_id": None}, {"id": 2, "node_id": 1}, {"id": 3, "node_id": 2}],
    "tags": [{"name": "a"}],
    "marks": [{"id": 1, "tag_id": 1}],
}


def named(word: str) -> str | None:
    return f"{word}s" if f"{word}s" in ROWS else None


def test_a_table_without_rows_or_key_has_none() -> None:
    assert fullest("gone", ROWS, named) is None
    assert fullest("tags", ROWS, named) is None
    assert fullest("marks", ROWS, named) is None


def test_a_table_that_refers_to_itself_is_counted_once() -> None:
    assert fullest("nodes", ROWS, named) == {"id": 1, "node_id": None}
