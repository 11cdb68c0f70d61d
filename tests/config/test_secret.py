import pytest

from auditor.config.secret import references, resolve
from auditor.model.fault import Fault


@pytest.mark.parametrize("text", ["", "env", "my env:NAME", "env:", "{env}", "env:A B", "{env:1}", "${env}"])
def test_what_is_no_reference_stays(text: str) -> None:
    assert references(text) == ()
    assert resolve(text, env={}, allowed=()) == text


def test_a_reference_is_replaced_whole_or_inside_a_text() -> None:
    env = {"A": "x", "B": "{env:A}"}
    assert resolve("env:A", env=env, allowed=("A",)) == "x"
    assert resolve("Bearer {env:A}/{env:B}", env=env, allowed=("A", "B")) == "Bearer x/{env:A}"


def test_a_target_reads_no_variable_that_was_not_handed_over() -> None:
    with pytest.raises(Fault) as caught:
        resolve("env:API_KEY", env={"API_KEY": "s3cret"}, allowed=("OTHER",))
    assert "AUDITOR_SECRETS=API_KEY" in caught.value.hint
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("env", [{}, {"A": ""}])
def test_a_variable_that_is_not_set_is_named(env: dict[str, str]) -> None:
    with pytest.raises(Fault, match="variable A is not set"):
        resolve("env:A", env=env, allowed=("A",))
