"""Reads a tree for what it tells about running it. Nothing of the target is executed."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from auditor.execution.detect.proposal import Proposal, propose
from auditor.execution.detect.tree import open_tree
from auditor.frameworks import discover
from auditor.index.build import build_index
from auditor.model.stumbles import Stumbles
from auditor.repo.snapshot import open_snapshot


def propose_settings(
    path: Path,
    /,
    *,
    jobs: int,
    cache_dir: Path | None,
    env: Mapping[str, str] = os.environ,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Proposal:
    """What an ``auditor.toml`` for the tree at `path` would say; `Fault` when the tree can't be read."""
    with open_snapshot(path) as snapshot:
        index = build_index(snapshot, jobs=jobs, cache_dir=cache_dir, progress=progress)
        stumbles = Stumbles(go_on=True)
        entries = discover(index.project, stumbles)
        return propose(
            open_tree(snapshot.root),
            index.project,
            entries,
            unread=(*index.coverage.unparsed, *(("the code", each) for each in stumbles.met)),
            env=env,
        )
