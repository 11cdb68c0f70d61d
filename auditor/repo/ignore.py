"""Which entries `.gitignore` files leave out, decided as git decides."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from auditor.repo.glob import Glob, MalformedGlobError, compile_glob

_SPECIAL: Final = frozenset(b"*?[\\")
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class _Rule:
    order: int
    ignores: bool
    directories_only: bool
    glob: Glob

    def concerns(self, *, directory: bool) -> bool:
        return directory or not self.directories_only


class IgnoreFile:
    """The rules of one file: the last that matches decides.

    Rules without a slash look at an entry's name only. Names repeat a lot in a tree, so what they decide is
    remembered by name.
    """

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._literals: dict[bytes, list[_Rule]] = {}
        self._names: list[_Rule] = []
        self._paths: list[_Rule] = []
        self._memo: dict[tuple[bytes, bool], _Rule | None] = {}
        for order, line in enumerate(lines):
            self._add(order, line)

    @classmethod
    def parse(cls, data: bytes) -> "IgnoreFile":
        """The rules in the content of a `.gitignore`."""
        body = data.removeprefix(_BOM)
        return cls(line.removesuffix(b"\r") for line in body.split(b"\n"))

    def __bool__(self) -> bool:
        return bool(self._literals or self._names or self._paths)

    def decide(self, name: bytes, folder: tuple[bytes, ...], *, directory: bool) -> bool | None:
        """Whether `folder/name` (`folder` as seen from the rules) is ignored; None when no rule fits."""
        key = (name, directory)
        try:
            best = self._memo[key]
        except KeyError:
            best = self._memo[key] = self._by_name(name, directory=directory)
        if self._paths:
            best = self._by_path((*folder, name), best, directory=directory)
        return None if best is None else best.ignores

    def _by_name(self, name: bytes, *, directory: bool) -> _Rule | None:
        found = [rule for rule in self._literals.get(name, ()) if rule.concerns(directory=directory)]
        for rule in reversed(self._names):
            if rule.concerns(directory=directory) and rule.glob.matches((name,)):
                found.append(rule)
                break
        return max(found, key=lambda rule: rule.order, default=None)

    def _by_path(self, path: tuple[bytes, ...], best: _Rule | None, *, directory: bool) -> _Rule | None:
        for rule in reversed(self._paths):
            if best is not None and rule.order < best.order:
                break
            if rule.concerns(directory=directory) and rule.glob.matches(path):
                return rule
        return best

    def _add(self, order: int, line: bytes) -> None:
        text = _trimmed(line.partition(b"\0")[0])
        if not text or text.startswith(b"#"):
            return
        negated = text.startswith(b"!")
        text = text[negated:]
        directories_only = text.endswith(b"/")
        text = text[: len(text) - directories_only]
        anchored = b"/" in text
        text = text.removeprefix(b"/")
        if not text:
            return
        try:
            rule = _Rule(order, not negated, directories_only, compile_glob(text))
        except MalformedGlobError:
            return
        if anchored:
            self._paths.append(rule)
        elif _SPECIAL.isdisjoint(text):
            self._literals.setdefault(text, []).append(rule)
        else:
            self._names.append(rule)


@dataclass(frozen=True, slots=True)
class Scope:
    """The ignore files that speak about one folder, outermost first, each with its folder's depth."""

    files: tuple[tuple[int, IgnoreFile], ...] = ()

    def within(self, depth: int, file: IgnoreFile) -> "Scope":
        """This scope, and the rules of an ignore file that stands `depth` folders deep."""
        return Scope((*self.files, (depth, file))) if file else self

    def ignores(self, name: str, folder: tuple[bytes, ...], *, directory: bool) -> bool:
        """Whether the entry is left out; the innermost file with an opinion wins."""
        raw = os.fsencode(name)
        for depth, file in reversed(self.files):
            decision = file.decide(raw, folder[depth:], directory=directory)
            if decision is not None:
                return decision
        return False


def _trimmed(line: bytes) -> bytes:
    """Without trailing spaces, unless a backslash keeps one."""
    end = at = 0
    while at < len(line):
        escaped = line[at : at + 1] == b"\\"
        at += 1 + escaped
        if escaped or line[at - 1 : at] != b" ":
            end = min(at, len(line))
    return line[:end]
