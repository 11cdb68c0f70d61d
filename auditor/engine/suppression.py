"""Findings that a comment in the source silences: ``# auditor: ignore[rule] reason``."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from auditor.config.nearest import did_you_mean
from auditor.index.build import Ignores
from auditor.model.report import Finding
from auditor.model.text import code
from auditor.repo.errors import Unreadable
from auditor.repo.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Judged:
    """Findings after the comments were heard."""

    kept: tuple[Finding, ...]
    silenced: int
    notes: tuple[str, ...]
    """Comments that silence nothing, and why."""


def silence(
    findings: Iterable[Finding], ignores: Mapping[str, Ignores], snapshot: Snapshot, *, rules: Sequence[str]
) -> Judged:
    """Takes out each finding that has a comment for its rule, with a reason, in its statement.

    A comment in a line of its own speaks for the statement below it. Without rules it speaks for all.
    """
    found = tuple(findings)
    paths = {finding.file for finding in found if finding.file in ignores}
    heard = {path: _spans(ignores[path], _lines(snapshot, path)) for path in paths}
    kept = tuple(finding for finding in found if not _silenced(finding, heard.get(finding.file, ())))
    return Judged(kept, len(found) - len(kept), tuple(_useless(ignores, rules)))


def _silenced(finding: Finding, spans: Iterable[tuple[range, tuple[str, ...]]]) -> bool:
    statement = range(finding.line, finding.end_line + 1)
    return any(
        (not rules or finding.rule in rules) and any(line in statement for line in lines)
        for lines, rules in spans
    )


def _spans(ignores: Ignores, lines: Sequence[str]) -> tuple[tuple[range, tuple[str, ...]], ...]:
    """For each comment that gives a reason, the lines it speaks for and the rules it names."""
    spans = []
    for line, rules, reason in ignores:
        alone = line <= len(lines) and lines[line - 1].lstrip().startswith("#")
        if reason:
            spans.append((range(line, line + 1 + alone), rules))
    return tuple(spans)


def _lines(snapshot: Snapshot, path: str) -> Sequence[str]:
    file = next((file for file in snapshot.files if file.path == path), None)
    try:
        return [] if file is None else snapshot.read_text(file).text.split("\n")
    except Unreadable:  # gone since it was read: its comments still speak for their own lines
        return []


def _useless(ignores: Mapping[str, Ignores], known: Sequence[str]) -> Iterable[str]:
    for path in sorted(ignores):
        for line, rules, reason in ignores[path]:
            place = code(f"{path}:{line}")
            if not reason:
                yield f"The comment at {place} silences nothing: it gives no reason."
            for rule in rules:
                if rule not in known:
                    hint = did_you_mean(rule, known)
                    yield f"The comment at {place} names {code(rule)}, which is no rule; {hint}"
