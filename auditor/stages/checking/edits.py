"""From edits that a model wrote to a patch that may be tried; every reason against it otherwise, in words that it can act on.

What is checked here costs nothing to run: the search texts match once, inside the change's files; the result parses; no constraint is broken and
no policy; it is not a patch that has failed already, in other words. The gates check all of it again.
"""

import difflib
import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from auditor.llm.redaction.vault import Vault, restored_edit
from auditor.model.constraint import Constraint
from auditor.model.patch import MAX_EDITS, Patch, Replace
from auditor.repo.decode import decode
from auditor.repo.errors import Undecodable
from auditor.stages.answers.implementation import CandidateWritten, EditWritten
from auditor.stages.checking.reaching_out import reaching_out
from auditor.stages.checking.relocating import relocated
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
    importable: frozenset[str] | None = None
    """Packages that the project uses: a patch adds no others. None where nobody knows."""
    vault: Vault = field(default_factory=Vault)
    """Knows the secrets that words stand for in what the model was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A candidate that may be tried."""

    idea: str
    patch: Patch
    files: tuple[Edited, ...]


def written(candidate: CandidateWritten, ground: Ground, /, *, change: str) -> Written | list[str]:
    """The candidate as a patch; what is wrong with it otherwise."""
    candidate = candidate.model_copy(update={"edits": [_homed(edit, ground) for edit in candidate.edits]})
    outside = sorted({edit.file for edit in candidate.edits} - set(ground.files))
    if outside:
        return [f"{path}: is no file of this change, which has {', '.join(ground.files)}" for path in outside]
    if not candidate.edits or len(candidate.edits) > MAX_EDITS:
        return [f"a patch has 1 to {MAX_EDITS} edits, this one has {len(candidate.edits)}"]
    empty = [edit.file for edit in candidate.edits if not edit.search.strip()]
    if empty:
        return [f"{path}: has an edit whose search text is blank" for path in empty]
    edits = [_edit(edit, ground) for edit in candidate.edits]
    wrong = [
        f"{edit.file}: {text}"
        for edit, text in zip(candidate.edits, edits, strict=True)
        if isinstance(text, str)
    ]
    if wrong:
        return wrong
    patch = Patch(base_tree=ground.tree, edits=tuple(edit for edit in edits if isinstance(edit, Replace)))
    applied = apply_patch(patch, ground.read)
    if isinstance(applied, Refused):
        near = [f"{reason}{_nearest(patch, reason.file, reason.kind, ground)}" for reason in applied.reasons]
        return [ground.vault.redact(text) for text in near]
    files = tuple(Edited(path, ground.read(path), applied.files[path]) for path in sorted(applied.files))
    problems = [ground.vault.redact(text) for text in _problems(patch, files, ground, change)]
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


def _homed(edit: EditWritten, ground: Ground) -> EditWritten:
    """The edit with its file as the change names it, where it is named by another way to the root: `/srv/app/`, `./`, `a/`."""
    said = edit.file.replace("\\", "/").removeprefix("./")
    if said in ground.files:
        return edit.model_copy(update={"file": said})
    if ".." in said.split("/") or ground.read(edit.file) is not None:
        return edit
    meant = [path for path in ground.files if said.endswith(f"/{path}")]
    return edit.model_copy(update={"file": meant[0]}) if len(meant) == 1 else edit


def _edit(edit: EditWritten, ground: Ground) -> Replace | str:
    """With the secrets back in their places; a word for one that is put elsewhere is a problem."""
    content = ground.read(edit.file) or b""
    texts = restored_edit(ground.vault, without_gutter(edit.search), without_gutter(edit.replace))
    if isinstance(texts, str):
        return texts
    search, replacement = map(exact, texts)
    search, replacement = _as_it_stands(content, search, replacement)
    return Replace(
        file=edit.file, sha256=hashlib.sha256(content).hexdigest(), search=search, replace=replacement
    )


def _as_it_stands(content: bytes, search: str, replacement: str) -> tuple[str, str]:
    """Both texts, with the blanks of the file where only those differ."""
    try:
        text = decode(content).text
    except Undecodable:
        return search, replacement
    return (None if search in text else relocated(text, search, replacement)) or (search, replacement)


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
    outward = [text for file in files for text in reaching_out(file, ground.importable)]
    if outward:
        return outward
    if normal_form(files) in ground.failed_forms:
        return ["this patch has failed already, in these or in other words"]
    return []


def _nearest(patch: Patch, path: str, kind: str, ground: Ground) -> str:
    """For a search text that is not there, the line that its first line is most like; for one that is there twice, in which lines."""
    text = (ground.read(path) or b"").decode("utf-8", "replace")
    if kind == "ambiguous":
        twice = [
            f"{edit.search.strip().split(chr(10))[0]!r} begins in lines {_listed(text, edit.search)}"
            for edit in patch.edits
            if isinstance(edit, Replace) and edit.file == path and text.count(edit.search) > 1
        ]
        return f": {', '.join(twice)}; take a line more, before or behind" if twice else ""
    if kind != "absent":
        return ""
    stripped = {line.strip(): line for line in text.split("\n") if line.strip()}
    for edit in patch.edits:
        if isinstance(edit, Replace) and edit.file == path and edit.search not in text:
            first = next((line.strip() for line in edit.search.split("\n") if line.strip()), "")
            near = difflib.get_close_matches(first, list(stripped), n=1, cutoff=0.6)
            return f"; the nearest line is {stripped[near[0]]!r}" if near else ""
    return ""


def _listed(text: str, search: str) -> str:
    starts = [match.start() for match in re.finditer(re.escape(search), text)]
    return " and ".join(str(text.count("\n", 0, start) + 1) for start in starts[:4])


def _alike(one: Written, other: Written) -> bool:
    left, right = ("\n".join(_added(written)) for written in (one, other))
    return difflib.SequenceMatcher(None, left, right, autojunk=False).ratio() >= ALIKE


def _added(one: Written) -> Sequence[str]:
    return [edit.replace for edit in one.patch.edits if isinstance(edit, Replace)]
