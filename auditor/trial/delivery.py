"""Kept changes as patch files, one each, as `git am` reads them."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import auditor
from auditor.trial.ledger import KeptChange, Ledger
from auditor.trial.trees import TreeStore

_MARK: Final = "From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001"
"""The line that `git am` knows a mail box by; the date is git's own constant."""
_DATE: Final = "Thu, 1 Jan 1970 00:00:00 +0000"
"""The same run gives the same bytes; `git am` sets the committer's date."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """One change, ready to be written."""

    name: str
    """Of the file: `0001-load-the-location-with-the-spaces.patch`."""
    content: bytes


def deliver(ledger: Ledger, store: TreeStore, /) -> tuple[Delivered, ...]:
    """Every kept change in the order in which they stand on each other."""
    assert ledger.baseline is not None or not ledger.kept
    made = []
    before = ledger.baseline
    for number, change in enumerate(ledger.kept, 1):
        assert before is not None
        diff = store.difference(before, change.tree)
        made.append(
            Delivered(
                f"{number:04}-{_slug(change.title)}.patch", _mail(change, number, len(ledger.kept), diff)
            )
        )
        before = change.tree
    return tuple(made)


def edited_since(ledger: Ledger, store: TreeStore, read: Callable[[str], bytes | None], /) -> tuple[str, ...]:
    """Files of the kept changes that the user has edited since the run began; `read` reads the user's tree."""
    if ledger.baseline is None or not ledger.kept:
        return ()
    touched = sorted({path for change in ledger.kept for path in change.patch.files})
    return tuple(path for path in touched if _hash(read(path)) != _hash(store.read(ledger.baseline, path)))


def message(kept: KeptChange, ledger: Ledger, /, *, taken_back: str | None = None) -> str:
    """Of a commit: what it changes, the verdict, what it gained; for `taken_back`, why it is taken out again."""
    title = _line(kept.title)
    if taken_back is not None:
        return f"Take back: {title}\n\n{kept.change}: {_line(taken_back) or 'undone'}.\n"
    since = f" against {ledger.source_commit[:12]}" if ledger.source_commit else ""
    lines = [
        title,
        "",
        f"{kept.change}: {_line(kept.verdict.text)}{since}, in run {ledger.run}.",
        *_gains(kept),
    ]
    return "\n".join(lines) + "\n"


def _mail(change: KeptChange, number: int, total: int, diff: bytes) -> bytes:
    head = [
        _MARK,
        "From: auditor <auditor@localhost>",
        f"Date: {_DATE}",
        f"Subject: [PATCH {number}/{total}] {_line(change.title)}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=UTF-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        f"{change.change}: {_line(change.verdict.text)}.",
        *_gains(change),
        "---",
        "",
    ]
    return "\n".join(head).encode() + b"\n" + diff + f"-- \nauditor {auditor.__version__}\n".encode()


def _gains(change: KeptChange) -> list[str]:
    return [
        f"{gain.kind} of {gain.endpoint}: {gain.before:g} → {gain.after:g}" for gain in change.verdict.gains
    ]


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60] or "change"


def _line(text: str) -> str:
    return " ".join(text.split())


def _hash(content: bytes | None) -> str:
    return "" if content is None else hashlib.sha256(content).hexdigest()
