"""The result: nodes and edges, with how sure each edge is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.index.callgraph.machine import Machine

if TYPE_CHECKING:
    from auditor.index.project import Project


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """`caller` may call `callee`; both as `module.Class.method`, `<builtin>.len` or a library's dotted name."""

    caller: str
    callee: str
    confidence: float
    """1 where the callee is the only one that the call can mean; else one by their number."""


@dataclass(frozen=True, slots=True)
class CallGraph:
    """Every function of a program and whom it calls, both sorted."""

    nodes: tuple[str, ...]
    edges: tuple[Edge, ...]
    complete: bool
    """False where a limit ended the reading of some function before all its callers were seen."""

    def adjacency(self) -> dict[str, list[str]]:
        """Caller → callees, as PyCG writes a graph: every node is a key."""
        found: dict[str, list[str]] = {node: [] for node in self.nodes}
        for edge in self.edges:
            found[edge.caller].append(edge.callee)
            found.setdefault(edge.callee, [])
        return found


def call_graph(project: Project, /, *, by_path: bool = False) -> CallGraph:
    """The graph of a program's own modules; libraries are named, not entered.

    `by_path` calls modules after their paths from the root of the tree, as PyCG does, and not as imports call them.
    """
    machine = Machine(project, by_path=by_path)
    machine.run()
    edges = [Edge(caller, callee, 1 / number) for (caller, callee), number in machine.edges.items()]
    nodes = {*machine.units, *(edge.caller for edge in edges), *(edge.callee for edge in edges)}
    return CallGraph(tuple(sorted(nodes)), tuple(sorted(edges)), complete=machine.complete)
