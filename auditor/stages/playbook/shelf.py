"""Where playbooks stand: those that come with auditor, and those that runs on a target were distilled into."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Final

from auditor.bundle import bundled
from auditor.model.fault import Fault
from auditor.model.playbook import Playbook
from auditor.stages.playbook.skill import read_skill, write_skill

SKILL: Final = "SKILL.md"
_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def bundled_playbooks() -> tuple[Playbook, ...]:
    """Those that come with auditor, by name."""
    return playbooks_in(bundled("playbooks"))


def playbooks_in(folder: Path, /) -> tuple[Playbook, ...]:
    """Every playbook of a folder of skills, by name; none where there is no such folder.

    Raises:
        Fault: one of them is not in form.
    """
    if not folder.is_dir():
        return ()
    found = sorted(entry for entry in folder.iterdir() if (entry / SKILL).is_file())
    return tuple(_read(entry) for entry in found)


def all_playbooks(learnt: Path | None = None, /) -> tuple[Playbook, ...]:
    """The bundled ones and those of `learnt`; of two with one name the one that was learnt on the target."""
    every = {one.name: one for one in bundled_playbooks()}
    every |= {one.name: one for one in (() if learnt is None else playbooks_in(learnt))}
    return tuple(every[name] for name in sorted(every))


def playbook_named(name: str, playbooks: tuple[Playbook, ...], /) -> Playbook:
    """The one of that name.

    Raises:
        Fault: there is none; the nearest name is in the hint.
    """
    found = next((one for one in playbooks if one.name == name), None)
    if found is not None:
        return found
    near = difflib.get_close_matches(name, [one.name for one in playbooks], n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise Fault(f"there is no playbook {name!r}", hint=f"{hint}`auditor playbook list` names them all")


def put_on_shelf(playbook: Playbook, folder: Path, /) -> Path:
    """Writes a playbook to `folder/<name>/SKILL.md` in one step; the file's path."""
    if _NAME.fullmatch(playbook.name) is None:
        raise Fault(f"{playbook.name!r} is no name for a playbook", hint="lower case, digits and hyphens")
    place = folder / playbook.name
    place.mkdir(parents=True, exist_ok=True)
    partial = place / f".{SKILL}.new"
    partial.write_text(write_skill(playbook), encoding="utf-8")
    return partial.replace(place / SKILL)


def _read(folder: Path) -> Playbook:
    path = folder / SKILL
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Fault(f"this playbook can't be read: {error}", where=str(path)) from None
    return read_skill(text, folder=folder.name, where=str(path))
