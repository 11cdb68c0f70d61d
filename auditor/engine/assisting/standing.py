"""The tree as it stands now, with the report on it: what every question but a trial is answered from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from auditor.engine.opening import opened
from auditor.engine.passes import Examined, examine
from auditor.engine.request import AuditRequest, Hushed, Notes
from auditor.index.symbols import Class, Function
from auditor.llm.redaction.withheld import is_withheld
from auditor.model.report import Report
from auditor.repo.decode import decode
from auditor.repo.errors import Undecodable

Symbols = Mapping[str, tuple[str, int, int]]
"""Qualified name → file, first and last line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One state of the target; a change that is kept makes another."""

    tree: str
    """Id of the tree, or empty for the folder as it stands."""
    report: Report
    symbols: Symbols
    paths: tuple[str, ...]
    """Every file that may be read, sorted."""
    read: Callable[[str], str | None]
    """The text of one of `paths`; None for what is not there or no text."""


def standing_of(
    request: AuditRequest,
    folder: Path,
    notes: Notes,
    /,
    *,
    tree: str,
    contents: Mapping[str, bytes],
) -> Standing:
    """Examines a folder that holds `contents`; the answers are those of an audit of it."""
    with opened(replace(request, path=folder, endpoints=(), ref=None)) as job:
        examined = examine(job, Hushed(notes))
    return Standing(
        tree=tree,
        report=examined.report,
        symbols=symbols_of(examined),
        paths=tuple(sorted(path for path in contents if not is_withheld(path))),
        read=Texts(contents),
    )


def symbols_of(examined: Examined) -> Symbols:
    """Functions and classes of the target's own modules."""
    found: dict[str, tuple[str, int, int]] = {}
    for module in examined.scene.trace.project.modules:
        if module.role == "library":
            continue
        symbols: list[Class | Function] = [*module.classes, *module.functions]
        for symbol in symbols:
            found.setdefault(symbol.qualname, (module.path, symbol.line, symbol.end_line))
    return found


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts of a tree by path."""

    contents: Mapping[str, bytes]

    def __call__(self, path: str, /) -> str | None:
        content = None if is_withheld(path) else self.contents.get(path)
        try:
            return None if content is None else decode(content).text
        except Undecodable:
            return None
