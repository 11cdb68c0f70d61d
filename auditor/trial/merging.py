"""Builds a patch anew on a tree that has moved on by changes of this run, hunk by hunk.

A search text holds lines beside those that it changes, so that it stands in the file once; where a kept change has altered these, or has
added a text like it, nothing of the patch fits any more though nothing clashes. What is changed by neither is carried by its place then.
The outcome is a patch of its own, which goes through every gate: nothing here has to know what the lines mean.
"""

import difflib
from dataclasses import dataclass
from typing import Final

from auditor.model.patch import Create, Patch
from auditor.repo.decode import decode
from auditor.repo.errors import Undecodable
from auditor.trial.making import patch_between
from auditor.trial.patching import MAX_FILE_BYTES, Applied, Read, Refused, apply_patch
from auditor.trial.rebasing import rebased

_IMPORTING: Final = ("import ", "from ")


@dataclass(frozen=True, slots=True)
class _Hunk:
    """Lines `start` to `stop` of the old text become `lines`."""

    start: int
    stop: int
    lines: tuple[str, ...]


def merged(patch: Patch, written_for: Read, now: Read, /, *, tree: str = "") -> Patch:
    """As `rebased`; where that does not fit, the hunks of the patch beside those that led from `written_for` to `now`.

    Where both alter the same lines, or put something other than imports at the same place, it stays what `rebased` gives, and is
    refused when it is applied. A change that stands there already is left out.
    """
    carried = rebased(patch, written_for, now, tree=tree)
    if isinstance(apply_patch(carried, now), Applied):
        return carried
    made = apply_patch(patch, written_for)
    if isinstance(made, Refused) or any(isinstance(edit, Create) and now(edit.file) for edit in patch.edits):
        return carried
    before: dict[str, bytes | None] = {}
    after: dict[str, str] = {}
    for path, content in made.files.items():
        before[path] = now(path)
        text = _merged(written_for(path), before[path], content)
        if text is None:
            return carried
        after[path] = text
    try:
        return patch_between(before, after, base_tree=carried.base_tree)
    except ValueError:
        return carried  # it changes nothing any more


def _merged(old: bytes | None, ours: bytes | None, theirs: bytes) -> str | None:
    if not old or ours is None:
        return decode(theirs).text if ours is None and not old else None
    if max(map(len, (old, ours, theirs))) > MAX_FILE_BYTES:
        return None
    try:
        lines, our_lines, their_lines = (
            decode(one).text.splitlines(keepends=True) for one in (old, ours, theirs)
        )
    except Undecodable:
        return None
    kept, wanted = _hunks(lines, our_lines), _hunks(lines, their_lines)
    wanted = [one for one in wanted if one not in kept]
    if any(_clash(one, other) for one in wanted for other in kept):
        return None
    # From the end, so that earlier numbers stay true; at one place the kept ones come first in the text.
    ordered = sorted([(one.start, one.stop, 1, one) for one in wanted] + [(one.start, one.stop, 0, one) for one in kept],
                     key=lambda each: each[:3], reverse=True)  # fmt: skip
    for _, _, _, one in ordered:
        lines[one.start : one.stop] = one.lines
    return "".join(lines)


def _hunks(old: list[str], new: list[str]) -> list[_Hunk]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return [
        _Hunk(start, stop, tuple(new[new_start:new_stop]))
        for tag, start, stop, new_start, new_stop in matcher.get_opcodes()
        if tag != "equal"
    ]


def _clash(one: _Hunk, other: _Hunk) -> bool:
    if one.start == other.start and one.start == one.stop and other.start == other.stop:
        return not all(line.startswith(_IMPORTING) for line in (*one.lines, *other.lines))
    if (
        one.start == one.stop or other.start == other.stop
    ):  # something is put in: not within what the other changes
        inner, outer = (one, other) if one.start == one.stop else (other, one)
        return outer.start < inner.start < outer.stop
    return one.start < other.stop and other.start < one.stop
