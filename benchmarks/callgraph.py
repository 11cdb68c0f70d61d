"""The call graph as `../shared/callgraph/score.py` asks for it, and what a tree costs.

python ../shared/callgraph/score.py --bench SNIPPETS --callable callgraph:adjacency     (with benchmarks/ in PYTHONPATH)
python benchmarks/callgraph.py TREE...     prints functions, edges and CPU seconds, beside those of reading
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from auditor.index.build import build_index
from auditor.index.callgraph import call_graph
from auditor.repo.snapshot import open_snapshot


def adjacency(_entry: str, folder: str) -> dict[str, list[str]]:
    """Caller → callees of one snippet's folder."""
    with open_snapshot(Path(folder)) as snapshot:
        index = build_index(snapshot, jobs=1, cache_dir=None)
        return call_graph(index.project, by_path=True).adjacency()


def main() -> None:
    """A line a tree."""
    for tree in sys.argv[1:]:
        with open_snapshot(Path(tree)) as snapshot:
            begin = time.process_time()
            index = build_index(snapshot, jobs=1, cache_dir=None)
            read = time.process_time()
            graph = call_graph(index.project)
            done = time.process_time()
        counted = f"{len(graph.nodes):7} nodes {len(graph.edges):7} edges"
        print(f"{counted}  {done - read:6.1f} s after {read - begin:6.1f} s of reading  {tree}")


if __name__ == "__main__":
    main()
