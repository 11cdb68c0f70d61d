"""A patch that was written for the baseline, on what other changes of the run have made of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.trial.making import patch_between
from auditor.trial.merging import merged
from auditor.trial.patching import Applied, Refused, apply_patch

OLD = "import a\n\n\ndef f():\n    x = 1\n    return x\n\n\ndef g():\n    x = 2\n    return x\n"


def tried(theirs: str, ours: str, old: str = OLD) -> str | None:
    """The file with both; None where it is refused."""
    base, now = {"m.py": old.encode()}, {"m.py": ours.encode()}
    patch = merged(patch_between({**base}, {"m.py": theirs}), base.get, now.get)
    applied = apply_patch(patch, now.get)
    return applied.files["m.py"].decode() if isinstance(applied, Applied) else None


def test_lines_beside_it_may_have_changed() -> None:
    theirs, ours = (
        OLD.replace("    return x\n\n\ndef g", "    return -x\n\n\ndef g"),
        OLD.replace("x = 1", "x = 10"),
    )
    assert tried(theirs, ours) == theirs.replace("x = 1", "x = 10")


def test_a_text_may_stand_there_twice_now() -> None:
    theirs, ours = OLD.replace("x = 1", "x = 7"), OLD + "\n\ndef h():\n    x = 1\n    return x\n"
    assert tried(theirs, ours) == ours.replace("x = 1", "x = 7", 1)


def test_both_may_import_something_at_the_same_place_and_the_same_change_is_made_once() -> None:
    theirs, ours = (OLD.replace("import a\n", f"import a\nimport {name}\n") for name in "bc")
    assert tried(theirs, ours) == OLD.replace("import a\n", "import a\nimport c\nimport b\n")
    both = theirs.replace("x = 2", "x = 3")
    assert tried(both, theirs.replace("x = 1", "x = 9")) == both.replace("x = 1", "x = 9")


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (OLD.replace("x = 1", "x = 7"), OLD.replace("x = 1", "x = 8")),
        (OLD.replace("    x = 1\n", ""), OLD.replace("x = 1", "x = 8")),
        (
            OLD.replace("    x = 1\n", "    x = 1\n    y()\n"),
            OLD.replace("    x = 1\n", "    x = 1\n    z()\n"),
        ),
        (
            OLD.replace("    x = 1\n    return x\n", "    pass\n"),
            OLD.replace("x = 1\n    return", "x = 1\n    y()\n    return"),
        ),
    ],
    ids=["the same line", "a line that is gone", "at the same place", "within what goes"],
)
def test_what_clashes_is_refused(theirs: str, ours: str) -> None:
    assert tried(theirs, ours) is None


def test_what_stands_there_already_changes_nothing() -> None:
    theirs = OLD.replace("x = 1", "x = 7")
    assert tried(theirs, theirs) is None


def test_a_file_that_was_made_meanwhile_is_not_made_again() -> None:
    base, now = {"n.py": None}, {"n.py": b"a = 1\n"}
    patch = merged(patch_between(base, {"n.py": "b = 2\n"}), base.get, now.get)
    assert isinstance(apply_patch(patch, now.get), Refused)


TEXTS = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "x = 1\n"]), min_size=1, max_size=8).map("".join)


@given(old=TEXTS, theirs=TEXTS, ours=TEXTS)
def test_without_other_changes_it_is_the_patch_and_without_a_clash_no_line_is_lost(
    old: str, theirs: str, ours: str
) -> None:
    if old == theirs:
        return
    assert tried(theirs, old, old) == theirs
    made = tried(theirs, ours, old)
    if made is not None:
        added = {line for line in theirs.splitlines() if line not in old.splitlines()}
        assert added <= set(made.splitlines())
