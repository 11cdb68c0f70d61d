"""Whose lines an error went through, where it could not be seen again."""

import difflib
from dataclasses import dataclass
from typing import Literal

from auditor.execution.root_error import RootError
from auditor.repo.decode import decode
from auditor.trial.ledger import Ledger
from auditor.trial.trees import Tree, TreeStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A kept change, and what speaks for its guilt."""

    change: str
    title: str
    why: Literal["line", "file"]
    """`line`: it wrote the line that raised. `file`: it has changed the file that raised."""


def suspects_of(root: RootError, ledger: Ledger, store: TreeStore, /) -> tuple[Suspect, ...]:
    """Who wrote the line first; nobody where the error was raised outside what was changed."""
    frame = root.frame
    if frame is None or ledger.baseline is None:
        return ()
    found: list[Suspect] = []
    line: int | None = frame.line
    for at in reversed(range(len(ledger.kept))):
        one = ledger.kept[at]
        before = ledger.kept[at - 1].tree if at else ledger.baseline
        if frame.file not in one.patch.files:
            continue
        line, wrote = _line_before(store, before, one.tree, frame.file, line)
        found.append(Suspect(change=one.change, title=one.title, why="line" if wrote else "file"))
    return tuple(sorted(found, key=lambda one: one.why == "file"))


def _line_before(
    store: TreeStore, old: Tree, new: Tree, file: str, line: int | None
) -> tuple[int | None, bool]:
    """The line's number in the tree before, None where it is not there; and whether it was written by what lies between."""
    if line is None:
        return None, False
    before, after = (_rows(store.read(tree, file)) for tree in (old, new))
    for tag, start, _, first, last in difflib.SequenceMatcher(
        None, before, after, autojunk=False
    ).get_opcodes():
        if first < line <= last:
            return (start + line - first, False) if tag == "equal" else (None, True)
    return None, False


def _rows(content: bytes | None) -> list[str]:
    return [] if content is None else decode(content).text.splitlines()
