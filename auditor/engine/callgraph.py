"""The call graph of a tree, in the forms that people compare."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from auditor.engine.opening import opened
from auditor.engine.request import AuditRequest, Notes
from auditor.index.build import build_index
from auditor.index.callgraph import CallGraph, call_graph
from auditor.model.canonical import canonical_json
from auditor.model.graph import Graph, GraphEdge

GraphForm = Literal["json", "pycg"]


def graph_of(request: AuditRequest, notes: Notes, /, *, by_path: bool = False) -> CallGraph:
    """Reads the tree and follows every call; nothing of it is run.

    Raises:
        Fault: there is nothing to read, with what to do about it.
    """
    with opened(request) as job:
        notes.step("reading files")
        index = build_index(
            job.snapshot, jobs=request.jobs, cache_dir=request.cache_dir, progress=notes.progress
        )
        for warning in index.warnings:
            notes.warn(warning)
        notes.step("following calls")
        return call_graph(index.project, by_path=by_path)


def as_document(graph: CallGraph, root: Path, /) -> str:
    """`auditor/callgraph@1`, the same bytes for the same tree."""
    edges = tuple(
        GraphEdge(caller=e.caller, callee=e.callee, confidence=round(e.confidence, 3)) for e in graph.edges
    )
    return canonical_json(Graph(root=str(root), nodes=graph.nodes, edges=edges, complete=graph.complete))
