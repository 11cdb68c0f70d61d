"""Makes the patch that leads from one state of some files to another."""

import difflib
import hashlib
from collections.abc import Mapping

from auditor.model.patch import Create, Edit, Patch, Replace
from auditor.repo.decode import decode


def patch_between(
    before: Mapping[str, bytes | None], after: Mapping[str, str], /, *, base_tree: str = ""
) -> Patch:
    """The smallest edits by whole lines whose search texts match once; None in `before`, or nothing, is a file to be made.

    `after` has line feeds only; the files' own line ends come back when the patch is applied.

    Raises:
        ValueError: nothing differs.
    """
    edits: list[Edit] = []
    for path in sorted(after):
        content = before.get(path)
        if not content:
            if after[path] or content is None:
                edits.append(Create(file=path, create=after[path]))
            continue
        digest = hashlib.sha256(content).hexdigest()
        old = decode(content).text
        edits += [
            Replace(file=path, sha256=digest, search=search, replace=replacement)
            for search, replacement in _hunks(old, after[path])
        ]
    if not edits:
        raise ValueError("the files do not differ")
    return Patch(base_tree=base_tree, edits=tuple(edits))


def _hunks(old: str, new: str) -> list[tuple[str, str]]:
    if old == new:
        return []
    old_lines, new_lines = old.splitlines(keepends=True), new.splitlines(keepends=True)
    spans: list[tuple[int, int, int, int]] = []
    matcher = difflib.SequenceMatcher(None, old_lines, new_lines, autojunk=False)
    for tag, start, stop, new_start, new_stop in matcher.get_opcodes():
        if tag != "equal":
            spans.append((start, stop, new_start, new_stop))
    widened = [_widened(span, old, old_lines) for span in spans]
    merged: list[tuple[int, int, int, int]] = []
    for start, stop, new_start, new_stop in widened:
        if merged and start <= merged[-1][1]:
            first = merged.pop()
            joined = (first[0], max(first[1], stop), first[2], max(first[3], new_stop))
            merged.append(joined)
        else:
            merged.append((start, stop, new_start, new_stop))
    return [
        ("".join(old_lines[start:stop]), "".join(new_lines[new_start:new_stop]))
        for start, stop, new_start, new_stop in merged
    ]


def _widened(span: tuple[int, int, int, int], old: str, lines: list[str]) -> tuple[int, int, int, int]:
    """With as many lines before and after as it takes for the text to stand there once."""
    start, stop, new_start, new_stop = span
    while start > 0 or stop < len(lines):
        text = "".join(lines[start:stop])
        if text.strip() and old.find(text) == old.rfind(text) and text:
            break
        if start > 0:
            start, new_start = start - 1, new_start - 1
        if stop < len(lines):
            stop, new_stop = stop + 1, new_stop + 1
    return start, stop, new_start, new_stop
