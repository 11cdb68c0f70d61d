import pytest

from auditor.trial.constraints import Edited
from auditor.trial.repeating import normal_form

CODE = "import a\nimport b\n\ndef f(rows):\n    total = 0\n    for row in rows:\n        total += row.x\n    return total\n\ndef g(): pass\n"


def form(text: str, path: str = "m.py") -> str:
    return normal_form([Edited(path, b"", text.encode())])


@pytest.mark.parametrize(
    "same",
    [
        CODE.replace("total", "result").replace("row.x", "row . x  # each"),
        CODE.replace("for row in", "for item in").replace("row.x", "item.x"),
        CODE.replace("import a\nimport b", "import b\n\n\nimport a"),
        CODE.replace("def g(): pass\n", "").replace("def f", "def g():\n    pass\n\n\ndef f"),
        CODE.replace("    total = 0\n", '    """Adds."""\n    total = 0\n'),
    ],
)
def test_other_words_are_the_same_patch(same: str) -> None:
    assert form(same) == form(CODE)


@pytest.mark.parametrize(
    "other",
    [
        CODE.replace("rows", "items"),
        CODE.replace("row.x", "row.y"),
        CODE.replace("total += ", "total -= "),
        CODE.replace("    return total", "    return row"),
        CODE.replace("import a", "import c"),
        CODE.replace("    total = 0\n", "    global total\n    total = 0\n"),
    ],
)
def test_another_meaning_is_another_patch(other: str) -> None:
    assert form(other) != form(CODE)


def test_files_without_python_are_compared_by_their_lines() -> None:
    assert form("a\n\n  b\n", "q.sql") == form("a\nb\n", "q.sql") != form("b\na\n", "q.sql")


def test_an_endless_expression_is_compared_all_the_same() -> None:
    long = "x = " + " + ".join(["1"] * 3000)
    assert form(long + "\n") == form(long + "\n\n") != form(long + " + 1\n")
