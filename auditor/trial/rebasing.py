"""Carries a patch over to a tree that has moved on by changes of this run alone."""

import hashlib

from auditor.model.patch import Edit, Patch, Replace
from auditor.trial.patching import Read


def rebased(patch: Patch, written_for: Read, now: Read, /, *, tree: str = "") -> Patch:
    """`patch` with the hashes of `now`, for each file that it was written for as `written_for` has it.

    Whether its texts still stand there once is asked when it is applied; edits of any other state stay as they are, and are refused
    then.
    """

    def carried(edit: Edit) -> Edit:
        if not isinstance(edit, Replace) or edit.sha256 != _hash(written_for(edit.file)):
            return edit
        return edit.model_copy(update={"sha256": _hash(now(edit.file))})

    return patch.model_copy(
        update={"edits": tuple(map(carried, patch.edits)), "base_tree": tree or patch.base_tree}
    )


def _hash(content: bytes | None) -> str:
    return "" if content is None else hashlib.sha256(content).hexdigest()
