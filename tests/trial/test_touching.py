"""Which requests a change concerns, by the lines that they ran on the baseline."""

from dataclasses import replace

import pytest

from auditor.measure.request import Request
from auditor.trial.constraints.edited import Edited
from auditor.trial.reach import Lines, Reached
from auditor.trial.touching import affected, could_run

APP = """import json

LIMIT = 10


def listed():
    return [1, 2]


class Card:
    size = 1

    def title(self):
        return "a"


def shown():
    return json.dumps(listed())
"""
FRAMES = {"list": {7}, "card": {14}, "page": {18, 7}, "other": {1}}
REACH = {
    id_: Reached(
        request=Request(id=id_, path=f"/{id_}"),
        status=200,
        frames={"app.py": frozenset(lines)},
        lines={},
        outer=frozenset({("app.py", id_)}),
        ms=1.0,
        acts=False,
    )
    for id_, lines in FRAMES.items()
}
EVERY = frozenset(REACH)


def concerned(*changes: tuple[str, str], path: str = "app.py") -> frozenset[str]:
    before = APP
    after = APP
    for old, new in changes:
        assert after.count(old) == 1, old
        after = after.replace(old, new)
    file = Edited(path, before.encode(), after.encode())
    return affected([file], REACH, lambda _: APP.encode())


def test_a_changed_function_concerns_those_who_ran_it() -> None:
    assert concerned(("[1, 2]", "[2, 1]")) == {"list", "page"}
    assert concerned(('return "a"', 'text = "a"\n        return text')) == {"card"}


def test_a_new_import_and_a_new_function_beside_it_concern_nobody_else() -> None:
    change = ("import json\n", "import json\nimport math\n"), ("[1, 2]", "made()")
    more = ("def shown():", "def made():\n    return [math.pi]\n\n\ndef shown():")
    assert concerned(*change, more) == {"list", "page"}


@pytest.mark.parametrize(
    "change",
    [
        ("LIMIT = 10", "LIMIT = 11"),
        ("size = 1", "size = 2"),
        ("def listed", "@cached\ndef listed"),
        ("import json\n", "import json\nprint(1)\n"),
        ("import json\n", "import json\nimport math\n"),
        ("def shown():", "def made():\n    return 1\n\n\ndef shown():"),
        ("LIMIT = 10\n", "LIMIT = 10  # ten\n"),
    ],
)
def test_what_stands_outside_functions_may_concern_everybody(change: tuple[str, str]) -> None:
    assert concerned(change) == EVERY
    assert concerned(change, ("[1, 2]", "[2, 1]")) >= {"list", "page"}


def test_a_file_that_is_new_or_no_python_concerns_everybody() -> None:
    assert affected([Edited("new.py", None, b"x = 1\n")], REACH, lambda _: None) == EVERY
    assert affected([Edited("page.html", b"<p>", b"<b>")], REACH, lambda _: b"<p>") == EVERY


def test_a_function_is_found_again_in_the_baseline_though_it_has_moved_since() -> None:
    moved = APP.replace("LIMIT = 10\n", "LIMIT = 10\n\n\ndef first():\n    return 0\n")
    file = Edited("app.py", moved.encode(), moved.replace("[1, 2]", "[2, 1]").encode())
    assert affected([file], REACH, lambda _: APP.encode()) == {"list", "page"}


def test_a_function_without_effects_concerns_all_that_are_like_one_that_was_seen_to_run_it() -> None:
    handler = frozenset({("app.py", "shown")})
    seen = replace(REACH["page"], lines={"app.py": frozenset({14, 18})}, outer=handler)
    alike = replace(REACH["other"], request=Request(id="alike", path="/other"), outer=handler)
    reach = {"page": seen, "alike": alike, "list": REACH["list"]}
    file = Edited("app.py", APP.encode(), APP.replace('return "a"', 'return "b"').encode())
    assert affected([file], reach, lambda _: APP.encode()) == {"page", "alike"}


ENTERED: dict[str, Lines] = {
    "list": {"app.py": frozenset({6})},
    "card": {"app.py": frozenset({13})},
    "page": {"app.py": frozenset({6, 17})},
    "other": {"other.py": frozenset({6, 13, 17})},
}


def comes_to(*changes: tuple[str, str], baseline: str = APP) -> frozenset[str] | None:
    after = APP
    for old, new in changes:
        assert after.count(old) == 1, old
        after = after.replace(old, new)
    file = Edited("app.py", APP.encode(), after.encode())
    return could_run([file], ENTERED, lambda _: baseline.encode())


def test_nobody_comes_to_a_function_that_nobody_entered() -> None:
    changed = ("def shown", "def helper():\n    return 2\n\n\ndef shown")
    assert could_run([edited(("[1, 2]", "[2, 1]"))], {}, lambda _: APP.encode()) == frozenset()
    assert comes_to(changed) == frozenset()


def edited(*changes: tuple[str, str]) -> Edited:
    after = APP
    for old, new in changes:
        after = after.replace(old, new)
    return Edited("app.py", APP.encode(), after.encode())


def test_they_come_to_a_change_who_entered_its_function() -> None:
    assert comes_to(("[1, 2]", "[2, 1]")) == {"list", "page"}
    assert comes_to(("json.dumps(listed())", "json.dumps([])")) == {"page"}
    assert comes_to(("import json\n", "\n"), ("json.dumps(listed())", "'[1, 2]'")) == {"page"}


def test_a_new_function_is_met_by_way_of_the_changed_ones() -> None:
    helper = ("def shown", "def helper():\n    return [2, 1]\n\n\ndef shown")
    assert comes_to(("[1, 2]", "helper()"), helper) == {"list", "page"}
    assert comes_to(
        ("    return [1, 2]", "    def inner():\n        return [2, 1]\n\n    return inner()")
    ) == {
        "list",
        "page",
    }
    assert comes_to(("import json\n", "import json\nimport math\n"), ("[1, 2]", "[math.pi]")) == {
        "list",
        "page",
    }


@pytest.mark.parametrize(
    "change",
    [
        ("LIMIT = 10", "LIMIT = 11"),
        ("def shown", "@registered\ndef helper():\n    return 2\n\n\ndef shown"),
        ("def title", "def __str__(self):\n        return 'b'\n\n    def title"),
        ("def shown", "def __getattr__(name):\n    return 2\n\n\ndef shown"),
        ("def shown", "def json():\n    return 2\n\n\ndef shown"),
        ("import json\n", "import other as json\n"),
        ("import json\n", "import json\nfrom other import listed\n"),
        ("import json\n", "\n"),
    ],
    ids=[
        "a constant",
        "registered",
        "a method",
        "by no name",
        "an import's name",
        "rebound",
        "hidden",
        "gone",
    ],
)
def test_of_these_it_can_t_be_said(change: tuple[str, str]) -> None:
    assert comes_to(change, ("[1, 2]", "[2, 1]")) is None


def test_nor_of_a_file_that_was_changed_before() -> None:
    assert comes_to(("[1, 2]", "[2, 1]"), baseline=APP + "\n") is None
