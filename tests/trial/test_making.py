import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.trial.making import patch_between
from auditor.trial.patching import Applied, apply_patch

LINES = st.lists(st.sampled_from(["a\n", "b\n", "\n", "  a\n", "c"]), min_size=1, max_size=12).map("".join)


@settings(max_examples=300)
@given(before=LINES, after=LINES, newline=st.sampled_from(["\n", "\r\n"]))
def test_the_patch_leads_where_it_should(before: str, after: str, newline: str) -> None:
    newline = newline if "\n" in before else "\n"
    raw = before.replace("\n", newline).encode()
    if before == after:
        with pytest.raises(ValueError, match="do not differ"):
            patch_between({"f.py": raw}, {"f.py": after})
        return
    patch = patch_between({"f.py": raw}, {"f.py": after})
    assert apply_patch(patch, {"f.py": raw}.get) == Applied({"f.py": after.replace("\n", newline).encode()})


def test_a_small_change_of_a_large_file_is_a_small_patch() -> None:
    old = "".join(f"line {number}\n" for number in range(500))
    patch = patch_between(
        {"f.py": old.encode()}, {"f.py": old.replace("line 250\n", "line 250b\n"), "n.py": "x\n"}
    )
    assert [type(edit).__name__ for edit in patch.edits] == ["Replace", "Create"]
    assert patch.edits[0].search == "line 250\n"  # type: ignore[union-attr]


def test_an_empty_file_can_be_filled() -> None:
    patch = patch_between({"f.py": b""}, {"f.py": "x = 1\n"})
    assert apply_patch(patch, {"f.py": b""}.get) == Applied({"f.py": b"x = 1\n"})
