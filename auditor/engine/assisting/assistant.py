"""Everything an assistant may ask of one target; each answer is small, and says what it leaves out."""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from pydantic import JsonValue

from auditor.engine.assisting import questions
from auditor.engine.assisting.answer import Answer, page_of, problem
from auditor.engine.assisting.edits import Edit, patch_of
from auditor.engine.assisting.room import Room, Trial
from auditor.engine.assisting.secrets import hide_settings, with_secrets, without_secrets
from auditor.engine.assisting.standing import Standing, standing_of
from auditor.engine.fixing.request import FixRequest
from auditor.engine.fixing.run import Run
from auditor.engine.request import Notes
from auditor.engine.selection import matching_endpoints
from auditor.llm.redaction.vault import Vault
from auditor.measure.contract.declared import Declared
from auditor.measure.counts import counts_of
from auditor.model.constraint import Constraint
from auditor.model.fault import Fault
from auditor.model.trial import Verdict
from auditor.repo.errors import Unreadable
from auditor.repo.snapshot import open_snapshot
from auditor.trial.patching import Refused, apply_patch
from auditor.trial.proposal import Proposal
from auditor.trial.trees import write_entries

WAIT: float = 45.0
"""Seconds that a question waits for a verdict before it says that the trial is still running: assistants give up after a minute."""
_STATEMENTS = 25


class Assistant:
    """The tools behind `auditor mcp`. Nothing of the user's is edited; what was kept is brought home by `auditor apply`."""

    def __init__(self, request: FixRequest, notes: Notes, /, *, env: Mapping[str, str] = os.environ) -> None:
        self._request = request
        self._notes = notes
        self._room: Room | None = None
        self._no_room = ""
        self._standing: Standing | None = None
        self._trials: dict[str, Trial] = {}
        self._numbers = itertools.count(1)
        self._vault = Vault()
        self._env = env
        room = Room(request, notes)
        try:
            room.open()
            self._room = room
        except Fault as fault:
            self._no_room = str(fault)

    def close(self) -> None:
        """Ends the run; a trial that is on its way is waited for."""
        if self._room is not None:
            self._room.close()

    # -- reading ---------------------------------------------------------------------------------------------

    def routes(self, contains: str = "", page: int = 1) -> Answer:
        """Endpoints of the target with their cost formulas: how many statements, sessions, calls a request costs, in sizes of the data."""
        return self._told(questions.routes(self.standing(), contains=contains, page=page))

    def trace(self, endpoint: str, page: int = 1) -> Answer:
        """One endpoint, as `GET /path`: its cost, and each effect with the chain of calls down to it, the most repeated first."""
        return self._told(questions.trace(self.standing(), endpoint=endpoint, page=page))

    def findings(self, endpoint: str = "", rule: str = "", page: int = 1) -> Answer:
        """What is slow and where, the most severe first. `finding` tells all of one."""
        return self._told(questions.findings(self.standing(), endpoint=endpoint, rule=rule, page=page))

    def finding(self, id: str) -> Answer:  # noqa: A002  the tool's argument
        """All of one finding: evidence, related places, the remedy, and what would make it not a problem."""
        return self._told(questions.finding(self.standing(), id_=id))

    def plan(self, endpoint: str = "", page: int = 1) -> Answer:
        """The phased plan: changes that ship one by one, the most worthwhile first."""
        return self._told(questions.plan(self.standing(), endpoint=endpoint, page=page))

    def files(self, under: str = "", page: int = 1) -> Answer:
        """Files of the target, as it stands with what was kept."""
        return self._told(questions.files(self.standing(), under=under, page=page))

    def source(self, symbol: str = "", file: str = "", line: int = 1, end_line: int = 0) -> Answer:
        """Source of a function or class by name, or lines of a file, exactly as `verify_patch` has to find them."""
        return self._told(
            questions.source(self.standing(), symbol=symbol, file=file, line=line, end_line=end_line)
        )

    def search(self, text: str, under: str = "", page: int = 1) -> Answer:
        """Lines of the target that hold a text exactly."""
        return self._told(questions.search(self.standing(), text=text, under=under, page=page))

    # -- running ---------------------------------------------------------------------------------------------

    def measure(self, endpoint: str) -> Answer:
        """What requests for an endpoint really cost now, run in the sandbox: counts a request, and the statements by place."""
        room = self._room
        if room is None:
            return self._refusal()
        if room.busy:
            return problem("a trial is running", "ask `verdict`, then again")
        try:
            return self._told(room.ask(partial(_measured, endpoint=endpoint)))
        except Fault as fault:
            return problem(fault.what, fault.hint)

    def constraints(self) -> Answer:
        """What patches are held to: given by the user, or learnt from changes that broke something."""
        room = self._room
        if room is None:
            return self._refusal()
        held = room.ask(lambda run: run.recorder.ledger.constraints) if not room.busy else ()
        if room.busy:
            return problem("a trial is running", "ask `verdict`, then again")
        return page_of([_constraint(one) for one in held], 1, name="constraints", size=50)

    def verify_patch(
        self,
        title: str,
        edits: Sequence[Edit],
        endpoint: str = "",
        fewer_log_records: bool = False,  # noqa: FBT001, FBT002  a tool's argument
    ) -> Answer:
        """Tries one change in the sandbox and says whether it is kept.

        It is kept only when nothing that the recorded workload answers or does differs, and its cost falls; a kept change is
        what the next one stands on. Otherwise nothing remains of it, and the gate, the root error and the part at fault are told.
        """
        room = self._room
        if room is None:
            return self._refusal()
        if room.busy:
            return problem("a trial is running", "one change at a time: ask `verdict` first")
        trial = room.ask(
            partial(self._trial, title=title, edits=edits, endpoint=endpoint, fewer=fewer_log_records)
        )
        if isinstance(trial, dict):
            return trial
        self._trials[trial.id] = trial
        if not room.begin(trial):
            return problem("a trial is running", "one change at a time: ask `verdict` first")
        return self.verdict(trial.id)

    def verdict(self, trial: str) -> Answer:
        """How a trial ended, or how far it is; waits up to 45 seconds for it."""
        found = self._trials.get(trial)
        if found is None:
            return problem(
                f"there is no trial {trial!r}", f"there are {', '.join(self._trials) or 'none yet'}"
            )
        if not found.done.wait(WAIT):
            passed = [f"{one.gate}: {one.text}" for one in found.gates]
            return {
                "trial": trial,
                "verdict": "running",
                "gates": list(passed),
                "next": "ask `verdict` again",
            }
        if found.failure is not None:
            failure = found.failure
            return {"trial": trial, "verdict": "void", **problem(str(failure) or type(failure).__name__)}
        assert found.verdict is not None
        if found.verdict.verdict == "kept":
            self._standing = None
        return self._told(_verdict(found, found.verdict))

    def progress(self) -> Answer:
        """What was kept and what not, with what each change gained, and how to bring it home."""
        room = self._room
        if room is None:
            return self._refusal()
        if room.busy:
            return problem("a trial is running", "ask `verdict`, then again")
        return room.ask(_progress)

    # -- what stands -----------------------------------------------------------------------------------------

    def standing(self) -> Standing:
        """The tree with what was kept; read anew after each change that was."""
        if self._standing is None:
            room = self._room
            if room is not None and not room.busy:
                self._standing = room.ask(self._of_run)
            else:
                self._standing = self._of_folder()
        return self._standing

    def _of_run(self, run: Run) -> Standing:
        tree = run.known_good
        folder = run.folder / "assistant" / tree.id
        if not folder.exists():
            folder.mkdir(parents=True)
            write_entries(run.store.entries(tree), folder)
        contents = {e.path: e.content for e in run.store.entries(tree) if e.mode != "120000"}
        hide_settings(self._vault, contents)
        return standing_of(self._request.audit, folder, self._notes, tree=tree.id, contents=contents)

    def _of_folder(self) -> Standing:
        root = self._request.audit.path
        contents = dict(_files_of(root))
        hide_settings(self._vault, contents)
        return standing_of(self._request.audit, root, self._notes, tree="", contents=contents)

    def _trial(
        self, run: Run, *, title: str, edits: Sequence[Edit], endpoint: str, fewer: bool
    ) -> Trial | Answer:
        tree = run.known_good
        read = partial(run.store.read, tree)
        restored = with_secrets(self._vault, edits)
        if isinstance(restored, dict):
            return restored
        patch = patch_of(restored, read, tree=tree.id)
        if isinstance(patch, dict):
            return patch
        applied = apply_patch(patch, read)
        if isinstance(applied, Refused):
            return problem("; ".join(one.text for one in applied.reasons))
        number = f"T-{next(self._numbers)}"
        concerned = frozenset({endpoint}) if endpoint else frozenset()
        proposal = Proposal(
            change=f"C-{run.recorder.run[-6:]}-{number}",
            title=" ".join(title.split())[:200] or "a change",
            patch=patch,
            allowed=patch.files,
            declared=Declared(fewer_records=fewer),
            endpoints=dict.fromkeys(patch.files, concerned) if concerned else None,
        )
        return Trial(id=number, proposal=proposal)

    def _told(self, answer: Answer) -> Answer:
        return without_secrets(self._vault, answer)

    def _refusal(self) -> Answer:
        return problem(f"nothing of this target can be run, so nothing can be verified: {self._no_room}")


def _measured(run: Run, *, endpoint: str) -> Answer:
    ids = [one.id for one in run.surveyed]
    (wanted, *_) = sorted(matching_endpoints((endpoint,), ids))
    played = run.player.round(run.known_good)
    requests: list[Answer] = []
    counted: dict[str, int] = {}
    places: Counter[tuple[str, str]] = Counter()
    for exchange in played.replay.exchanges:
        record = exchange.record
        if record is None or run.endpoint_of(exchange.request.id) != wanted:
            continue
        counts = counts_of(record)
        counted[exchange.request.id] = counts.get("sql", 0)
        asked = f"{exchange.request.method} {exchange.request.path}"
        requests.append({"id": exchange.request.id, "request": asked, "counts": {**counts}})
        for effect in record.effects:
            if effect.kind == "sql" and effect.text:
                frame = effect.frame
                places[
                    f"{frame.file}:{frame.line}" if frame else "?", " ".join(effect.text.split())[:200]
                ] += 1
    if not requests:
        return problem(
            f"no request of the workload asks {wanted}", "the workload is the user's: `auditor record`"
        )
    total = len(requests)
    statements: list[JsonValue] = [
        {"place": place, "statement": text, "per_request": round(times / total, 2)}
        for (place, text), times in places.most_common()
    ]
    requests.sort(key=lambda one: -counted[str(one["id"])])
    return {
        "endpoint": wanted,
        "requests": total,
        "most_expensive": list(requests[:5]),
        **page_of(statements, 1, name="statements", size=_STATEMENTS),
    }


def _progress(run: Run) -> Answer:
    ledger = run.recorder.ledger
    return {
        "run": run.recorder.run,
        "kept": [
            {"change": one.change, "title": one.title, "gain": _gains(one.verdict)} for one in ledger.kept
        ],
        "not_kept": [
            {"change": one.change, "gate": one.verdict.gate, "why": one.verdict.text} for one in ledger.failed
        ],
        "bring_home": "the user runs `auditor apply`: one commit per change on a branch of its own",
    }


def _verdict(trial: Trial, verdict: Verdict) -> Answer:
    return {
        "trial": trial.id,
        "change": trial.proposal.change,
        "verdict": verdict.verdict,
        "text": verdict.text,
        "gate": verdict.gate,
        "root_error": verdict.root_error[:2000],
        "culprit": list((verdict.culprit or (trial.attempts[0].culprit if trial.attempts else ()))[:20]),
        "evidence": [
            line[:400] for gate in trial.gates if not gate.lets_through for line in gate.evidence[:12]
        ],
        "attempts": [f"{one.verdict}: {one.text}" for one in trial.attempts],
        "learnt": list(trial.learnt),
        "gates": [f"{one.gate}: {one.outcome}: {one.text}" for one in trial.gates],
        "gain": _gains(verdict),
    }


def _gains(verdict: Verdict) -> list[JsonValue]:
    largest = sorted(verdict.gains, key=lambda one: (one.after - one.before, one.endpoint, one.kind))
    return [f"{one.endpoint}: {one.kind} {one.before:g} → {one.after:g}" for one in largest[:12]]


def _constraint(one: Constraint) -> Answer:
    return {
        "id": one.id,
        "kind": one.rule.kind,
        "because": one.because,
        "rule": one.rule.model_dump(mode="json"),
    }


def _files_of(root: Path) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    with open_snapshot(root) as snapshot:
        for file in snapshot.files:
            with suppress(Unreadable):
                found.append((file.path, snapshot.read(file)))
    return found
