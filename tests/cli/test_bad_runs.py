"""What can be wrong with runs, their state and the patches handed in: each ends in a sentence that says what to do, and status 2.

The target is never booted here: whatever is wrong is said before. What a boot is needed for stands in tests/engine/fixing.
"""

import json
import sys
import sysconfig
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.cli.dispatch import dispatch
from auditor.engine.fixing.runs import EVENTS, RUNS, STATE, TREES
from auditor.measure.running.bench import target_folder
from auditor.model.trial import Verdict
from auditor.model.trial_events import (
    BaselineTaken,
    BaselineTakenData,
    KnownGoodConfirmed,
    KnownGoodConfirmedData,
    TrialEnded,
    TrialEndedData,
    TrialStarted,
    TrialStartedData,
)
from auditor.trial.holding import held
from auditor.trial.making import patch_between
from auditor.trial.memory import FILE
from auditor.trial.recorder import Recorder
from auditor.trial.trees import TreeStore, entries_of

APP = "def application(environ, start_response):\n    start_response('200 OK', [])\n    return [b'1']\n"
SETTINGS = '[boot]\ncommand = "gunicorn --bind 127.0.0.1:{port} app:application"\npython = "PYTHON"\n'


class Place:
    """A target, and the state of one run that has kept a change."""

    def __init__(self, folder: Path) -> None:
        self.root = (folder / "target").resolve()
        self.state = folder / "state"
        self.root.mkdir()
        environment = sysconfig.get_path("data") if sys.prefix != sys.base_prefix else sys.prefix
        (self.root / "app.py").write_text(APP)
        (self.root / "auditor.toml").write_text(SETTINGS.replace("PYTHON", environment))
        self.folder = target_folder(self.state, self.root)
        self.run = self.folder / RUNS / "r1"

    def keep(self) -> None:
        """A run with one kept change, written by hand."""
        store = TreeStore(self.folder / TREES)
        with Recorder(self.run / EVENTS, run="r1") as recorder:
            base = store.store(entries_of(self.root), name="r1/baseline")
            recorder.emit(BaselineTaken, BaselineTakenData(commit=base.commit, tree=base.id))
            after = APP.replace("b'1'", "b'2'")
            tree = store.derive(base, {"app.py": after.encode()}, name="r1/C-1/1")
            patch = patch_between({"app.py": APP.encode()}, {"app.py": after})
            started = TrialStartedData(attempt=1, title="Two", patch=patch, commit=tree.commit, tree=tree.id)
            recorder.emit(TrialStarted, started, change="C-1")
            ended = TrialEndedData(verdict=Verdict(verdict="kept", text="passed"))
            recorder.emit(TrialEnded, ended, change="C-1")
            proved = KnownGoodConfirmedData(commit=tree.commit, tree=tree.id, requests=1)
            recorder.emit(KnownGoodConfirmed, proved)

    def rewrite(self, change: Callable[[list[bytes]], list[bytes]]) -> None:
        """Other lines in the place of the run's events."""
        path = self.run / EVENTS
        path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.keep()
    return made


def line(event: dict[str, object]) -> bytes:
    text = json.dumps(event, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


STATES: dict[str, tuple[Callable[[Place], object], str, str]] = {
    "no events in the middle": (lambda at: at.rewrite(lambda rows: [rows[0], b"garbage\n", rows[2]]), "fix --resume", "is damaged"),
    "the middle is lost": (lambda at: at.rewrite(lambda rows: [rows[0], rows[2]]), "undo", "contradicts those before"),
    "an event of tomorrow": (lambda at: at.rewrite(lambda rows: [*rows, line({"kind": "dreamt"})]), "apply -o out", "holds an event ('dreamt') that this version"),
    "events that are no file": (lambda at: ((at.run / EVENTS).unlink(), (at.run / EVENTS).mkdir()), "apply -o out", "can't be read"),
    "another version's state": (lambda at: (at.folder / STATE).write_text('{"schema": "auditor/state@9"}'), "fix --resume", "was written by another version"),
    "a state that is none": (lambda at: (at.folder / STATE).write_text("[]"), "undo", "the state may be damaged"),
    "constraints that are none": (lambda at: (at.folder / FILE).write_text("x"), "fix", "is not TOML"),
    "constraints of another version": (lambda at: (at.folder / FILE).write_text('schema = "auditor/constraints@9"'), "constraint list", "is of version"),
    "no trees": (lambda at: (at.folder / TREES / "objects").rename(at.folder / "objects"), "apply -o out", "no longer whole"),
    "no runs": (lambda at: (at.folder / RUNS).rename(at.folder / "elsewhere"), "undo", "there is no run"),
    "a file where the state should be": (lambda at: (at.state.rename(at.state.with_name("moved")), at.state.write_text("")), "fix", "can't be made"),
    "somebody else at work": (lambda at: at.hold("auditor undo"), "fix", "auditor undo (process "),
}  # fmt: skip


@pytest.mark.parametrize("name", STATES)
def test_a_state_that_is_not_as_it_should_be(place: Place, name: str, told: Callable[..., str]) -> None:
    spoil, command, said = STATES[name]
    if name == "somebody else at work":
        with held(place.folder, doing="auditor undo"):
            assert said in told(place, command)
        return
    spoil(place)
    assert said in told(place, command)


PATCHES: dict[str, tuple[str, str]] = {
    "no JSON": ("{", "is no patch"),
    "no edits": ('{"base_tree": "", "edits": []}', "is no patch: edits"),
    "a key of its own": ('{"base_tree": "", "edits": [{"file": "a", "create": "b", "mode": "x"}]}', "is no patch"),
    "no hash": ('{"base_tree": "", "edits": [{"file": "a", "search": "b", "replace": "c"}]}', "is no patch"),
    "an empty search": ('{"base_tree": "", "edits": [{"file": "a", "sha256": "%s", "search": "", "replace": "c"}]}' % ("0" * 64), "is no patch"),
    "too many edits": (json.dumps({"base_tree": "", "edits": [{"file": str(n), "create": ""} for n in range(201)]}), "is no patch: edits"),
}  # fmt: skip


@pytest.mark.parametrize("name", PATCHES)
def test_a_file_that_holds_no_patch(
    place: Place, tmp_path: Path, name: str, told: Callable[..., str]
) -> None:
    text, said = PATCHES[name]
    file = tmp_path / "patch.json"
    file.write_text(text)
    runs = sorted((place.folder / RUNS).iterdir())
    assert said in told(place, "fix", "--patch", str(file))
    assert sorted((place.folder / RUNS).iterdir()) == runs  # no run was begun for it


def test_what_is_missing_is_said(place: Place, tmp_path: Path, told: Callable[..., str]) -> None:
    assert "can't be read: No such file" in told(place, "fix", "--patch", str(tmp_path / "none.json"))
    assert "there is no run 'r9'" in told(place, "undo", "--run", "r9")
    assert "'C-9' is no kept change" in told(place, "undo C-9", "--dry-run", path_last=True)
    assert "nothing says what broke" in told(place, "blame")
    assert "can't be read: No such file" in told(place, "blame", "--log", str(tmp_path / "none.log"))
    assert "holds no error" in told(place, "blame", "--log", str(place.root / "app.py"))
    assert "is no header" in told(place, "blame", "--url", "/x", "--header", "Accept")
    assert "path must begin with /" in told(place, "blame", "--url", "x y")
    (place.root / "auditor.toml").unlink()
    assert "nothing says how the target is started" in told(place, "fix")


def test_nothing_to_boot_leaves_a_dry_run_that_verifies_nothing(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    (place.root / "auditor.toml").unlink()
    assert dispatch(["fix", str(place.root), "--state", str(place.state), "--dry-run"]) == 0
    assert "so nothing here is verified" in capsys.readouterr().out
    assert [entry.name for entry in (place.folder / RUNS).iterdir()] == ["r1"]


def test_a_dry_run_looks_at_the_patches_that_are_handed_in(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["fix", str(place.root), "--state", str(place.state), "--dry-run"]
    for name, file in (("good", "new.py"), ("protected", ".env"), ("elsewhere", "../evil.py")):
        edits = [{"file": file, "create": "x = 1\n"}]
        (tmp_path / f"{name}.json").write_text(json.dumps({"base_tree": "", "edits": edits}))
        words += ["--patch", str(tmp_path / f"{name}.json")]
    assert dispatch(words) == 0
    said = capsys.readouterr().out
    assert "1 change would be tried:\n  C-good  good (new.py)\n" in said
    assert (
        "refused   C-protected  protected\n          at policy: .env: is protected (configuration)\n" in said
    )
    assert "refused   C-elsewhere  elsewhere\n          the patch does not fit: ../evil.py" in said
    assert "so nothing here is verified" in said


@pytest.fixture
def told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., str]:
    """Runs a command that must fail as a usage error, in one sentence; gives the sentence."""
    monkeypatch.chdir(tmp_path)

    def run(place: Place, command: str, *more: str, path_last: bool = False) -> str:
        name, *words = command.split()
        target = ["--path", str(place.root)] if name == "constraint" else [str(place.root)]
        arguments = [*words, *target] if path_last or name == "constraint" else [*target, *words]
        before = {path: path.read_bytes() for path in place.root.rglob("*") if path.is_file()}
        status = dispatch([name, *arguments, "--state", str(place.state), *more])
        errors = capsys.readouterr().err
        assert status == 2, errors
        assert "Traceback" not in errors
        assert "fault of auditor's own" not in errors
        assert {path: path.read_bytes() for path in place.root.rglob("*") if path.is_file()} == before
        return errors

    return run
