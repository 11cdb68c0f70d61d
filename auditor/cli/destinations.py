"""Where the results of an audit go: which form to standard output, which to which file."""

import contextlib
import os
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auditor.cli.formats import SCREEN, format_of_file, known_suffixes
from auditor.cli.own_results import AUDITED, Forms, is_earlier_result
from auditor.model.fault import Fault

PLAN_FILE: Final = "auditor-plan.md"


@dataclass(frozen=True, slots=True)
class Destinations:
    """What is written where."""

    screen: str | None
    """The form for standard output; None when files take it all."""
    files: tuple[tuple[Path, str], ...] = ()
    plan: Path | None = None
    """The plan that goes with a screen: written unless something else lies there."""


def choose_destinations(
    *,
    wanted: str | None,
    outputs: Sequence[str],
    is_terminal: bool,
    writes_plan: bool,
    tree: Path | None = None,
) -> Destinations:
    """Decides by the flags and by where standard output leads; `Fault` for a file that can't be written.

    Without flags a terminal gets a screen with the plan beside it, a pipe gets markdown. With files, a terminal
    gets the screen alone and a pipe nothing. A file has the form of its suffix; ``--format`` is for a single
    file, or for those whose suffix says nothing. Nothing of the target `tree` is written over but an earlier
    result, and no link in it is followed out of it.
    """
    files = tuple((Path(name), _form_of(Path(name), wanted, alone=len(outputs) == 1)) for name in outputs)
    for path, _ in files:
        _check_writable(path)
        if tree is not None:
            _check_place(path, tree, AUDITED)
    if files:
        return Destinations(SCREEN if is_terminal else None, files)
    if wanted is not None:
        return Destinations(wanted)
    if not is_terminal:
        return Destinations("markdown")
    return Destinations(SCREEN, plan=Path(PLAN_FILE) if writes_plan else None)


def check_output(path: Path | None, tree: Path, /, earlier: Forms) -> None:
    """`Fault`, before any work, where `--output` can't or must not write: over what is in `tree` and no earlier result.

    `earlier` are the forms of results that may be replaced (`auditor.cli.own_results`). Without a path nothing is checked.
    """
    if path is not None:
        _check_writable(path)
        _check_place(path, tree, earlier)


def write_whole(path: Path, text: str, /) -> None:
    """Writes `text` to `path` at once or not at all; `Fault` when that fails."""
    data = text.encode("utf-8", "replace")
    try:
        if path.exists() and not stat.S_ISREG(path.stat().st_mode):
            path.write_bytes(data)  # /dev/stdout, a named pipe: nothing there to be replaced
            return
        _replace(path.resolve(), data)  # through a link, to what it names
    except OSError as error:
        raise Fault(f"can't be written: {error.strerror or error}", where=str(path)) from error


def _replace(path: Path, data: bytes) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        Path(name).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _form_of(path: Path, wanted: str | None, *, alone: bool) -> str:
    by_suffix = format_of_file(path)
    form = (wanted or by_suffix) if alone else (by_suffix or wanted)
    if form is not None:
        return form
    hint = f"use one of {known_suffixes()}, or name the form with --format"
    raise Fault("its suffix says nothing about the format", where=f"--output {path}", hint=hint)


def _check_writable(path: Path) -> None:
    """Now, not after minutes of work."""
    where = f"--output {path}"
    try:
        path.stat()
    except FileNotFoundError:
        pass
    except OSError as error:  # a link that leads to itself, a name that is too long
        raise Fault(f"can't be written: {error.strerror or error}", where=where) from error
    if path.is_dir():
        raise Fault("is a directory", where=where, hint="name a file in it")
    if not path.parent.is_dir():
        raise Fault("its folder does not exist", where=where, hint=f"create {path.parent} first")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise Fault("can't be written: no permission", where=where)


def _check_place(path: Path, tree: Path, earlier: Forms) -> None:
    """A link in the target was made by whoever wrote the target, and its files are not for us to replace."""
    where, top = f"--output {path}", Path(os.path.realpath(tree))
    tops = (Path(os.path.abspath(tree)), top)  # noqa: PTH100  without following links, as the path was written
    if not any(Path(os.path.abspath(path)).is_relative_to(one) for one in tops):  # noqa: PTH100  as above
        return
    leads_to = Path(os.path.realpath(path))
    if not leads_to.is_relative_to(top):
        raise Fault(
            f"is a link of the target's, and leads out of it to {leads_to}",
            where=where,
            hint="name another file",
        )
    if leads_to.is_file() and not is_earlier_result(leads_to, earlier):
        raise Fault("is a file of the target, and no earlier result", where=where, hint="name another file")
