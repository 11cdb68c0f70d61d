"""From edits that a model wrote to a patch that may be tried; every reason against it otherwise, in words that it can act on.

What is checked here costs nothing to run: the search texts match once, inside the change's files; the result parses; no constraint is broken and
no policy; it is not a patch that has failed already, in other words. The gates check all of it again.
"""

import difflib
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from auditor.model.constraint import Constraint
from auditor.model.patch import MAX_EDITS, Patch, Replace
from auditor.stages.answers.implementation import CandidateWritten, EditWritten
from auditor.stages.checking.wording import sentence
from auditor.stages.prompting.shown import exact, without_gutter
from auditor.trial.candidate import Candidate
from auditor.trial.constraints.edited import Edited
from auditor.trial.gates.constraints import check_constraints
from auditor.trial.gates.parse import check_parse
from auditor.trial.gates.policy import check_policy
from auditor.trial.patching import Refused, apply_patch
from auditor.trial.repeating import normal_form

MOST_ADDED: Final = 400
"""Lines that one small change may add."""
ALIKE: Final = 0.97
"""Two candidates whose texts agree to this share are one, in two wordings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What edits are made on, and what they are held to."""

    read: Callable[[str], bytes | None]
    """A file of known-good."""
    tree: str
    """Its id."""
    files: tuple[str, ...]
    """Those of the change."""
    constraints: tuple[Constraint, ...] = ()
    failed_forms: frozenset[str] = frozenset()
    may_touch: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A candidate that may be tried."""

    idea: str
    patch: Patch
    files: tuple[Edited, ...]


def written(candidate: CandidateWritten, ground: Ground, /, *, change: str) -> Written | list[str]:
    """The candidate as a patch; what is wrong with it otherwise."""
    outside = sorted({edit.file for edit in candidate.edits} - set(ground.files))
    if outside:
        return [f"{path}: is no file of this change, which has {', '.join(ground.files)}" for path in outside]
    if not candidate.edits or len(candidate.edits) > MAX_EDITS:
        return [f"a patch has 1 to {MAX_EDITS} edits, this one has {len(candidate.edits)}"]
    empty = [edit.file for edit in candidate.edits if not edit.search.strip()]
    if empty:
        return [f"{path}: has an edit whose search text is blank" for path in empty]
    patch = Patch(base_tree=ground.tree, edits=tuple(_edit(edit, ground) for edit in candidate.edits))
    applied = apply_patch(patch, ground.read)
    if isinstance(applied, Refused):
        return [
            f"{reason}{_nearest(candidate, reason.file, reason.kind, ground)}" for reason in applied.reasons
        ]
    files = tuple(Edited(path, ground.read(path), applied.files[path]) for path in sorted(applied.files))
    problems = _problems(patch, files, ground, change)
    return problems or Written(idea=sentence(candidate.idea), patch=patch, files=files)


def without_copies(candidates: Iterable[Written], /) -> tuple[list[Written], int]:
    """The candidates that differ in more than words, in order, and how many were left out."""
    kept: list[Written] = []
    forms: set[str] = set()
    left_out = 0
    for one in candidates:
        form = normal_form(one.files)
        if form in forms or any(_alike(one, other) for other in kept):
            left_out += 1
        else:
            forms.add(form)
            kept.append(one)
    return kept, left_out


def _edit(edit: EditWritten, ground: Ground) -> Replace:
    content = ground.read(edit.file) or b""
    search, replacement = exact(without_gutter(edit.search)), exact(without_gutter(edit.replace))
    return Replace(
        file=edit.file, sha256=hashlib.sha256(content).hexdigest(), search=search, replace=replacement
    )


def _problems(patch: Patch, files: tuple[Edited, ...], ground: Ground, change: str) -> list[str]:
    added = sum(len(file.after.splitlines()) - len((file.before or b"").splitlines()) for file in files)
    if added > MOST_ADDED:
        return [f"adds {added} lines; one small change adds at most {MOST_ADDED}"]
    candidate = Candidate(
        change=change,
        patch=patch,
        files=files,
        allowed=ground.files,
        constraints=ground.constraints,
        may_touch=ground.may_touch,
    )
    for check in (check_parse, check_constraints, check_policy):
        result = check(candidate)
        if not result.lets_through:
            return list(result.evidence) or [result.text]
    if normal_form(files) in ground.failed_forms:
        return ["this patch has failed already, in these or in other words"]
    return []


def _nearest(candidate: CandidateWritten, path: str, kind: str, ground: Ground) -> str:
    """For a search text that is not there: the line of the file that its first line is most like."""
    if kind != "absent":
        return ""
    text = (ground.read(path) or b"").decode("utf-8", "replace")
    stripped = {line.strip(): line for line in text.split("\n") if line.strip()}
    for edit in candidate.edits:
        first = next((line.strip() for line in edit.search.split("\n") if line.strip()), "")
        if edit.file == path and exact(without_gutter(edit.search)) not in text:
            near = difflib.get_close_matches(first, list(stripped), n=1, cutoff=0.6)
            return f"; the nearest line is {stripped[near[0]]!r}" if near else ""
    return ""


def _alike(one: Written, other: Written) -> bool:
    left, right = ("\n".join(_added(written)) for written in (one, other))
    return difflib.SequenceMatcher(None, left, right, autojunk=False).ratio() >= ALIKE


def _added(one: Written) -> Sequence[str]:
    return [edit.replace for edit in one.patch.edits if isinstance(edit, Replace)]
