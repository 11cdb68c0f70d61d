"""Switches without which the application ends itself as it is imported: `if not settings.terms_accepted: sys.exit(1)`."""

from collections.abc import Iterator, Sequence
from typing import Final

from auditor.execution.detect.clue import Clue
from auditor.execution.detect.reading import Read, children, dotted
from auditor.index import ir
from auditor.index.ir import Node
from auditor.index.project import Project

_ENDS: Final = frozenset({"sys.exit", "exit", "quit", "os._exit"})
_OFF: Final = frozenset({"False", "0", ""})


def switches(project: Project, found: Sequence[Read], /) -> tuple[Clue[tuple[str, str]], ...]:
    """Each that is off by itself, with the value that lets the application start."""
    off = {read.name: read for read in found if read.kind == "bool" and read.default in _OFF}
    clues: dict[str, Clue[tuple[str, str]]] = {}
    for module in project.modules if off else ():
        if module.role not in {"app", "config"}:
            continue
        for statement in module.body:
            name = _asked(statement)
            if name in off and name not in clues:
                place = f"{module.path}:{statement[1]}"
                clues[name] = Clue((name, "true"), place, 0.8, "it ends itself without")
    return tuple(clues[name] for name in sorted(clues))


def _asked(statement: Node) -> str:
    """The variable of a setting without which a statement ends the process; empty for any other statement."""
    if statement[0] != ir.IF or statement[3][0] != ir.NOT or not any(map(_ends, statement[4])):
        return ""
    asked = statement[3][2]
    return str(asked[3]).upper() if asked[0] == ir.ATTR else ""


def _ends(statement: Node) -> bool:
    return any(
        node[0] == ir.RAISE or (node[0] == ir.CALL and dotted(node[2]) in _ENDS)
        for node in _within(statement)
    )


def _within(statement: Node) -> Iterator[Node]:
    yield statement
    for child in children(statement):
        yield from _within(child)
