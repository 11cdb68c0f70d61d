import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.config.command import Command, parse_command
from auditor.model.fault import Fault


@pytest.mark.parametrize("text", ["gunicorn app:app", "gunicorn  -b 127.0.0.1:{port} 'app:app'", "make run"])
def test_a_text_without_shell_syntax_starts_no_shell(text: str) -> None:
    assert parse_command(text, where="x").argv[0] in {"gunicorn", "make"}


@pytest.mark.parametrize(
    "text",
    ["a && b", "gunicorn -b :$PORT app", "PORT=1 run", "run > log", "cd x; run", "run `nproc`", "ls *.py"],
)
def test_a_text_that_needs_a_shell_gets_one(text: str) -> None:
    assert parse_command(text, where="x").argv == ("/bin/sh", "-c", text)


def test_a_list_is_taken_as_it_stands() -> None:
    command = parse_command(["run", "a b", "$x"], where="x")
    assert command == Command("run 'a b' '$x'", ("run", "a b", "$x"))


def test_placeholders_are_filled_and_the_shells_are_not() -> None:
    command = parse_command("run ${port} {port} {scale} {{port}}", where="x").filled({"port": 81})
    assert command.argv == ("/bin/sh", "-c", "run ${port} 81 {scale} {{port}}")


@pytest.mark.parametrize("value", ["'open", [], [""], ["a", "b\0"], "a\0b"])
def test_no_command_is_a_fault_that_says_where(value: str | list[str]) -> None:
    with pytest.raises(Fault) as caught:
        parse_command(value, where="auditor.toml: boot.command")
    assert caught.value.where == "auditor.toml: boot.command"


@given(st.text(max_size=40))
def test_any_text_is_a_command_or_a_fault(text: str) -> None:
    try:
        command = parse_command(text, where="x")
    except Fault:
        return
    assert command.text == text
    assert command.argv
