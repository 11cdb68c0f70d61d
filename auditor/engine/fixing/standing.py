"""Whether a change still has its reason on the user's tree: what it stood on is analysed again where the tree has moved."""

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Self

from auditor.engine.opening import opened
from auditor.engine.passes import examine
from auditor.engine.request import AuditRequest, Notes
from auditor.execution.removal import remove_tree
from auditor.repo.branching import UserRepository
from auditor.trial.ledger import KeptChange, Ledger
from auditor.trial.path_rules import path_problem
from auditor.trial.trees import Entry, TreeStore, write_entries


class Standing:
    """Asked once for each change. A context manager: leaving it removes what was written to be read."""

    def __init__(
        self,
        request: AuditRequest,
        ledger: Ledger,
        store: TreeStore,
        repository: UserRepository,
        workshop: Path,
        notes: Notes,
    ) -> None:
        self._request = request
        self._ledger = ledger
        self._store = store
        self._repository = repository
        self._workshop = workshop
        self._notes = notes

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        remove_tree(self._workshop)

    def why_not(self, kept: KeptChange, /) -> str:
        """Why the change is for nothing now; empty where it is not, or where it came from no finding."""
        finding = f"F-{kept.change.removeprefix('C-')}"
        if not self._has_moved or finding not in self._findings_then or finding in self._findings_now:
            return ""
        return f"{finding}, which it treats, is not found any more on the tree as it is"

    @cached_property
    def _has_moved(self) -> bool:
        """Whether the code that is checked out is other than what the run began with."""
        baseline = self._ledger.baseline
        assert baseline is not None
        then = {
            entry.path: entry.content for entry in self._store.entries(baseline) if entry.path.endswith(".py")
        }
        now = {path for path in self._repository.files() if path.endswith(".py")}
        if now - then.keys():
            return True
        return any(self._repository.read(path) != content for path, content in then.items() if path in now)

    @cached_property
    def _findings_then(self) -> frozenset[str]:
        assert self._ledger.baseline is not None
        return self._findings("then", list(self._store.entries(self._ledger.baseline)))

    @cached_property
    def _findings_now(self) -> frozenset[str]:
        self._notes.step("reading the tree as it is now")
        contents = ((path, self._repository.read(path)) for path in sorted(self._repository.files()))
        entries = [
            Entry(path, "100644", content)
            for path, content in contents
            if content is not None and path_problem(path) is None
        ]
        return self._findings("now", entries)

    def _findings(self, name: str, entries: list[Entry]) -> frozenset[str]:
        folder = self._workshop / name
        remove_tree(folder)
        folder.mkdir(parents=True)
        write_entries(entries, folder)
        with opened(replace(self._request, path=folder, endpoints=(), ref=None)) as job:
            return frozenset(finding.id for finding in examine(job, self._notes).report.findings)
