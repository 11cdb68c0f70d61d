"""The whole way on the sample: two slow endpoints, a poisoned change that is caught, and what the codemods make of the rest."""

from __future__ import annotations

import ast
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from auditor.config.database import Engine
from auditor.config.target import TARGET_FILE
from auditor.config.user import UserSettings
from auditor.engine.fixing.confirming import confirm
from auditor.engine.fixing.fix import try_all
from auditor.engine.fixing.opening import run_opened
from auditor.engine.fixing.proposing import Proposed
from auditor.engine.fixing.request import FixRequest
from auditor.engine.fixing.run import Run
from auditor.engine.fixing.summary import summed_up
from auditor.engine.request import AuditRequest, Notes
from auditor.model.fault import Fault
from auditor.model.result import Result
from auditor.model.trial_events import RunEvent
from auditor.repo.decode import decode
from auditor.repo.scratch import scratch
from auditor.trial.making import patch_between
from auditor.trial.patching import Applied, apply_patch
from auditor.trial.proposal import Proposal

ENDPOINTS: Final = ("GET /api/v1/spaces/discover", "GET /api/v1/locations/{location_id}/spaces")
"""Of the sample: the one that takes ten seconds, and the one with forty statements over five sessions."""
WORKLOAD: Final = "demo.jsonl"
POISONED: Final = "C-poisoned"
_POISON: Final = "threading"
"""The sample's workers refuse to boot when a module of it imports this (a greenlet server's hooks were in the case study)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstrated:
    """What came of it."""

    result: Result
    """Both endpoints before and after, with their times at the full scale where these were taken."""
    poisoned: str
    """The change that was handed in with an import that no worker boots with."""
    requests: int
    """Known-good was held against the baseline on so many at the end, one after another and eight at once; what differed was taken out."""


def demonstrate(
    sample: Path,
    user: UserSettings,
    notes: Notes,
    /,
    *,
    engine: Engine = Engine.SQLITE,
    timed: bool = True,
    told: Callable[[RunEvent], None] = lambda _: None,
    env: Mapping[str, str] = os.environ,
) -> Demonstrated:
    """Fixes a copy of the sample on a database of `engine`; neither it nor anything else of the user's is touched.

    Raises:
        Fault: nothing can be run here, and why.
    """
    with _workplace(sample, engine) as folder:
        request = FixRequest(
            audit=AuditRequest(path=folder / "sample", command="demo", endpoints=ENDPOINTS),
            user=replace(user, state_dir=folder / "state"),
            workload=folder / "sample" / WORKLOAD,
            edges=False,
        )
        with run_opened(request, notes, told=told, env=env) as run:
            if timed:
                run.prepare_large()
            run.be_sound()
            run.attempt(_poisoned(run))
            try_all(run)
            confirm(run)
            assert not run.recorder.ledger.unconfirmed
            return Demonstrated(
                result=summed_up(run, timed=ENDPOINTS if timed else (), once_before=True),
                poisoned=POISONED,
                requests=len(run.workload.requests),
            )


def _poisoned(run: Run) -> Proposal:
    """The first change that a codemod proposes, with an import beside it that the sample's server forbids."""
    made = next(iter(run.proposals()), None)
    if made is None:
        raise Fault(
            "no codemod proposes anything for the sample", hint="this is a fault of auditor's: report it"
        )
    return poisoned(made, run)


def poisoned(made: Proposed, run: Run) -> Proposal:
    """A proposal with one more import at the top of the first file that it changes."""
    tree = run.known_good
    applied = apply_patch(made.proposal.patch, lambda path: run.store.read(tree, path))
    assert isinstance(applied, Applied), "a codemod's own patch fits the tree that it was made for"
    texts = {path: decode(content).text for path, content in applied.files.items()}
    path = min(texts)
    texts[path] = with_import(texts[path], _POISON)
    before = {path: run.store.read(tree, path) for path in texts}
    return replace(
        made.proposal,
        change=POISONED,
        title=f"{made.proposal.title}, and `import {_POISON}` beside it",
        patch=patch_between(before, texts, base_tree=tree.id),
    )


def with_import(text: str, module: str) -> str:
    """The text with `import module` before its first import, or after its docstring."""
    body = ast.parse(text).body
    first = next((s for s in body if isinstance(s, ast.Import | ast.ImportFrom)), None)
    future = isinstance(first, ast.ImportFrom) and first.module == "__future__"
    at = 0 if first is None else (first.end_lineno or first.lineno) if future else first.lineno - 1
    lines = text.splitlines(keepends=True)
    return "".join([*lines[:at], f"import {module}\n", *lines[at:]])


def on_engine(settings: str, engine: Engine) -> str:
    """The sample's settings with another engine for its database."""
    return re.sub(r'^engine = "\w+"', f'engine = "{engine}"', settings, count=1, flags=re.MULTILINE)


@contextmanager
def _workplace(sample: Path, engine: Engine) -> Iterator[Path]:
    """A folder with a copy of the sample, gone afterwards; its path is short, since sockets lie in it."""
    with scratch("demo") as folder:
        shutil.copytree(sample, folder / "sample", ignore=shutil.ignore_patterns("__pycache__"))
        settings = folder / "sample" / TARGET_FILE
        settings.write_text(on_engine(settings.read_text("utf-8"), engine), "utf-8")
        yield folder
