"""Puts playbooks where assistants look for skills."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from auditor.bundle import bundled
from auditor.model.fault import Fault
from auditor.stages.playbook.shelf import SKILL, playbooks_in

FOLDERS: Final = (Path(".agents/skills"), Path(".claude/skills"))
"""Below a project or a home: where the common assistants look (agentskills.io)."""

Outcome = Literal["written", "unchanged", "differs"]


@dataclass(frozen=True, slots=True)
class Installed:
    """One skill in one folder."""

    path: Path
    outcome: Outcome
    """`differs`: a file of that name says something else, and was left alone."""


def install_skills(
    below: Path, /, *, folders: tuple[Path, ...] = FOLDERS, replace: bool = False
) -> list[Installed]:
    """Copies every bundled playbook below `below`; files that differ are replaced only with `replace`.

    Raises:
        Fault: a folder can't be written, or leads elsewhere by a link.
    """
    if not below.is_dir():
        raise Fault("there is no such folder", where=str(below))
    source = bundled("playbooks")
    names = [one.name for one in playbooks_in(source)]  # read first, so that nothing out of form is handed on
    return [
        _put((source / name / SKILL).read_bytes(), below, folder / name / SKILL, replace=replace)
        for folder in folders
        for name in names
    ]


def _put(content: bytes, below: Path, path: Path, *, replace: bool) -> Installed:
    place = below / path
    for parent in (place, *place.parents):
        if parent == below:
            break
        if parent.is_symlink():
            raise Fault("is a link: nothing is written through it", where=str(parent))
    try:
        if place.exists():
            same = hashlib.sha256(place.read_bytes()).digest() == hashlib.sha256(content).digest()
            if same or not replace:
                return Installed(path, "unchanged" if same else "differs")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    except OSError as error:
        raise Fault(f"can't be written: {error.strerror}", where=str(error.filename or place)) from error
    return Installed(path, "written")
