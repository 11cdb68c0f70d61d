"""What was kept, brought home into real repositories, with hostile ones among them; the run is written by hand."""

import hashlib
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from auditor.config.user import UserSettings
from auditor.engine.fixing.apply import Branched, branch, bring
from auditor.engine.fixing.runs import EVENTS, RUNS, TREES, ledger_of
from auditor.engine.request import AuditRequest
from auditor.measure.running.bench import target_folder
from auditor.model.fault import Fault
from auditor.model.trial import Gain, Verdict
from auditor.model.trial_events import (
    BaselineTaken,
    BaselineTakenData,
    ChangeUndone,
    ChangeUndoneData,
    KnownGoodConfirmed,
    KnownGoodConfirmedData,
    TrialEnded,
    TrialEndedData,
    TrialStarted,
    TrialStartedData,
)
from auditor.repo.head import head_of
from auditor.trial.holding import held
from auditor.trial.making import patch_between
from auditor.trial.recorder import Recorder
from auditor.trial.trees import Tree, TreeStore, entries_of

OLD = "import json\n\n\ndef spaces(db):\n    return [row for row in db.all()]\n\n\ndef count(db):\n    return len(db.all())\n"
FAST = ("    return [row for row in db.all()]\n", "    return list(db.all())\n")
COUNT = ("    return len(db.all())\n", "    return db.count()\n")


class Silent:
    """`Notes` that nobody reads."""

    def stage(self, name: str, /) -> None: ...
    def step(self, text: str, /) -> None: ...
    def progress(self, done: int, total: int, /) -> None: ...
    def warn(self, text: str, /) -> None: ...


@dataclass
class Place:
    """A repository with a target in it, and the state that a run has left."""

    root: Path
    top: Path
    state: Path
    recorder: Recorder | None = None

    @property
    def user(self) -> UserSettings:
        return UserSettings(cache_dir=self.state / "cache", state_dir=self.state)

    @property
    def run(self) -> Path:
        return target_folder(self.state, self.root) / RUNS / "r1"

    @property
    def store(self) -> TreeStore:
        return TreeStore(target_folder(self.state, self.root) / TREES)

    def begin(self) -> None:
        with Recorder(self.run / EVENTS, run="r1") as recorder:
            tree = self.store.store(entries_of(self.root), name="r1/baseline")
            head = head_of(self.root)
            data = BaselineTakenData(
                commit=tree.commit, tree=tree.id, source_commit=head.commit, source_branch=head.branch
            )
            recorder.emit(BaselineTaken, data)

    def keep(self, change: str, file: str, after: str, *, proved: bool = True) -> None:
        with Recorder(self.run / EVENTS, run="r1") as recorder:
            base = recorder.ledger.known_good
            assert base is not None
            before = self.store.read(base, file)
            tree = self.store.derive(base, {file: after.encode()}, name=f"r1/{change}/1")
            patch = patch_between({file: before}, {file: after}, base_tree=base.id)
            recorder.emit(
                TrialStarted,
                TrialStartedData(
                    attempt=1, title=f"Faster\n{change}", patch=patch, commit=tree.commit, tree=tree.id
                ),
                change=change,
            )
            gain = Gain(endpoint="GET /spaces", kind="sql", before=40, after=5)
            recorder.emit(
                TrialEnded,
                TrialEndedData(verdict=Verdict(verdict="kept", text="passed 7 gates", gains=(gain,))),
                change=change,
            )
            if proved:
                data = KnownGoodConfirmedData(commit=tree.commit, tree=tree.id, requests=1)
                recorder.emit(KnownGoodConfirmed, data)

    def undo(self, change: str, tree: Tree, *again: str) -> None:
        with Recorder(self.run / EVENTS, run="r1") as recorder:
            recorder.emit(
                ChangeUndone,
                ChangeUndoneData(commit=tree.commit, tree=tree.id, because="it broke", again=again),
                change=change,
            )

    def now(self, file: str = "app.py") -> str:
        known_good = ledger_of(self.run).known_good
        assert known_good is not None
        content = self.store.read(known_good, file)
        assert content is not None
        return content.decode()

    def apply(self, **options: str | bool) -> Branched:
        return branch(AuditRequest(path=self.root), self.user, Silent(), **options)  # type: ignore[arg-type]  # run, name, author

    def git(self, *arguments: str) -> str:
        return git(self.top, *arguments)


def git(folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    options = [
        "-c",
        "user.name=n",
        "-c",
        "user.email=e",
        "-c",
        "protocol.file.allow=always",
        "-c",
        "core.hooksPath=/dev/null",
        "-c",
        "core.fsmonitor=false",
    ]
    done = subprocess.run(
        ["git", *options, *arguments], cwd=folder, capture_output=True, check=False, env=environment
    )
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout.decode()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return made(tmp_path, "repo")


def made(tmp_path: Path, name: str, inner: str = "") -> Place:
    top = (tmp_path / name).resolve()
    root = top / inner
    root.mkdir(parents=True)
    (root / "app.py").write_text(OLD)
    (root / "readme.txt").write_bytes(b"a\r\n")
    git(top, "init", "-q", "-b", "main")
    git(top, "add", "-A")
    git(top, "commit", "-qm", "base")
    found = Place(root, top, tmp_path / f"state-{name}")
    found.begin()
    return found


def two(place: Place) -> None:
    place.keep("C-1", "app.py", OLD.replace(*FAST))
    place.keep("C-2", "app.py", place.now().replace(*COUNT))


@pytest.fixture
def untouched(place: Place) -> Iterator[Callable[[], None]]:
    """Work tree, index, HEAD, branches and configuration are byte for byte what they were."""

    def look() -> dict[str, str]:
        files = [path for path in sorted(place.top.rglob("*")) if path.is_file()]
        kept = [path for path in files if "objects" not in path.parts and "auditor" not in path.parts]
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}

    before = look()
    yield lambda: None
    assert look() == before


def test_one_commit_for_each_change_on_a_branch_of_its_own(place: Place, untouched: object) -> None:
    assert untouched
    two(place)
    (place.root / "app.py").write_text(OLD)
    done = place.apply()
    assert done.branch == "auditor/r1"
    assert [one.kept.change for _, one in done.commits] == ["C-1", "C-2"]
    assert place.git("log", "--format=%H", "--reverse", "main..auditor/r1").split() == [
        id_ for id_, _ in done.commits
    ]
    assert place.git("log", "-1", "--format=%an <%ae>%n%B", "auditor/r1").splitlines() == [
        "auditor <auditor@localhost>",
        "Faster C-2",
        "",
        f"C-2: passed 7 gates against {place.git('rev-parse', 'main')[:12]}, in run r1.",
        "sql of GET /spaces: 40 → 5",
        "",
    ]
    assert place.git("show", "auditor/r1:app.py") == place.now()
    assert place.git("show", "auditor/r1:readme.txt") == "a\r\n"
    assert "fatal" not in place.git("fsck", "--strict")
    assert place.apply().branch == "auditor/r1"  # the same again is the same
    assert [one.commit for one in ledger_of(place.run).delivered] == [id_ for id_, _ in done.commits]


def test_what_is_proved_comes_home_while_the_last_waits(place: Place, untouched: object) -> None:
    assert untouched is not None
    place.keep("C-1", "app.py", OLD.replace(*FAST))
    place.keep("C-2", "app.py", place.now().replace(*COUNT), proved=False)
    with pytest.raises(Fault, match="C-2 and what follows it are not proved"):
        place.apply()
    with pytest.raises(Fault, match="not proved"):
        bring(place.root, place.user)
    done = place.apply(proved=True)
    assert [one.kept.change for _, one in done.commits] == ["C-1"]
    assert done.waiting == ("C-2",)
    assert place.git("show", f"{done.branch}:app.py") == OLD.replace(*FAST)
    brought = bring(place.root, place.user, proved=True)
    assert (len(brought.patches), brought.waiting) == (1, ("C-2",))


def test_what_was_delivered_and_waits_to_be_proved_again_is_not_taken_back(place: Place) -> None:
    two(place)
    first = place.apply(name="first")
    place.git("merge", "-q", "first")
    assert len(first.commits) == 2
    with Recorder(place.run / EVENTS, run="r1") as recorder:
        baseline = recorder.ledger.baseline
    assert baseline is not None
    place.undo("C-1", baseline, "C-2")
    with pytest.raises(Fault, match="1 changes wait"):
        place.apply()
    done = place.apply(proved=True)
    assert [(one.what, one.kept.change) for _, one in done.commits] == [("taken back", "C-1")]
    assert done.waiting == ("C-2",)


def test_where_nothing_is_proved_nothing_comes_home(place: Place) -> None:
    place.keep("C-1", "app.py", OLD.replace(*FAST), proved=False)
    with pytest.raises(Fault, match="nothing is proved on the whole workload yet: C-1"):
        place.apply(proved=True)


def test_what_was_undone_after_the_merge_is_taken_back(place: Place) -> None:
    two(place)
    done = place.apply()
    place.git("merge", "-q", "--squash", str(done.branch))
    place.git("commit", "-qm", "everything at once")
    assert place.apply().branch is None
    ledger = ledger_of(place.run)
    assert ledger.baseline is not None
    place.undo("C-1", ledger.baseline, "C-2")
    with pytest.raises(Fault, match="wait to be proved again"):
        place.apply()
    place.keep("C-2", "app.py", place.now().replace(*COUNT))
    again = place.apply()
    assert [(one.what, one.kept.change) for _, one in again.commits] == [("taken back", "C-1")]
    assert [one.kept.change for one in again.already] == ["C-2"]
    assert again.branch == "auditor/r1-2"
    assert place.git("show", "auditor/r1-2:app.py") == place.now() == OLD.replace(*COUNT)
    assert "Take back: Faster C-1\n\nC-1: it broke." in place.git("log", "-1", "--format=%B", "auditor/r1-2")


def test_a_moved_branch_takes_what_still_stands_and_refuses_the_rest(place: Place) -> None:
    two(place)
    place.keep("C-3", "memo.py", "MEMO = {}\n")
    place.git("checkout", "-qb", "other")
    (place.root / "app.py").write_text(
        OLD.replace("def count(db):\n", "def count(db):\n    db.ready()\n")
        + "\n\ndef more():\n    return 1\n"
    )
    place.git("commit", "-qam", "mine")
    done = place.apply()
    assert [one.kept.change for _, one in done.commits] == ["C-1", "C-3"]
    assert [(one.kept.change, one.reason) for one in done.refused] == [
        ("C-2", "app.py: `count`, which it changes, reads otherwise than when it was proved")
    ]
    assert done.moved[0] == "other is checked out now, it was main when the run began"
    assert "HEAD is" in done.moved[1]
    assert "def more()" in place.git("show", f"{done.branch}:app.py")
    assert place.git("show", f"{done.branch}:memo.py") == "MEMO = {}\n"
    (place.root / "app.py").write_text("x = 1\n")
    (place.root / "memo.py").write_text("mine = 1\n")
    place.git("add", "-A")
    place.git("commit", "-qam", "all gone")
    with pytest.raises(
        Fault, match=r"no change applies to what is checked out now: C-1: app.py: does not hold"
    ):
        place.apply()


def test_a_target_below_the_top_a_linked_work_tree_and_a_sha256_repository(tmp_path: Path) -> None:
    inner = made(tmp_path, "mono", "services/shop")
    two(inner)
    done = inner.apply(name="faster/shop", author="Ada L. <ada@example.com>")
    assert inner.git("show", "faster/shop:services/shop/app.py") == inner.now()
    assert inner.git("log", "-1", "--format=%an %ae", str(done.branch)) == "Ada L. ada@example.com\n"
    inner.git("worktree", "add", "-q", str(tmp_path / "linked"))
    linked = Place(tmp_path / "linked/services/shop", tmp_path / "linked", tmp_path / "state-linked")
    linked.begin()
    two(linked)
    assert linked.apply().branch == "auditor/r1"
    assert linked.git("show", "auditor/r1:services/shop/app.py") == linked.now()
    new = tmp_path / "new"
    new.mkdir()
    git(new, "init", "-q", "--object-format=sha256")
    (new / "app.py").write_text(OLD)
    git(new, "add", "-A")
    git(new, "commit", "-qm", "base")
    modern = Place(new, new, tmp_path / "state-new")
    modern.begin()
    two(modern)
    assert modern.git("show", f"{modern.apply().branch}:app.py") == modern.now()


def test_nothing_of_the_repository_is_run(place: Place) -> None:
    marker = place.state / "fired"
    place.state.mkdir(exist_ok=True)
    script = place.top / "evil.sh"
    script.write_text(f"#!/bin/sh\ntouch {marker}\ncat\n")
    script.chmod(0o755)
    (place.top / ".gitattributes").write_text("* filter=evil diff=evil\n")
    hooks = place.top / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("reference-transaction", "post-index-change", "pre-commit", "post-commit", "post-checkout"):
        (hooks / name).write_text(script.read_text())
        (hooks / name).chmod(0o755)
    with (place.top / ".git/config").open("a") as config:
        config.write(
            f'[core]\n\tfsmonitor = {script}\n\thooksPath = {hooks}\n\tpager = {script}\n[filter "evil"]\n\tclean = {script}\n'
            f'\tsmudge = {script}\n\tprocess = {script}\n[diff "evil"]\n\ttextconv = {script}\n\tcommand = {script}\n'
            f"[gc]\n\trecentObjectsHook = {script}\n[core]\n\talternateRefsCommand = {script}\n[commit]\n\tgpgSign = true\n[gpg]\n\tprogram = {script}\n"
        )
    two(place)
    assert place.apply().branch == "auditor/r1"
    assert not marker.exists()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda top: (top / ".git").rename(top / "git"), "is in no git repository"),
        (lambda top: ((top / ".git").rename(top.parent / "git"), (top / ".git").symlink_to(top.parent / "git")), "is a link"),
        (lambda top: ((top / ".git").rename(top.parent / "git"), (top / ".git").write_text(f"gitdir: {top.parent / 'git'}\n")), "belongs to another repository"),
        (lambda top: ((top / ".git/objects/pack").rmdir(), (top / ".git/objects/pack").symlink_to("/tmp")), "can't be written to"),
        (lambda top: (top / ".git/refs/heads/auditor").symlink_to("/tmp"), "can't be written to"),
        (lambda top: (top / ".git/refs/heads/auditor").write_text((top / ".git/refs/heads/main").read_text()), "can't stand beside 'auditor'"),
        (lambda top: ((top / ".git/refs/heads/auditor").mkdir(), (top / ".git/refs/heads/auditor/r1.lock").write_text("")), "can't be written to"),
        (lambda top: (top / ".git/HEAD").write_text("ref: refs/heads/none\n"), "has no commit yet"),
    ],
)  # fmt: skip
def test_a_repository_that_is_not_as_it_should_be_is_not_written_to(
    place: Place, spoil: Callable[[Path], object], said: str
) -> None:
    two(place)
    spoil(place.top)
    with pytest.raises(Fault) as caught:
        place.apply()
    assert said in str(caught.value)
    assert ledger_of(place.run).delivered == ()


def test_names_that_can_be_none(place: Place) -> None:
    two(place)
    for name in ("", "a..b", "-x", "a b", "x.lock", "/x", "x/", "x@{1}", "a/.b", "HEAD~1", "x."):
        with pytest.raises(Fault, match="can't be the name of a branch"):
            place.apply(name=name or " ")
    with pytest.raises(Fault, match="is no author"):
        place.apply(author="ada")
    with pytest.raises(Fault, match="is no author"):
        place.apply(author="a <b>\nx")


def test_a_link_or_a_folder_in_the_way_is_refused(place: Place) -> None:
    place.keep("C-1", "new/memo.py", "M = {}\n")
    (place.root / "new").symlink_to("/tmp")
    place.git("add", "-A")
    place.git("commit", "-qm", "a link")
    with pytest.raises(Fault, match="is a link, a folder or another repository"):
        place.apply()


def test_two_at_once_and_runs_that_are_not_there(place: Place) -> None:
    with pytest.raises(Fault, match="nothing was kept"):
        place.apply()
    two(place)
    with (
        held(target_folder(place.state, place.root), doing="auditor fix"),
        pytest.raises(Fault, match=r"auditor fix .process"),
    ):
        place.apply()
    with pytest.raises(Fault, match="there is no run 'r2'"):
        place.apply(run="r2")
    with pytest.raises(Fault, match="no such directory"):
        replace(place, root=place.root / "none").apply()
    assert [one.name for one in bring(place.root, place.user).patches] == [
        "0001-faster-c-1.patch",
        "0002-faster-c-2.patch",
    ]
