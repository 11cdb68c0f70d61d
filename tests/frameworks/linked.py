"""Small projects that a test writes down."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping

from auditor.frameworks import discover
from auditor.index.lower import lower
from auditor.index.project import Project
from auditor.knowledge.load import load
from auditor.trace.analysis import Trace, analyse
from auditor.trace.cost import CostTable
from auditor.trace.semantics import Semantics, orms_of


def project(files: Mapping[str, str], library: Iterable[tuple[str, str, dict[str, object]]] = ()) -> Project:
    """Files of an application, as text by path, indented as the test is; with what is known of libraries, if given."""
    texts = {path: textwrap.dedent(text) for path, text in files.items()}
    own = [(path, "app", lower(text.encode())) for path, text in texts.items() if path.endswith(".py")]
    interfaces = [(path, text) for path, text in texts.items() if path.endswith((".yaml", ".yml"))]
    return Project([*own, *library], interfaces)


def traced(made: Project) -> Trace:
    """What every endpoint of a project does, the library's facts known."""
    return analyse(made, discover(made), knowledge=load(), semantics=Semantics(orms=orms_of(made)))


def statements(trace: Trace) -> dict[str, dict[tuple[str, ...], tuple[int, int]]]:
    """By path: how many statements its endpoint runs, low and high, by the sizes that they grow with."""
    table = CostTable(trace.machine)
    return {
        root.entry.path: table.root(root).get("sql", {}) for root in trace.entries if root.entry is not None
    }
