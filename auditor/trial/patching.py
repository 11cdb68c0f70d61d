"""Applies a patch to files in memory: nothing is written, and nothing is applied in part."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from auditor.model.patch import Create, Edit, Patch, Replace
from auditor.repo.decode import Decoded, decode
from auditor.repo.errors import Undecodable
from auditor.trial.path_rules import path_problem
from auditor.trial.refusal import Refusal, RefusalKind

MAX_FILE_BYTES: Final = 4 << 20

Read = Callable[[str], bytes | None]
"""The content of a file of the tree by its path; None when there is none."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What the patch makes of the tree."""

    files: dict[str, bytes]
    """New content by path, only of files that differ."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why it makes nothing of it; never empty."""

    reasons: tuple[Refusal, ...]


def apply_patch(patch: Patch, read: Read, /) -> Applied | Refused:
    """The files that `patch` changes; every reason that speaks against it otherwise."""
    by_file: dict[str, list[Edit]] = defaultdict(list)
    for edit in patch.edits:
        by_file[edit.file].append(edit)
    files: dict[str, bytes] = {}
    reasons: list[Refusal] = []
    for path in sorted(by_file):
        made = _apply_to_file(path, by_file[path], read)
        if isinstance(made, bytes):
            files[path] = made
        else:
            reasons += made
    reasons += _clashes(by_file)
    if not reasons:
        files = {path: content for path, content in files.items() if content != read(path)}
        if not files:
            reasons.append(_refusal("empty", patch.files[0], "the patch changes nothing"))
    return Refused(tuple(reasons)) if reasons else Applied(files)


def _apply_to_file(path: str, edits: list[Edit], read: Read) -> bytes | list[Refusal]:
    problem = path_problem(path)
    if problem is not None:
        return [_refusal("path", path, problem)]
    before = read(path)
    creating = [edit for edit in edits if isinstance(edit, Create)]
    if creating:
        if before:
            return [_refusal("exists", path, "is to be made, and is there already")]
        if len(edits) > 1:
            return [_refusal("overlap", path, "is made and edited by the same patch")]
        return creating[0].create.encode()
    if before is None:
        return [_refusal("missing", path, "is not in the tree")]
    if len(before) > MAX_FILE_BYTES:
        return [
            _refusal("too-large", path, f"has {len(before):,} bytes, over the limit of {MAX_FILE_BYTES:,}")
        ]
    return _replace(path, before, [edit for edit in edits if isinstance(edit, Replace)])


def _replace(path: str, before: bytes, edits: list[Replace]) -> bytes | list[Refusal]:
    actual = hashlib.sha256(before).hexdigest()
    if any(edit.sha256 != actual for edit in edits):
        text = "is not the file that the patch was written for: its content has changed"
        return [_refusal("stale", path, text)]
    try:
        form = decode(before)
    except Undecodable as error:
        return [_refusal("binary", path, error.why)]
    spans: list[tuple[int, int, bytes]] = []
    reasons: list[Refusal] = []
    for edit in edits:
        try:
            search, replacement = _as_in(form, edit.search), _as_in(form, edit.replace)
        except UnicodeEncodeError as error:
            reasons.append(
                _refusal("encoding", path, f"is {form.encoding}, which has no {error.object[error.start]!r}")
            )
            continue
        at = before.find(search)
        if at < 0:
            reasons.append(_refusal("absent", path, f"does not hold {_short(edit.search)}"))
        elif before.find(search, at + 1) >= 0:
            reasons.append(_refusal("ambiguous", path, f"holds {_short(edit.search)} more than once"))
        else:
            spans.append((at, at + len(search), replacement))
    spans.sort()
    if any(left[1] > right[0] for left, right in pairwise(spans)):
        reasons.append(_refusal("overlap", path, "has edits that overlap"))
    return reasons or _spliced(before, spans)


def _spliced(before: bytes, spans: Iterable[tuple[int, int, bytes]]) -> bytes:
    parts: list[bytes] = []
    end = 0
    for start, stop, replacement in spans:
        parts += [before[end:start], replacement]
        end = stop
    return b"".join([*parts, before[end:]])


def _as_in(form: Decoded, text: str) -> bytes:
    """`text` in the file's encoding and with its line ends: a patch is written with line feeds, whatever the file has."""
    newline = form.newline if form.newline in {"\r", "\r\n"} else "\n"
    return text.replace("\r\n", "\n").replace("\n", newline).encode(form.encoding)


def _clashes(by_file: dict[str, list[Edit]]) -> list[Refusal]:
    """Files that some file systems can't tell apart, and files below what is a file itself."""
    seen: dict[str, str] = {}
    reasons = []
    for path in sorted(by_file):
        other = seen.setdefault(path.casefold(), path)
        if other != path:
            reasons.append(_refusal("path", path, f"differs from {other} only by case"))
    made = {path for path, edits in by_file.items() if any(isinstance(edit, Create) for edit in edits)}
    for path in sorted(by_file):
        parts = path.split("/")
        above = {"/".join(parts[:depth]) for depth in range(1, len(parts))}
        if above & made:
            reasons.append(_refusal("path", path, "lies below a file that the patch makes"))
    return reasons


def _refusal(kind: RefusalKind, path: str, text: str) -> Refusal:
    return Refusal(kind=kind, file=path, text=text)


def _short(text: str) -> str:
    line = text.strip().partition("\n")[0]
    return repr(line if len(line) <= 60 else f"{line[:57]}…")
