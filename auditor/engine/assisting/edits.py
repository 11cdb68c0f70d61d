"""An assistant's edits as a patch: the one form there is, with the hashes that a person would have to compute."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Final

from pydantic import Field, ValidationError

from auditor.engine.assisting.answer import Answer, problem
from auditor.model.patch import Create, Patch, Replace
from auditor.model.value import Value
from auditor.repo.decode import decode
from auditor.repo.errors import Undecodable

MOST_EDITS: Final = 60
MOST_TEXT: Final = 200_000


class Edit(Value):
    """`search` must stand in `file` exactly once and becomes `replace`; or `create` is the text of a new file."""

    file: str = Field(min_length=1, max_length=500, description="By its path from the root of the target.")
    search: str = Field(default="", max_length=MOST_TEXT, description="Whole lines, as `source` gives them.")
    replace: str = Field(default="", max_length=MOST_TEXT, description="What stands there instead.")
    create: str | None = Field(default=None, max_length=MOST_TEXT, description="The text of a new file.")


def patch_of(edits: Sequence[Edit], read: Callable[[str], bytes | None], /, *, tree: str) -> Patch | Answer:
    """The patch, or what is wrong with an edit in words that help to mend it."""
    if not edits:
        return problem("there is no edit")
    if len(edits) > MOST_EDITS:
        return problem(
            f"{len(edits)} edits in one change",
            "one change at a time: hand in the smallest part that stands alone",
        )
    made: list[Replace | Create] = []
    for number, edit in enumerate(edits, start=1):
        content = read(edit.file)
        if edit.create is not None:
            if content is not None:
                return problem(f"edit {number}: {edit.file} exists already", "use `search` and `replace`")
            made.append(Create(file=edit.file, create=edit.create))
            continue
        if content is None:
            return problem(f"edit {number}: there is no file {edit.file!r}", "ask `files`, or give `create`")
        times = _times(edit.search, content)
        if times != 1:
            found = "does not stand" if times == 0 else f"stands {times} times"
            return problem(
                f"edit {number}: its search text {found} in {edit.file}{_where(edit.search, content)}",
                "ask `source` and copy the lines exactly, with enough of them to be unique",
            )
        made.append(
            Replace(
                file=edit.file,
                sha256=hashlib.sha256(content).hexdigest(),
                search=edit.search,
                replace=edit.replace,
            )
        )
    try:
        return Patch(base_tree=tree, edits=tuple(made))
    except ValidationError as error:
        return problem(f"the edits are no patch: {error.errors()[0]['msg']}")


def _times(search: str, content: bytes) -> int:
    try:
        return decode(content).text.count(search) if search else 0
    except Undecodable:
        return 0


def _where(search: str, content: bytes) -> str:
    """The lines in which it begins, where it stands several times."""
    text = decode(content).text if _times(search, content) > 1 else ""
    starts = [match.start() for match in re.finditer(re.escape(search), text)] if text else []
    numbers = [str(text.count("\n", 0, start) + 1) for start in starts[:4]]
    return f", from lines {', '.join(numbers)}" if numbers else ""
