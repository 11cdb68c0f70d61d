"""A call graph as a document, schema `auditor/callgraph@1`."""

from typing import Literal

from pydantic import Field

from auditor.model.value import Value


class GraphEdge(Value):
    """`caller` may call `callee`."""

    caller: str
    callee: str
    confidence: float = Field(gt=0, le=1)
    """1 where nothing else can be meant by the call, else one by the number of what can."""


class Graph(Value):
    """Functions as `module.Class.method`, Python's own as `<builtin>.len`, libraries' by their dotted names."""

    schema_id: Literal["auditor/callgraph@1"] = Field(default="auditor/callgraph@1", alias="schema")
    root: str
    nodes: tuple[str, ...]
    edges: tuple[GraphEdge, ...]
    complete: bool
    """False where a limit ended the reading of some function for some of its arguments."""
