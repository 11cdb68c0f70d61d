"""git in a folder of our own, where no setting of the target's or the user's can make it run a command."""

import os
import shutil
import subprocess
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from auditor.repo.errors import git_missing
from auditor.repo.scratch import drop_scratch, make_scratch

_OPTIONS: Final = (
    "--no-pager",
    "--no-replace-objects",
    "--literal-pathspecs",
    "-c", "core.fsmonitor=false",
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.attributesFile=/dev/null",
    "-c", "core.commitGraph=false",
    "-c", "protocol.allow=never",
    "-c", "credential.helper=",
    "-c", "submodule.recurse=false",
    "-c", "safe.bareRepository=explicit",
    "-c", "gc.auto=0",
    "-c", "maintenance.auto=false",
)  # fmt: skip
_PIECE: Final = 64 * 1024


class ShadowRepository:
    """A bare repository without a single setting of the target's: only its objects, and names read as text.

    Worker processes may share it; the process that made it removes its folder.
    """

    def __init__(self, git: str, folder: Path) -> None:
        self._git = git
        self._removal: weakref.finalize[..., ShadowRepository] | None = None
        self.folder = folder

    def __reduce__(self) -> tuple[type["ShadowRepository"], tuple[str, Path]]:
        """A copy in another process uses the folder and leaves it where it is."""
        return ShadowRepository, (self._git, self.folder)

    @classmethod
    def create(
        cls, objects: Path, *, refs: dict[str, str], head: str | None, avoid: Path
    ) -> "ShadowRepository":
        """`objects` is the target's object store; a git executable below `avoid` is not run.

        Raises:
            Fault: there is no git.
        """
        git = find_git(avoid)
        folder = make_scratch("git")
        shadow = cls(git, folder)
        shadow._removal = weakref.finalize(shadow, _remove, folder, os.getpid())
        ids = {len(commit) for commit in (*refs.values(), *([head] if head else []))}
        _write(folder, objects, refs=refs, head=head, sha256=64 in ids)
        return shadow

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Starts `git ARGUMENTS` with pipes for input and output; its complaints are dropped."""
        return subprocess.Popen(  # noqa: S603  an absolute path and fixed arguments
            [self._git, *_OPTIONS, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            env=self._environment(),
            # Ctrl-C is ours to handle: git ends when its pipes do.
            start_new_session=True,
        )

    def close(self) -> None:
        """Removes the folder, if this process made it."""
        if self._removal is not None:
            self._removal()

    def _environment(self) -> dict[str, str]:
        here = str(self.folder)
        return {
            "PATH": os.defpath,
            "HOME": here,
            "XDG_CONFIG_HOME": here,
            "LC_ALL": "C",
            "GIT_DIR": here,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_ALLOW_PROTOCOL": "none",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
        }


def _write(folder: Path, objects: Path, *, refs: dict[str, str], head: str | None, sha256: bool) -> None:
    info = folder / "objects" / "info"
    info.mkdir(parents=True)
    (folder / "refs").mkdir()
    (info / "alternates").write_bytes(_quoted(os.fsencode(objects)) + b"\n")
    names = "".join(f"{commit} {name}\n" for name, commit in sorted(refs.items()))
    (folder / "packed-refs").write_bytes(names.encode("utf-8", "surrogateescape"))
    (folder / "HEAD").write_text(f"{head or 'ref: refs/heads/none'}\n")
    form = "\trepositoryformatversion = 1\n[extensions]\n\tobjectformat = sha256\n" if sha256 else ""
    (folder / "config").write_text(f"[core]\n\tbare = true\n{form}")


def _remove(folder: Path, owner: int) -> None:
    # A forked worker inherits the finalizer, but not the folder.
    if os.getpid() == owner:
        drop_scratch(folder)


def find_git(avoid: Path) -> str:
    """The absolute path of git on PATH, passing over entries that are relative or below `avoid`.

    Raises:
        Fault: there is none.
    """
    for entry in os.environ.get("PATH", os.defpath).split(os.pathsep):
        if not os.path.isabs(entry):  # noqa: PTH117  an empty entry stands for the current folder
            continue
        found = shutil.which("git", path=entry)
        if found is not None and not Path(found).resolve().is_relative_to(avoid):
            return found
    raise git_missing()


def read_records(stream: IO[bytes], *, count: int, limit: int, seconds: float) -> Iterator[bytes]:
    """NUL-ended records of a process's output.

    Raises:
        OverflowError: more than `count` records or `limit` bytes, or more time than `seconds`.
    """
    deadline = time.monotonic() + seconds
    rest = b""
    while piece := os.read(stream.fileno(), _PIECE):
        *records, rest = (rest + piece).split(b"\0")
        limit -= len(piece)
        count -= len(records)
        if limit < 0 or count < 0 or time.monotonic() > deadline:
            raise OverflowError
        yield from records


def _quoted(path: bytes) -> bytes:
    """As git quotes a path in C style: a bare one may not hold a newline or begin with `#` or a quote."""
    return b'"' + b"".join(_escaped(byte) for byte in path) + b'"'


def _escaped(byte: int) -> bytes:
    char = bytes([byte])
    if char in b'"\\':
        return b"\\" + char
    return char if 0x20 <= byte < 0x7F else b"\\%03o" % byte
