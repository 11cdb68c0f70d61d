"""The target's settings: ``auditor.toml`` at the top of the tree. Untrusted: it shapes only its own audit."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auditor.config.document import parse_document, read_document
from auditor.config.duration import parse_duration_ms
from auditor.config.shape import (
    COMMAND,
    DURATION,
    TEXT,
    TEXTS,
    Document,
    Key,
    check_shape,
    one_of,
    table,
    table_of,
    tables,
)
from auditor.config.user import USER_KEYS
from auditor.model.fault import Fault
from auditor.model.severity import Severity

TARGET_FILE: Final = "auditor.toml"

TARGET_KEYS: Final[Mapping[str, Key]] = {
    "audit": table({"target": DURATION, "exclude": TEXTS}),
    "rules": table({"select": TEXTS, "ignore": TEXTS, "severity": table_of(one_of(*Severity))}),
    # Accepted already, so that one file serves every version; nothing reads them yet.
    "boot": table({"command": COMMAND, "env": table(), "ready": TEXT, "migrate": COMMAND}),
    "database": table({"engine": TEXT, "seed": COMMAND, "scale": table()}),
    "service": tables(),
    "outside": tables(),
    "identity": tables(),
    "workload": table(),
    "budget": table(),
    "constraint": tables(),
}

_MISPLACED: Final = dict.fromkeys(
    USER_KEYS,
    "it is the user's to decide: set it in ~/.config/auditor/config.toml, by AUDITOR_* or by a flag",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSettings:
    """What the target says about its own audit."""

    select: tuple[str, ...] = ()
    """Only these rules; empty is all."""
    ignore: tuple[str, ...] = ()
    severities: tuple[tuple[str, Severity], ...] = ()
    """Rule and the severity its findings get instead of their own."""
    target_ms: int | None = None
    exclude: tuple[str, ...] = ()
    """Patterns as in a .gitignore, for what is not to be read."""

    @property
    def rules_named(self) -> tuple[str, ...]:
        """Every rule id that stands in the file, to be checked against those that exist."""
        return (*self.select, *self.ignore, *(rule for rule, _ in self.severities))


def load_target_settings(root: Path, /) -> TargetSettings:
    """Reads the file at the top of `root`; the defaults when there is none, `Fault` when it can't be used."""
    path = root / TARGET_FILE
    if path.is_symlink() and not path.resolve().is_relative_to(root.resolve()):
        raise Fault("is a link out of the tree", where=TARGET_FILE, hint="put the file itself there")
    return _settings(read_document(path, name=TARGET_FILE))


def parse_target_settings(content: bytes, /) -> TargetSettings:
    """As `load_target_settings`, from the file's bytes (read from a commit)."""
    return _settings(parse_document(content, name=TARGET_FILE))


def _settings(document: Document | None) -> TargetSettings:
    if document is None:
        return TargetSettings()
    check_shape(document, TARGET_KEYS, misplaced=_MISPLACED)
    audit = document.values.get("audit", {})
    rules = document.values.get("rules", {})
    severities = rules.get("severity", {})
    return TargetSettings(
        select=tuple(rules.get("select", ())),
        ignore=tuple(rules.get("ignore", ())),
        severities=tuple((rule, Severity(severities[rule])) for rule in sorted(severities)),
        target_ms=_target_ms(audit.get("target")),
        exclude=tuple(audit.get("exclude", ())),
    )


def _target_ms(value: str | int | None) -> int | None:
    try:
        return None if value is None else parse_duration_ms(str(value))
    except Fault as fault:
        raise Fault(fault.what, where=f"{TARGET_FILE}: audit.target", hint=fault.hint) from fault
