"""Many files copied or taken away by a program of the system's: a few hundred cost the interpreter a quarter of a second of CPU, and `cp` none of it."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

from auditor.execution.guest import Guest
from auditor.execution.ownership import own_copy
from auditor.execution.removal import remove_tree
from auditor.execution.tree_state import put_all
from auditor.model.fault import Fault

_FULL: Final = ("No space left on device", "Disk quota exceeded")
_ENV: Final = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}


def copy_whole(source: Path, target: Path, /, *, guest: Guest) -> None:
    """Copies all that is in `source` into the empty folder `target` and hands it to `guest`. No link is followed.

    `Fault` where it can't be, a full disk for one.
    """
    copy = shutil.which("cp", path=_ENV["PATH"])
    if copy is None:
        put_all(source, target, guest=guest)
        return
    ended = _run(copy, "-a", "--", f"{source}/.", str(target))
    if ended.returncode:
        said = ended.stderr.decode("utf-8", "replace").strip().splitlines()
        why = said[0].rpartition(": ")[2] if said else f"cp ended with {ended.returncode}"
        hint = "make room, or set AUDITOR_STATE_DIR to a folder where there is some" if why in _FULL else ""
        raise Fault(f"can't be copied: {why}", where=str(target), hint=hint)
    own_copy(target, guest)


def remove_whole(root: Path, /) -> None:
    """As `remove_tree`."""
    remove = shutil.which("rm", path=_ENV["PATH"])
    if remove is not None and root.is_dir() and not root.is_symlink():
        _run(remove, "-rf", "--one-file-system", "--", str(root))
    remove_tree(root)  # what it could not


def _run(*words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(words, env=_ENV, stdin=subprocess.DEVNULL, capture_output=True, check=False)  # noqa: S603  our own words
