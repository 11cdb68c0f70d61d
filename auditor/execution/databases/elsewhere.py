"""Data that a target keeps where nobody was told to look: it would be copied, read and compared by no one."""

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from auditor.execution.beneath import read_beneath
from auditor.execution.tree_state import Stamp
from auditor.model.fault import Fault

_BEGINS: Final = b"SQLite format 3\x00"
"""https://www.sqlite.org/fileformat.html, 1.3."""
_SHOWN: Final = 3


def refuse_data_elsewhere(tree: Path, found: Mapping[str, Stamp], /) -> None:
    """For a target whose SQLite file was not made where it was told: `Fault` when `tree` holds such files of its own."""
    files = [
        path
        for path, stamp in sorted(found.items())
        if stat.S_ISREG(stamp.mode) and stamp.size > len(_BEGINS) and _is_database(tree, path)
    ]
    if files:
        more = f" and {len(files) - _SHOWN} more" if len(files) > _SHOWN else ""
        raise Fault(
            f"the target keeps its data in {', '.join(files[:_SHOWN])}{more}, and not in the database that it is told",
            where="auditor.toml: database",
            hint=f'say which file is its database: path = "{files[0]}"',
        )


def _is_database(tree: Path, path: str) -> bool:
    try:
        return read_beneath(tree, path, limit=len(_BEGINS)) == _BEGINS
    except OSError:
        return False
