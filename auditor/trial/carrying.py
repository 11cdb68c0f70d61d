"""From what a run has kept to what the user's tree becomes: each change carried over to how the tree stands now.

The user's branch may have moved since the run began, and may hold a change already, or one that was taken out since. Nothing is
guessed: a change is carried over where its texts stand once, and where the functions that it changes read as they did when it was proved.
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from auditor.model.patch import Create
from auditor.repo.decode import decode
from auditor.repo.errors import Undecodable
from auditor.repo.syntax import syntax_tree
from auditor.trial.ledger import KeptChange, Ledger
from auditor.trial.making import patch_between
from auditor.trial.patching import Read, Refused, apply_patch
from auditor.trial.rebasing import rebased
from auditor.trial.trees import TreeStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What becomes of one change on the user's tree."""

    kept: KeptChange
    what: Literal["added", "taken back", "there already", "refused"]
    files: Mapping[str, bytes | None] = field(default_factory=dict)
    """New content by path; None removes the file."""
    reason: str = ""
    """Why it was refused, or why it was taken out."""


def carry_over(
    ledger: Ledger, store: TreeStore, now: Read, /, *, stands: Callable[[KeptChange], str] = lambda _: ""
) -> tuple[Carried, ...]:
    """Takes back what was delivered and undone since, then adds what is kept, each on what those before it made.

    Args:
        ledger: of the run.
        store: its trees.
        now: the user's files as they are, by path.
        stands: why a change has lost its reason on the user's tree; empty where it has not.
    """
    made: list[Carried] = []
    files: dict[str, bytes | None] = {}

    def read(path: str) -> bytes | None:
        return files[path] if path in files else now(path)

    for undone in reversed(_to_take_back(ledger)):
        one = _taken_back(undone, ledger, store, read)
        if one is not None:
            made.append(one)
            files |= one.files
    for kept in ledger.kept:
        one = _added(kept, store, read, stands)
        made.append(one)
        files |= one.files
    return tuple(made)


def _to_take_back(ledger: Ledger) -> list[KeptChange]:
    """Delivered once, and not part of known-good in that form any more."""
    given = {_key(one.kept): one.kept for one in ledger.delivered}
    for kept in ledger.kept:
        given.pop(_key(kept), None)
    return list(given.values())


def _key(kept: KeptChange) -> tuple[str, str]:
    """A change and what it does to the text, whatever else stands in its files."""
    return kept.change, "\n".join(
        sorted(edit.model_dump_json(exclude={"sha256"}) for edit in kept.patch.edits)
    )


def _taken_back(kept: KeptChange, ledger: Ledger, store: TreeStore, read: Read) -> Carried | None:
    because = next((one.because for one in reversed(ledger.undone) if one.kept.change == kept.change), "")
    back = _reversed(kept, store, read)
    if isinstance(back, str):
        forward = _forward(kept, store, read)
        if not isinstance(forward, str):
            return None  # the user's tree does not have it
        return Carried(kept=kept, what="refused", reason=f"can't be taken back: {back}")
    return Carried(kept=kept, what="taken back", files=back, reason=because)


def _added(kept: KeptChange, store: TreeStore, read: Read, stands: Callable[[KeptChange], str]) -> Carried:
    if not isinstance(_reversed(kept, store, read), str):
        return Carried(kept=kept, what="there already")
    forward = _forward(kept, store, read)
    why = forward if isinstance(forward, str) else _moved(kept, store, read) or stands(kept)
    if why or isinstance(forward, str):
        return Carried(kept=kept, what="refused", reason=why)
    return Carried(kept=kept, what="added", files=forward)


def _forward(kept: KeptChange, store: TreeStore, read: Read) -> dict[str, bytes | None] | str:
    """The files with the change, or why it does not fit."""
    assert kept.before is not None
    applied = apply_patch(rebased(kept.patch, partial(store.read, kept.before), read), read)
    if isinstance(applied, Refused):
        return "; ".join(str(reason) for reason in applied.reasons)
    return dict(applied.files)


def _reversed(kept: KeptChange, store: TreeStore, read: Read) -> dict[str, bytes | None] | str:
    """The files without the change, or why it can't be told from the rest."""
    assert kept.before is not None
    made = {edit.file for edit in kept.patch.edits if isinstance(edit, Create)}
    gone: dict[str, bytes | None] = {}
    with_it: dict[str, bytes | None] = {}
    without: dict[str, str] = {}
    for path in kept.patch.files:
        before, after = store.read(kept.before, path), store.read(kept.tree, path)
        if path in made and not before:
            if read(path) != after:
                return f"{path}: is not as it was made"
            gone[path] = before
            continue
        try:
            without[path] = decode(before or b"").text
        except Undecodable as error:
            return f"{path}: {error.why}"
        with_it[path] = after
    if without:
        try:
            back = patch_between(with_it, without)
        except ValueError:
            return "it changes nothing"
        applied = apply_patch(rebased(back, partial(store.read, kept.tree), read), read)
        if isinstance(applied, Refused):
            return "; ".join(str(reason) for reason in applied.reasons)
        gone |= applied.files
    return gone


def _moved(kept: KeptChange, store: TreeStore, read: Read) -> str:
    """Which function that the change is about reads otherwise now than when the change was proved."""
    assert kept.before is not None
    for path in kept.patch.files:
        before, now = store.read(kept.before, path), read(path)
        if before is None or now is None or before == now:
            continue
        for name, text in _touched(before, store.read(kept.tree, path) or b"").items():
            if _functions(now).get(name) != text:
                return f"{path}: `{name}`, which it changes, reads otherwise than when it was proved"
    return ""


def _touched(before: bytes, after: bytes) -> dict[str, str]:
    """The functions of the old file that the change is in."""
    old, new = _functions(before), _functions(after)
    return {name: text for name, text in old.items() if new.get(name) != text}


def _functions(content: bytes) -> dict[str, str]:
    """By qualified name, what each function is but for formatting and comments; nothing for what is no Python."""
    tree = syntax_tree(content)
    if tree is None:
        return {}
    found: dict[str, str] = {}
    stack: list[tuple[str, ast.AST]] = [("", tree)]
    while stack:
        path, node = stack.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                name = f"{path}.{child.name}".lstrip(".")
                if not isinstance(child, ast.ClassDef):
                    found[name] = ast.dump(child)
                stack.append((name, child))
            else:
                stack.append((path, child))
    return found
