"""From findings to proposals: what the codemods make of known-good as it stands now."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from auditor.codemods import propose
from auditor.codemods.outcome import Written
from auditor.codemods.source import Source
from auditor.engine.opening import opened
from auditor.engine.passes import Examined, examine
from auditor.engine.request import AuditRequest, Notes
from auditor.execution.removal import remove_tree
from auditor.measure.contract.declared import Declared
from auditor.model.report import Finding
from auditor.model.result import UNTREATED
from auditor.repo.decode import decode
from auditor.repo.errors import Undecodable
from auditor.trial.candidate import Promise
from auditor.trial.making import patch_between
from auditor.trial.proposal import Proposal
from auditor.trial.trees import Tree, TreeStore, write_entries

_SPARING: Final = frozenset({"work-before-guard"})
"""Rules whose treatment decides whether work is done at all: before what makes it cheaper, which a request that is spared it would pay for."""
_REMEMBERING: Final = frozenset({"uncached-config", "uncached-read"})
"""Rules whose treatment keeps answers in each worker: after everything else, whose gain counts then show only where a worker has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """A proposal, and what it came from."""

    proposal: Proposal
    finding: Finding
    codemod: str


@dataclass(frozen=True, slots=True)
class Untreated:
    """A finding for which there is no patch, and why."""

    finding: Finding
    reason: str


def proposals(
    examined: Examined, store: TreeStore, tree: Tree, /, *, done: Collection[str] = ()
) -> Iterator[Proposed | Untreated]:
    """For each finding on `tree`, in the order of the plan, what the codemods say; none for those whose change is `done`.

    `examined` is what an audit made of it.

    Of the findings of one rule, those that one file mends come first: a change of several files alters what others call, and what is
    written in one place alone does not fit afterwards.
    """
    source = Source(read=reader_of(store, tree), scene=examined.scene)
    ordered = _in_plans_order(examined)
    left = Counter(finding.rule for finding in ordered)
    wide: defaultdict[str, list[Proposed]] = defaultdict(list)
    for finding in ordered:
        left[finding.rule] -= 1
        if change_of(finding) in done:
            pass
        elif isinstance(made := propose(finding, source), Written):
            proposed = Proposed(
                proposal=_proposal(finding, made, store, tree), finding=finding, codemod=made.codemod
            )
            if len(made.files) > 1:
                wide[finding.rule].append(proposed)
            else:
                yield proposed
        else:
            reason = "; ".join(f"{one.codemod}: {one.reason}" for one in made) or f"{UNTREATED}{finding.rule}"
            yield Untreated(finding, reason)
        if not left[finding.rule]:
            yield from wide.pop(finding.rule, ())


def examined_tree(
    request: AuditRequest, store: TreeStore, tree: Tree, workshop: Path, notes: Notes, /
) -> Examined:
    """What an audit makes of `tree`, which is written into `workshop/<id>` and read there."""
    folder = workshop / tree.id
    if not folder.exists():
        half = folder.with_name(f"{folder.name}.new")
        remove_tree(half)
        half.mkdir(parents=True)
        write_entries(store.entries(tree), half)
        half.rename(folder)
    with opened(replace(request, path=folder)) as job:
        return examine(job, notes)


def _in_plans_order(examined: Examined) -> list[Finding]:
    by_id = {finding.id: finding for finding in examined.report.findings}
    listed = [id_ for change in examined.report.plan.changes for id_ in change.findings if id_ in by_id]
    rest = [id_ for id_ in by_id if id_ not in set(listed)]
    return in_turn([by_id[id_] for id_ in dict.fromkeys([*listed, *rest])])


def in_turn(findings: Iterable[Finding], /) -> list[Finding]:
    """In the same order, but what spares a request its work comes first, and what is remembered between requests last."""
    return sorted(findings, key=lambda finding: (finding.rule in _REMEMBERING, finding.rule not in _SPARING))


def reader_of(store: TreeStore, tree: Tree, /) -> "Reader":
    """The texts of `tree`."""
    return Reader({entry.path: entry.content for entry in store.entries(tree) if entry.mode != "120000"})


@dataclass(frozen=True, slots=True)
class Reader:
    """Texts of a stored tree."""

    contents: dict[str, bytes]

    def __call__(self, path: str, /) -> str | None:
        """With line feeds only; None for what is not there or no text."""
        content = self.contents.get(path)
        try:
            return None if content is None else decode(content).text
        except Undecodable:
            return None


def change_of(finding: Finding, /) -> str:
    """The id of the change that treats it."""
    return f"C-{finding.id.removeprefix('F-')}"


def _proposal(finding: Finding, made: Written, store: TreeStore, tree: Tree) -> Proposal:
    before = {path: store.read(tree, path) for path in made.files}
    return Proposal(
        change=change_of(finding),
        title=made.title,
        patch=patch_between(before, made.files, base_tree=tree.id),
        allowed=tuple(sorted(made.files)),
        promises=tuple(
            Promise(endpoint=endpoint, kind=kind) for kind in made.promises for endpoint in finding.endpoints
        ),
        declared=Declared(fewer_records=bool(made.fewer_records), fewer_reads=bool(made.fewer_calls)),
        constant_rise=tuple(made.constant_rise),
        may_touch=made.may_touch,
        endpoints={path: frozenset(finding.endpoints) for path in made.files},
    )
