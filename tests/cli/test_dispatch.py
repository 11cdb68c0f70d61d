import re
from pathlib import Path

import pytest

from auditor.cli.main import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(list(arguments))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_without_anything_the_help_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys)
    assert (status, out) == (2, "")
    assert "commands:" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("audt",), "there is no command 'audt' (did you mean 'audit'?)"),
        (("audit", "--tarjet", "5ms"), "unexpected argument '--tarjet' (did you mean --target?)"),
        (("audit", "--target"), "argument --target: expected one argument"),
        (("audit", "--target", "soon"), "'soon' is no length of time (write it like 500ms or 1.5s)"),
        (("audit", "--fail-on", "hihg"), "there is no severity 'hihg'; did you mean 'high'?"),
        (("audit", "--format", "jsn"), "there is no format 'jsn'; did you mean 'json'?"),
        (
            ("audit", "--select"),
            "unexpected argument '--select' (`auditor audit --help` shows the arguments)",
        ),
        (("audit", ""), "argument PATH: an empty name (is a variable not set?)"),
        (("doctor", ""), "argument PATH: an empty name"),
        (("apply", ""), "argument PATH: an empty name"),
        (("audit", "--jobs", "0"), "'0' is no number of processes"),
        (("audit", "a", "b"), "unexpected argument 'b'"),
        (("audit", "--output", "plan.docx"), "its suffix says nothing about the format"),
        (("audit", "--output", "nowhere/plan.md"), "its folder does not exist (create nowhere first)"),
        (("schema", "raport"), "there is no schema 'raport' (did you mean 'report'?)"),
        (("--verson",), "unexpected argument '--verson' (did you mean --version?)"),
        (("trace",), "the following arguments are required: ENDPOINT"),
    ],
)
def test_a_wrong_argument_is_one_line_that_names_the_nearest(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert err.startswith("auditor: ")
    assert err.count("\n") == 1


def test_an_option_is_never_abbreviated(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "audit", "--targ", "5ms")[0] == 2


@pytest.mark.parametrize("name", ["report", "event"])
def test_a_schema_is_printed(capsys: pytest.CaptureFixture[str], name: str) -> None:
    status, out, err = run(capsys, "schema", name)
    assert (status, err) == (0, "")
    assert out.startswith("{")


def test_without_a_name_the_schemas_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "schema")[1].split() == [
        "callgraph",
        "event",
        "observation",
        "patch",
        "report",
        "result",
    ]


def test_settings_that_cannot_be_used_are_a_fault(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "config.toml"
    path.write_text("jbos = 3\n")
    monkeypatch.setenv("AUDITOR_CONFIG", str(path))
    status, _, err = run(capsys, "audit", str(tmp_path))
    assert status == 2
    assert err == f"auditor: {path}:1: unknown key 'jbos' (did you mean 'jobs'?)\n"


@pytest.mark.parametrize("command", ["init", "doctor", "record", "measure", "fix", "mcp"])
def test_a_file_is_no_target_of_any_command(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str
) -> None:
    (tmp_path / "file.py").touch()
    status, out, err = run(
        capsys,
        command,
        str(tmp_path / "file.py"),
        *("--state", str(tmp_path)) * (command not in {"init", "doctor"}),
    )
    assert (status, out) == (2, "")
    assert (
        err
        == f"auditor: {tmp_path}/file.py: is not a directory (name the directory it lies in: {tmp_path})\n"
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [("nowhere", "there is no such directory"), ("file.py", "is not a directory"), ("empty", "is empty")],
)
def test_what_is_no_tree_is_a_fault(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, message: str
) -> None:
    (tmp_path / "file.py").touch()
    (tmp_path / "empty").mkdir()
    status, out, err = run(capsys, "audit", str(tmp_path / name))
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_doctor_finds_this_installation_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "doctor")
    assert (status, "PROBLEM" in out) == (0, False)
    assert "reads Python" in out
    assert re.search(r"^ok +jail +(bubblewrap, passed its self-test|none, so that)", out, re.MULTILINE)


def test_doctor_names_what_is_wrong(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AUDITOR_CACHE_DIR", str(tmp_path / "file" / "cache"))
    monkeypatch.setenv("AUDITOR_CACHDIR", "x")
    status, out, _ = run(capsys, "doctor")
    problems = [line for line in out.splitlines() if line.startswith("PROBLEM")]
    assert status == 1
    assert [line.split()[1] for line in problems] == ["settings", "cache"]
