from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.measure.contract.declared import Declared
from auditor.model.constraint import NoNewImport
from auditor.model.fault import Fault
from auditor.model.patch import Patch
from auditor.model.trial import GateResult
from auditor.model.trial_events import (
    BaselineTaken,
    BaselineTakenData,
    ChangeUndone,
    ChangeUndoneData,
    event_of,
)
from auditor.trial.candidate import Candidate
from auditor.trial.event_file import read_events
from auditor.trial.gates.constraints import check_constraints
from auditor.trial.gates.parse import check_parse
from auditor.trial.ledger import fold
from auditor.trial.loop import Trials
from auditor.trial.making import patch_between
from auditor.trial.proposal import Proposal
from auditor.trial.recorder import Recorder, run_events
from auditor.trial.trees import Entry, Tree, TreeStore

BASE = "import json\n\n\ndef spaces(db):\n    return [row for row in db.all()]\n\n\ndef count(db):\n    return len(db.all())\n"
FAST = BASE.replace("[row for row in db.all()]", "list(db.all())")
LOCKED = FAST.replace("import json\n", "import json\nimport threading\n\nLOCK = threading.Lock()\n").replace(
    "    return len(db.all())\n", "    with LOCK:\n        return db.count()\n"
)


class Bench:
    """Gates that look at the tree as a server would: it dies of a module-level import of threading."""

    def __init__(self, store: TreeStore) -> None:
        self.store = store
        self.booted = 0
        self.noise = False

    def parse(self, candidate: Candidate, _tree: Tree) -> GateResult:
        return check_parse(candidate)

    def constraints(self, candidate: Candidate, _tree: Tree) -> GateResult:
        return check_constraints(candidate)

    def boot(self, _candidate: Candidate, tree: Tree) -> GateResult:
        self.booted += 1
        if self.noise:
            return GateResult(gate="boot", outcome="void", text="the database died")
        text = (self.store.read(tree, "app.py") or b"").decode()
        if "\nimport threading" in text:
            return GateResult(
                gate="boot",
                outcome="failed",
                text="WorkerRefused: threading",
                signature="boot:WorkerRefused:app.py",
            )
        if "LOCK" in text:
            return GateResult(
                gate="boot", outcome="failed", text="NameError: LOCK", signature="boot:NameError"
            )
        return GateResult(gate="boot", outcome="passed", text="two workers answered")


@pytest.fixture
def store(tmp_path: Path) -> TreeStore:
    return TreeStore(tmp_path / "trees.git")


@pytest.fixture
def recorder(tmp_path: Path, store: TreeStore) -> Iterator[Recorder]:
    with Recorder(tmp_path / "run" / "events.jsonl", run="r1") as made:
        tree = store.store([Entry("app.py", "100644", BASE.encode())], name="r1/baseline")
        made.emit(BaselineTaken, BaselineTakenData(commit=tree.commit, tree=tree.id))
        yield made


@pytest.fixture
def bench(store: TreeStore) -> Bench:
    return Bench(store)


@pytest.fixture
def trials(recorder: Recorder, store: TreeStore, bench: Bench) -> Trials:
    return Trials(
        recorder, store, [("parse", bench.parse), ("constraints", bench.constraints), ("boot", bench.boot)]
    )


def patch(after: str, before: str = BASE) -> Patch:
    return patch_between({"app.py": before.encode()}, {"app.py": after})


def proposal(after: str, change: str = "C-1", before: str = BASE) -> Proposal:
    return Proposal(change=change, title="Faster", patch=patch(after, before))


def test_a_change_that_passes_becomes_known_good(
    trials: Trials, recorder: Recorder, store: TreeStore
) -> None:
    assert trials.attempt(proposal(FAST)).verdict == "kept"
    ledger = recorder.ledger
    assert ledger.known_good is not None
    assert store.read(ledger.known_good, "app.py") == FAST.encode()
    assert [kept.change for kept in ledger.kept] == ["C-1"]


def test_a_poisoned_change_lands_without_its_poison(
    trials: Trials, recorder: Recorder, store: TreeStore, bench: Bench, tmp_path: Path
) -> None:
    verdict = trials.attempt(proposal(LOCKED))
    ledger = recorder.ledger
    assert verdict.verdict == "kept"
    assert ledger.known_good is not None
    assert store.read(ledger.known_good, "app.py") == FAST.encode()
    failed = ledger.failed[0].verdict
    assert (failed.verdict, failed.gate) == ("reverted", "boot")
    assert failed.culprit == ("app.py:2: import threading",)
    assert [constraint.rule for constraint in ledger.constraints] == [NoNewImport(modules=("threading",))]
    assert bench.booted <= 2 + 12
    assert ledger.left == ()
    events = run_events(tmp_path / "run" / "events.jsonl")
    ends = [at for at, event in enumerate(events, 1) if event.kind == "trial-ended"]
    for end in range(
        ends[0], ends[1]
    ):  # cut off before the rest has its verdict, it is still known what is left
        (left,) = fold(events[:end]).left
        assert (left.change, left.patch) == ("C-1", ledger.kept[0].patch)


def test_what_was_learnt_stops_the_next_change_before_it_runs(
    trials: Trials, recorder: Recorder, bench: Bench
) -> None:
    trials.attempt(proposal(LOCKED))
    booted = bench.booted
    again = FAST.replace("import json\n", "import json\nimport threading as t\n")
    verdict = trials.attempt(proposal(again, "C-2", FAST))
    assert verdict.verdict == "refused"
    assert recorder.ledger.failed[-1].verdict.gate == "constraints"
    assert bench.booted == booted


def test_a_failed_patch_in_other_words_is_not_run_again(
    trials: Trials, recorder: Recorder, bench: Bench
) -> None:
    bad = BASE.replace("import json\n", "import json\nimport threading\n")
    assert trials.attempt(proposal(bad)).verdict == "reverted"
    booted, before = bench.booted, recorder.ledger
    verdict = trials.attempt(
        proposal(bad.replace("import json\nimport threading\n", "import threading\nimport json\n"))
    )
    assert (verdict.verdict, verdict.text) == ("refused", "the same patch has failed already")
    assert bench.booted == booted
    assert recorder.ledger == before


def test_a_failed_patch_that_says_more_beforehand_is_run_again_once(trials: Trials, bench: Bench) -> None:
    bad = proposal(BASE.replace("len(db.all())", "len(db.all(LOCK))"))
    batch = replace(bad, constant_rise=("sql",))
    quiet = replace(batch, declared=Declared(fewer_records=True))
    booted = [bench.booted]
    for one in (bad, batch, quiet):
        assert trials.attempt(one).text != "the same patch has failed already"
        booted.append(bench.booted)
    assert sorted(set(booted)) == booted, "each was run"
    for one in (bad, batch, quiet):
        assert trials.attempt(one).text == "the same patch has failed already"
    assert bench.booted == booted[-1]


def test_trouble_that_is_not_the_changes_is_no_verdict_on_it(
    trials: Trials, recorder: Recorder, bench: Bench
) -> None:
    bench.noise = True
    assert trials.attempt(proposal(FAST)).verdict == "void"
    assert recorder.ledger.known_good == recorder.ledger.baseline
    bench.noise = False
    assert trials.attempt(proposal(FAST)).verdict == "kept"


def test_a_patch_for_another_tree_is_refused(trials: Trials, recorder: Recorder) -> None:
    verdict = trials.attempt(proposal("x = 2\n", before="x = 1\n"))
    assert verdict.verdict == "refused"
    assert "its content has changed" in verdict.text
    assert recorder.ledger.failed == ()


def test_the_ledger_of_the_file_is_the_ledger_of_the_run(
    trials: Trials, recorder: Recorder, tmp_path: Path
) -> None:
    trials.attempt(proposal(LOCKED))
    events = [event_of(line) for line in read_events(tmp_path / "run" / "events.jsonl")]
    assert fold(events) == recorder.ledger
    assert [event.seq for event in events] == list(range(len(events)))


def test_cut_off_anywhere_known_good_is_a_tree_that_passed(
    trials: Trials, recorder: Recorder, tmp_path: Path
) -> None:
    trials.attempt(proposal(LOCKED))
    events = [event_of(line) for line in read_events(tmp_path / "run" / "events.jsonl")]
    passed = {None, recorder.ledger.baseline, *(kept.tree for kept in recorder.ledger.kept)}
    for end in range(len(events) + 1):
        assert fold(events[:end]).known_good in passed


def test_events_that_contradict_each_other_are_refused(
    recorder: Recorder, trials: Trials, tmp_path: Path
) -> None:
    trials.attempt(proposal(FAST))
    events = [event_of(line) for line in read_events(tmp_path / "run" / "events.jsonl")]
    with pytest.raises(Fault, match="contradicts"):
        fold([events[0], *events[2:]])
    assert recorder.ledger.open is None


def test_undoing_goes_back_to_the_tree_before_and_lets_the_rest_wait(
    trials: Trials, recorder: Recorder, tmp_path: Path
) -> None:
    second = FAST.replace("return len(db.all())", "return db.count()")
    trials.attempt(proposal(FAST))
    trials.attempt(proposal(second, "C-2", FAST))
    base, first = recorder.ledger.baseline, recorder.ledger.kept[0]
    assert base is not None
    with pytest.raises(Fault, match="contradicts"):
        undone(recorder, base, "C-9")
    with pytest.raises(Fault, match="not what was kept after"):
        undone(recorder, base, "C-1")
    undone(recorder, base, "C-1", "C-2")
    ledger = recorder.ledger
    assert (ledger.kept, ledger.known_good) == ((), base)
    assert [one.change for one in ledger.pending] == ["C-2"]
    assert ledger.undone[0].kept == first
    undone(recorder, base, "C-2")
    assert recorder.ledger.pending == ()
    events = run_events(tmp_path / "run" / "events.jsonl")
    for end in range(
        len(events) + 1
    ):  # at every point the last tree that passed is known, and nothing is kept and waits
        half = fold(events[:end])
        assert not {one.change for one in half.kept} & {one.change for one in half.pending}
        assert half.known_good in {None, base, *(one.tree for one in half.kept)}
    assert fold(events) == recorder.ledger


def undone(recorder: Recorder, tree: Tree, change: str, *again: str) -> None:
    data = ChangeUndoneData(commit=tree.commit, tree=tree.id, because="b", again=again)
    recorder.emit(ChangeUndone, data, change=change)
