"""Prompt files: strict front matter and variables, locked by hash, long enough to be cached, in our own words."""

import importlib
import pkgutil
from pathlib import Path

import pytest

from auditor.bundle import bundled
from auditor.llm.exchange import Data, Instruction
from auditor.model.fault import Fault
from auditor.stages import answers
from auditor.stages.prompting.library import COMMON, LOCK, lock_text, prompts, prompts_in, unlocked
from auditor.stages.prompting.prompt import parse_prompt
from auditor.stages.prompting.shown import Shown
from auditor.stages.prompting.tokens import at_least, at_most

FRONT = "---\nid: ask\nversion: 1\npurpose: to ask\ninputs: [code, goal]\noutput: Analysis\n---\n"
BODY = "Look.\n===\nCode:\n\n{{code}}\n\nGoal:\n\n{{goal}}\n"


def test_the_lock_says_which_prompts_there_are() -> None:
    lock = (bundled("prompts") / LOCK).read_text()
    assert unlocked(prompts(), lock) == [], (
        "raise the version of what has changed; python -m auditor.stages.prompting.library"
    )
    assert lock == lock_text(prompts().values())


def test_a_text_that_changes_without_its_version_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "ask.md").write_text(FRONT + BODY)
    before = prompts_in(tmp_path)
    lock = lock_text(before.values())
    assert unlocked(before, lock) == []
    (tmp_path / "ask.md").write_text(FRONT + BODY.replace("Look.", "Look!"))
    assert unlocked(prompts_in(tmp_path), lock) == ["ask has changed and its version has not"]
    (tmp_path / "ask.md").write_text(FRONT.replace("version: 1", "version: 2") + BODY)
    assert unlocked(prompts_in(tmp_path), lock) == ["ask has version 2 and is locked with 1"]
    assert unlocked({}, lock) == ["ask is locked and is not there"]
    assert unlocked(before, "") == ["ask is not locked"]


def test_the_common_part_can_be_cached_by_every_service_and_holds_nothing_of_a_target() -> None:
    common = prompts()[COMMON]
    assert at_least(common.static) >= 4096
    assert common.last == ""
    assert common.blocks({}) == (Instruction(text=common.static),)


def test_every_prompt_answers_with_a_model_that_there_is() -> None:
    known = {
        name
        for info in pkgutil.iter_modules(answers.__path__)
        for name in vars(importlib.import_module(f"{answers.__name__}.{info.name}"))
    }
    named = {prompt.spec.output for prompt in prompts().values()} - {None}
    assert named <= known
    assert len(named) >= 7


def test_inputs_become_blocks_of_data_and_the_rest_instructions() -> None:
    prompt = parse_prompt((FRONT + BODY).encode(), where="ask.md")
    made = prompt.blocks({"code": Shown(kind="code", text="x"), "goal": Shown(kind="goal", text="{{code}}")})
    assert [type(block) for block in made] == [Instruction, Data, Instruction, Data]
    assert made[0].text == "Look.\nCode:\n\n"
    assert made[3].text == "| {{code}}\n", "what is put in is not looked at again"


def test_a_missing_and_an_extra_input_are_errors() -> None:
    prompt = parse_prompt((FRONT + BODY).encode(), where="ask.md")
    shown = Shown(kind="x", text="x")
    with pytest.raises(ValueError, match=r"missing inputs \['goal'\]"):
        prompt.blocks({"code": shown})
    with pytest.raises(ValueError, match=r"does not have \['more'\]"):
        prompt.blocks({"code": shown, "goal": shown, "more": shown})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FRONT + "Look.\n===\n{{code}}\n", "uses ['code']"),
        (FRONT + BODY + "{{more}}", "uses ['code', 'goal', 'more']"),
        (FRONT + BODY + "{{code}}", "uses ['code', 'code', 'goal']"),
        (FRONT + "Look at {{code}}.\n===\n{{code}} {{goal}}", "variable in its static part"),
        (FRONT.replace("purpose", "porpoise") + BODY, "purpose"),
        (FRONT.replace("version: 1", "version: 0") + BODY, "version"),
        (FRONT.replace("id: ask", "id: [") + BODY, "no YAML"),
        ("---\nid: ask\n" + BODY, "does not end"),
        (BODY, "does not begin with a front matter"),
        ((FRONT + BODY).replace("\n", "\r\n"), "does not begin"),
    ],
)
def test_a_prompt_that_is_not_in_form_is_a_fault(text: str, said: str) -> None:
    with pytest.raises(Fault) as fault:
        parse_prompt(text.encode(), where="ask.md")
    assert said in str(fault.value)
    assert str(fault.value).startswith("ask.md: ")


def test_a_prompt_is_called_as_its_file(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text(FRONT + BODY)
    with pytest.raises(Fault, match="has the id 'ask'"):
        prompts_in(tmp_path)


def test_bytes_that_are_no_text_are_a_fault() -> None:
    with pytest.raises(Fault, match="not UTF-8"):
        parse_prompt(b"---\n\xff", where="ask.md")


def test_estimates_stand_on_either_side() -> None:
    text = "def f(x):\n    return x\n" * 50
    assert at_least(text) < len(text) / 4 < at_most(text)
    assert at_most("") == 1
