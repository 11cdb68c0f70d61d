"""What a report says about itself: which tree it is about, and how much of that tree it stands on."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from auditor.engine.request import Job
from auditor.engine.suppression import Judged
from auditor.index.coverage import IndexCoverage
from auditor.model.report import Coverage, Endpoint, Target, Unparsed
from auditor.repo.snapshot import Snapshot
from auditor.repo.source import SKIP_TEXT, SkipReason

_NOT_LOST: Final[frozenset[SkipReason]] = frozenset(
    {"excluded", "dependencies", "nested-repository", "link", "special"}
)
"""Left aside on purpose; the other reasons are a loss."""
_LEFT_ASIDE: Final = {"test": "tests", "vendored": "vendored code", "generated": "generated code"}


def target_of(job: Job, /) -> Target:
    """The tree, called as the user called it."""
    return Target(root=str(job.request.path), commit=job.snapshot.commit, dirty=job.snapshot.dirty)


def coverage_of(
    snapshot: Snapshot,
    index: IndexCoverage,
    endpoints: Sequence[Endpoint],
    judged: Judged,
    *,
    unreached_effects: int,
    stumbles: Sequence[str],
    looked_for: Sequence[str],
) -> Coverage:
    """The figures of every pass together."""
    return Coverage(
        files=index.files,
        lines=index.lines,
        unparsed=(*not_listed(snapshot), *_not_read(index)),
        calls=sum(endpoint.coverage.calls for endpoint in endpoints),
        resolved_calls=sum(endpoint.coverage.resolved for endpoint in endpoints),
        unreached_effects=unreached_effects,
        skipped=left_aside(snapshot, index),
        suppressed=judged.silenced,
        looked_for=tuple(looked_for),
        notes=(*stumbles, *judged.notes),
    )


def left_aside(snapshot: Snapshot, index: IndexCoverage, /) -> dict[str, int]:
    """How many files (or folders, for installed dependencies) no rule looks at, by reason."""
    counts = Counter({_LEFT_ASIDE.get(role, role): files for role, files in index.left_aside})
    counts.update(SKIP_TEXT[entry.reason] for entry in snapshot.skipped if entry.reason in _NOT_LOST)
    return dict(sorted(counts.items()))


def not_listed(snapshot: Snapshot, /) -> tuple[Unparsed, ...]:
    """What should be read and can't be, as far as the listing of the tree tells."""
    return tuple(
        Unparsed(file=entry.path, reason=entry.text)
        for entry in snapshot.skipped
        if entry.reason not in _NOT_LOST
    )


def _not_read(index: IndexCoverage) -> tuple[Unparsed, ...]:
    return (
        *(Unparsed(file=path, reason=reason) for path, reason in index.unparsed),
        *(
            Unparsed(
                file=path, reason="has a syntax error; what stands around it was read", line=max(line, 1)
            )
            for path, line in index.partial
        ),
        *(Unparsed(file=path, reason=note) for path, note in index.notes),
    )
