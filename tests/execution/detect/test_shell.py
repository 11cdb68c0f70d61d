import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.execution.detect.shell import runs
from auditor.execution.detect.wrappers import join, unwrapped


def words_in(text: str) -> list[tuple[str, ...]]:
    return [run.words for run in runs(text)]


@pytest.mark.parametrize(
    "text",
    [
        "# gunicorn app:app",
        "   # exec gunicorn app:app",
        "cat <<EOF\ngunicorn app:app\nEOF\n",
        "echo 'gunicorn app:app'",
        "NAME='gunicorn app:app'",
        "true  # gunicorn app:app",
        "gunicorn 'app:app",
    ],
)
def test_what_is_not_run_is_no_command(text: str) -> None:
    assert not any(words[:1] == ("gunicorn",) for words in words_in(text))


def test_commands_between_operators_and_keywords() -> None:
    text = "if true; then exec a 1 && b 2 || c; fi\nd | e & f > log 2>&1\n"
    assert words_in(text) == [("true",), ("a", "1"), ("b", "2"), ("c",), ("fi",), ("d",), ("e",), ("f",)]


def test_lines_that_go_on_keep_the_first_lines_number() -> None:
    (run,) = runs("\n# x\nrun \\\n  --a 1 \\\n  --b\n")
    assert (run.words, run.line) == (("run", "--a", "1", "--b"), 3)


def test_variables_that_the_text_sets_are_replaced_and_others_stay() -> None:
    text = 'export W=${W:-3}\nreadonly D="a b"\nrun -w $W -d "$D" -x ${X:-${Y:-7}} -z $Z $(date) `id`\n'
    assert words_in(text) == [
        ("run", "-w", "3", "-d", "a b", "-x", "7", "-z", "$Z", "$SUBSTITUTION", "$SUBSTITUTION")
    ]


def test_a_command_kept_in_a_variable() -> None:
    assert words_in('COMMAND="python manage.py migrate"\neval $COMMAND\n') == [
        ("eval", "python", "manage.py", "migrate")
    ]


def test_functions_name_what_they_run() -> None:
    found = {run.function: run.words for run in runs("server() {\n  exec a\n}\nfunction dev {\n}\nb\n")}
    assert found["server"] == ("a",)
    assert found[""] == ("b",)


@pytest.mark.parametrize(
    "text",
    [
        "exec run x",
        "env A=1 B=2 run x",
        "newrelic-admin run-program run x",
        "poetry run run x",
        "uv run --frozen --group prod run x",
        "s6-setuidgid app run x",
        "sudo -u app run x",
        "docker compose run --rm web run x",
        "sh -c 'cd y && exec run x'",
        "wait-for-it db:5432 -- run x",
        "tini -- run x",
        "tox -qe dev --run-command 'run x'",
    ],
)
def test_wrappers_are_taken_off(text: str) -> None:
    (command,) = words_in(text)
    assert unwrapped(command) == ("run", "x")


def test_words_are_joined_for_people_and_placeholders_stay_bare() -> None:
    assert join(("run", "127.0.0.1:{port}", "a b", "x()")) == "run 127.0.0.1:{port} 'a b' 'x()'"


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    for run in runs(text):
        assert run.words
        assert run.line >= 1


def test_a_text_that_grows_by_its_own_variables_ends() -> None:
    text = "A=xxxxxxxxxx\n" + "".join(f"A=$A$A$A$A$A$A$A$A{n}\n" for n in range(50)) + "run $A\n"
    assert all(len("".join(words)) < 100_000 for words in words_in(text))
