"""Who calls whom: a program read as a machine would run it, with sets of values in the place of values."""

from auditor.index.callgraph.graph import CallGraph, Edge, call_graph

__all__ = ["CallGraph", "Edge", "call_graph"]
