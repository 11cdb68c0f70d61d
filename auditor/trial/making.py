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
    """Old and new text of each stretch that differs, wide enough for the old one to stand in the file once."""
    rows = _rows(old.splitlines(keepends=True), new.splitlines(keepends=True))
    spans: list[tuple[int, int]] = []
    for index, (before, after) in enumerate(rows):
        if before == after:
            continue
        first, last = _widened(index, index + 1, rows, old)
        while spans and first <= spans[-1][1]:
            first, last = spans[-1][0], max(last, spans.pop()[1])
        spans.append((first, last))
    return [tuple("".join(parts) for parts in zip(*rows[first:last], strict=True)) for first, last in spans]  # type: ignore[misc]  # pairs


def _rows(old: list[str], new: list[str]) -> list[tuple[str, str]]:
    """The two texts side by side: a row for each line that stays, and one for each run of lines that changes."""
    rows: list[tuple[str, str]] = []
    for tag, start, stop, new_start, new_stop in difflib.SequenceMatcher(
        None, old, new, autojunk=False
    ).get_opcodes():
        if tag == "equal":
            rows += [(line, line) for line in old[start:stop]]
        else:
            rows.append(("".join(old[start:stop]), "".join(new[new_start:new_stop])))
    return rows


def _widened(first: int, last: int, rows: list[tuple[str, str]], old: str) -> tuple[int, int]:
    while first > 0 or last < len(rows):
        text = "".join(before for before, _ in rows[first:last])
        if text.strip() and old.find(text) == old.rfind(text):
            break
        first, last = max(first - 1, 0), min(last + 1, len(rows))
    return first, last
