"""What a person sees and says of constraints."""

from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.cli.dispatch import dispatch

Ask = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    root = tmp_path / "target"
    root.mkdir()
    (root / "auditor.toml").write_text('[[constraint]]\nkind = "frozen-file"\nscope = "app/billing/**"\n')

    def run(*arguments: str) -> tuple[int, str, str]:
        status = dispatch(["constraint", *arguments, "--path", str(root), "--state", str(tmp_path / "state")])
        return (status, *capsys.readouterr())

    return run


def test_constraints_are_added_listed_and_lifted(ask: Ask) -> None:
    status, output, _ = ask("list")
    given = output.split()[0]
    assert status == 0
    assert "frozen-file scope=app/billing/**: the user says so (user) (auditor.toml)" in output
    status, output, _ = ask(
        "add", "no-new-import", "modules=threading,gevent", "--because", "it dies", "--runs", "2"
    )
    added = output.split()[0]
    assert "no-new-import modules=threading,gevent: it dies (user, for 2 more runs)" in output
    ask("add", "no-cache", "endpoint=GET /prices", "--until", "2020-01-31")
    listed = ask("list")[1]
    assert added in listed
    assert "until 2020-01-31) (expired)" in listed
    assert ask("lift", added)[1] == f"lifted {added}\n"
    assert added not in ask("list")[1]
    status, _, errors = ask("lift", given)
    assert (status, "auditor.toml" in errors, "take it out of the file" in errors) == (2, True, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["add"], "`add` takes a kind"),
        (["add", "no-cash"], "did you mean 'no-cache'?"),
        (["add", "no-cache", "endpoint"], "is no KEY=VALUE"),
        (["add", "no-cache", "endpiont=GET /"], "did you mean 'endpoint'?"),
        (["add", "no-cache", "endpoint=GET /", "--until", "soon"], "'expires' must be a day"),
        (["add", "no-cache", "endpoint=GET /", "--runs", "0"], "'0' is no number of runs"),
        (["lift"], "`lift` takes one id"),
        (["lift", "K-1"], "there is no constraint 'K-1' (nothing has been learnt)"),
        (["list", "all"], "`list` takes no 'all'"),
        (["show"], "invalid choice"),
    ],
)
def test_what_is_not_clear_is_said(ask: Ask, arguments: list[str], said: str) -> None:
    status, _, errors = ask(*arguments)
    assert status == 2
    assert said in errors
