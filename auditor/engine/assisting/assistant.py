"""Everything an assistant may ask of one target; each answer is small, and says what it leaves out."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from auditor.engine.assisting import questions
from auditor.engine.assisting.answer import Answer, page_of, problem
from auditor.engine.assisting.edits import Edit, patch_of
from auditor.engine.assisting.measuring import measured
from auditor.engine.assisting.room import Busy, Room, Trial
from auditor.engine.assisting.secrets import hide_settings, with_secrets, without_secrets
from auditor.engine.assisting.standing import Standing, standing_of
from auditor.engine.assisting.telling import constraint_of, gates_of, progress_of, verdict_of
from auditor.engine.fixing.request import FixRequest
from auditor.engine.fixing.run import Run
from auditor.engine.request import Notes
from auditor.engine.selection import matching_endpoints
from auditor.llm.redaction.vault import Vault
from auditor.measure.contract.declared import Declared
from auditor.model.fault import Fault
from auditor.model.patch import Patch
from auditor.repo.errors import Unreadable
from auditor.repo.snapshot import open_snapshot
from auditor.trial.patching import Refused, apply_patch
from auditor.trial.proposal import Proposal
from auditor.trial.trees import write_entries

WAIT: float = 45.0
"""Seconds that a question waits for a verdict before it says that the trial is still running: assistants give up after a minute."""


Page = Annotated[
    int, Field(description="Which part of a long answer; `next_page` of the part before names it.")
]
EndpointId = Annotated[str, Field(description="As `routes` names it: `GET /path/{name}`.")]


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

    def routes(self, contains: str = "", page: Page = 1) -> Answer:
        """Endpoints of the target with their cost formulas: how many statements, sessions, calls a request costs, in sizes of the data."""
        return self._told(questions.routes(self.standing(), contains=contains, page=page))

    def trace(self, endpoint: EndpointId, page: Page = 1) -> Answer:
        """One endpoint, as `GET /path`: its cost, and each effect with the chain of calls down to it, the most repeated first."""
        return self._told(questions.trace(self.standing(), endpoint=endpoint, page=page))

    def findings(self, endpoint: EndpointId = "", rule: str = "", page: Page = 1) -> Answer:
        """What is slow and where, the most severe first. `finding` tells all of one."""
        return self._told(questions.findings(self.standing(), endpoint=endpoint, rule=rule, page=page))

    def finding(self, id: str) -> Answer:  # noqa: A002  the tool's argument
        """All of one finding: evidence, related places, the remedy, and what would make it not a problem."""
        return self._told(questions.finding(self.standing(), id_=id))

    def plan(self, endpoint: EndpointId = "", page: Page = 1) -> Answer:
        """The phased plan: changes that ship one by one, the most worthwhile first."""
        return self._told(questions.plan(self.standing(), endpoint=endpoint, page=page))

    def files(self, under: str = "", page: Page = 1) -> Answer:
        """Files of the target, as it stands with what was kept."""
        return self._told(questions.files(self.standing(), under=under, page=page))

    def source(self, symbol: str = "", file: str = "", line: int = 1, end_line: int = 0) -> Answer:
        """Source of a function or class by name, or lines of a file, exactly as `verify_patch` has to find them."""
        return self._told(
            questions.source(self.standing(), symbol=symbol, file=file, line=line, end_line=end_line)
        )

    def search(self, text: str, under: str = "", page: Page = 1) -> Answer:
        """Lines of the target that hold a text exactly."""
        return self._told(questions.search(self.standing(), text=text, under=under, page=page))

    # -- running ---------------------------------------------------------------------------------------------

    def measure(self, endpoint: EndpointId, cold: bool = False, page: Page = 1) -> Answer:  # noqa: FBT001, FBT002  tool's
        """What requests for an endpoint really cost now, run in the sandbox: mean and worst counts, and the statements by place.

        With `cold` also the time that a fresh worker takes at full scale, and whether that meets the target: this can take a minute.
        """
        return self._in_room(partial(measured, endpoint=endpoint, cold=cold, page=page))

    def constraints(self) -> Answer:
        """What patches are held to: given by the user, or learnt from changes that broke something."""
        return self._in_room(_constraints)

    def verify_patch(
        self,
        title: str,
        edits: Sequence[Edit],
        endpoint: EndpointId = "",
        fewer_log_records: bool = False,  # noqa: FBT001, FBT002  a tool's argument
        fewer_get_calls: bool = False,  # noqa: FBT001, FBT002  likewise
        batches: bool = False,  # noqa: FBT001, FBT002  likewise
        may_touch: Sequence[Literal["migration", "seed"]] = (),
    ) -> Answer:
        """Tries one change in the sandbox and says whether it is kept.

        It is kept only when nothing that the recorded workload answers or does differs, and its cost falls; a kept change is
        what the next one stands on. Otherwise nothing remains of it, and the gate, the root error and the part at fault are told.
        Say beforehand what it alters: fewer records below WARNING; fewer GET calls to others; `batches`, when one statement asks for
        what many asked for, and reads a few rows more for each that it saves; `may_touch`, the files by which an index comes.
        """
        declared = Declared(fewer_records=fewer_log_records, fewer_reads=fewer_get_calls)
        begun = self._in_room(
            partial(
                self._begin,
                title=title,
                edits=edits,
                endpoint=endpoint,
                declared=declared,
                batches=batches,
                may_touch=frozenset[str](may_touch),
            )
        )
        return begun if "problem" in begun else self.verdict(str(begun["trial"]))

    def verdict(self, trial: str) -> Answer:
        """How a trial ended, or how far it is; waits up to 45 seconds for it."""
        found = self._trials.get(trial)
        if found is None:
            return problem(
                f"there is no trial {trial!r}", f"there are {', '.join(self._trials) or 'none yet'}"
            )
        if not found.done.wait(WAIT):
            assert self._room is not None
            return self._told(
                {
                    "trial": trial,
                    "verdict": "running",
                    "doing": self._room.doing or "the gates",
                    "gates": gates_of(found),
                    "next": "ask `verdict` again",
                }
            )
        if found.failure is not None:
            failure = found.failure
            return {"trial": trial, "verdict": "void", **problem(str(failure) or type(failure).__name__)}
        assert found.verdict is not None
        return self._told(verdict_of(found, found.verdict))

    def progress(self) -> Answer:
        """What was kept and what not, with what each change gained, and how to bring it home."""
        return self._in_room(progress_of)

    # -- what stands -----------------------------------------------------------------------------------------

    def standing(self) -> Standing:
        """The tree with what was kept; while a trial runs, the one that it stands on."""
        with suppress(Busy):
            return self._of_folder() if self._room is None else self._room.ask(self._of_run)
        assert self._standing is not None, "a trial begins on a tree that was read"
        return self._standing

    def _of_run(self, run: Run) -> Standing:
        tree = run.known_good
        if self._standing is not None and self._standing.tree == tree.id:
            return self._standing
        folder = run.folder / "assistant" / tree.id
        if not folder.exists():
            folder.mkdir(parents=True)
            write_entries(run.store.entries(tree), folder)
        contents = {e.path: e.content for e in run.store.entries(tree) if e.mode != "120000"}
        hide_settings(self._vault, contents)
        self._standing = standing_of(
            self._request.audit, folder, self._notes, tree=tree.id, contents=contents
        )
        return self._standing

    def _of_folder(self) -> Standing:
        if self._standing is None:
            root = self._request.audit.path
            contents = dict(_files_of(root))
            hide_settings(self._vault, contents)
            self._standing = standing_of(self._request.audit, root, self._notes, tree="", contents=contents)
        return self._standing

    def _begin(
        self,
        run: Run,
        *,
        title: str,
        edits: Sequence[Edit],
        endpoint: EndpointId,
        declared: Declared,
        batches: bool,
        may_touch: frozenset[str],
    ) -> Answer:
        """Begins a trial, and says which; or what is wrong with the patch."""
        self._of_run(run)
        patch = self._patch(run, edits)
        if isinstance(patch, dict):
            return patch
        number = f"T-{next(self._numbers)}"
        concerned = matching_endpoints((endpoint,), [one.id for one in run.surveyed]) if endpoint else None
        proposal = Proposal(
            change=f"C-{run.recorder.run[-6:]}-{number}",
            title=" ".join(title.split())[:200] or "a change",
            patch=patch,
            allowed=patch.files,
            declared=declared,
            constant_rise=("sql",) if batches else (),
            may_touch=may_touch,
            endpoints=dict.fromkeys(patch.files, frozenset(concerned)) if concerned else None,
        )
        assert self._room is not None
        trial = Trial(id=number, proposal=proposal)
        self._room.begin(trial)
        self._trials[trial.id] = trial
        return {"trial": trial.id}

    def _patch(self, run: Run, edits: Sequence[Edit]) -> Patch | Answer:
        read = partial(run.store.read, run.known_good)
        restored = with_secrets(self._vault, edits)
        if isinstance(restored, dict):
            return restored
        patch = patch_of(restored, read, tree=run.known_good.id)
        if isinstance(patch, dict):
            return patch
        applied = apply_patch(patch, read)
        if isinstance(applied, Refused):
            return problem("; ".join(one.text for one in applied.reasons))
        return patch

    def _in_room(self, question: Callable[[Run], Answer], /) -> Answer:
        """What the run answers, without secrets; or why it can't now."""
        if self._room is None:
            return problem(f"nothing of this target can be run, so nothing can be verified: {self._no_room}")
        try:
            return self._told(self._room.ask(question))
        except Busy:
            return problem("a trial is running", "one change at a time: ask `verdict`, then again")
        except Fault as fault:
            return problem(fault.what, fault.hint)

    def _told(self, answer: Answer) -> Answer:
        return without_secrets(self._vault, answer)


def _constraints(run: Run) -> Answer:
    held = run.recorder.ledger.constraints
    return page_of([constraint_of(one) for one in held], 1, name="constraints", size=50)


def _files_of(root: Path) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    with open_snapshot(root) as snapshot:
        for file in snapshot.files:
            with suppress(Unreadable):
                found.append((file.path, snapshot.read(file)))
    return found
