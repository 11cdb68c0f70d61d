"""`SKILL.md` as text: what is refused, what is read, and that writing is the inverse of reading."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.fault import Fault
from auditor.model.playbook import Playbook
from auditor.stages.playbook.skill import SECTIONS, read_skill, write_skill

BODY = "# Title\n\n" + "".join(f"## {one}\n\n- text\n\n" for one in SECTIONS)
GOOD = f'---\nname: one\ndescription: What and when.\nmetadata:\n  auditor-rules: "a b"\n---\n\n{BODY}'


def read(text: str) -> Playbook:
    return read_skill(text, folder="one", where="one/SKILL.md")


WRONG = {
    "no front matter": (BODY, "no front matter"),
    "another name than the folder's": (GOOD.replace("name: one", "name: two"), "folder"),
    "no description": (GOOD.replace("description: What and when.\n", ""), "description"),
    "a long description": (GOOD.replace("What and when.", "x" * 1025), "description"),
    "keys the standard does not know": (GOOD.replace("metadata:", "color: red\nmetadata:"), "color"),
    "metadata that is no text": (GOOD.replace('"a b"', "[a, b]"), "metadata"),
    "a heading too few": (GOOD.replace("## Recipe", "## Recipes"), "Recipe"),
    "a phase that is no number": (GOOD.replace('"a b"', '"a b"\n  auditor-phase: "two"'), "auditor-phase"),
    "a phase there is none of": (GOOD.replace('"a b"', '"a b"\n  auditor-phase: "9"'), "phase"),
    "YAML that is none": (GOOD.replace("name: one", "name: [one"), "YAML"),
    "an object of Python": (GOOD.replace("What and when.", "!!python/object/apply:os.getcwd []"), "YAML"),
    "a very long one": (GOOD + "x" * 70_000, "KiB"),
}


@pytest.mark.parametrize(("text", "said"), WRONG.values(), ids=WRONG)
def test_what_is_not_in_form_is_refused(text: str, said: str) -> None:
    with pytest.raises(Fault) as fault:
        read(text)
    assert said in str(fault.value)
    assert fault.value.where == "one/SKILL.md"


def test_reading() -> None:
    found = read(GOOD)
    assert found.rules == ("a", "b")
    assert found.title == "Title"
    assert found.phase == 0


PROSE = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=60)


@given(
    description=PROSE,
    rules=st.lists(st.from_regex(r"[a-z]+(-[a-z]+)?", fullmatch=True), max_size=4),
    phase=st.integers(0, 7),
    run=st.from_regex(r"[0-9a-zA-Z-]{0,20}", fullmatch=True),
)
def test_what_is_written_is_read_again(description: str, rules: list[str], phase: int, run: str) -> None:
    playbook = Playbook(
        name="one", description=description, rules=tuple(rules), phase=phase, body=BODY, learnt_from=run
    )
    again = read(write_skill(playbook))
    assert again == playbook.model_copy(update={"body": again.body})
    assert again.body.strip() == BODY.strip()
