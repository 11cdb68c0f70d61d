"""The target's settings: ``auditor.toml`` at the top of the tree. Untrusted: it shapes only its own audit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from auditor.config.boot import BOOT_KEYS, BootSettings, parse_boot
from auditor.config.budget import BUDGET_KEYS, BudgetSettings, parse_budget
from auditor.config.database import DATABASE_KEYS, DatabaseSettings, parse_database
from auditor.config.document import parse_document, read_document
from auditor.config.duration import duration_ms_of
from auditor.config.identity import IDENTITY_KEYS, IdentitySettings, parse_identities
from auditor.config.load import LOAD_KEYS, LoadSettings, parse_load
from auditor.config.outside import OUTSIDE_KEYS, OutsideSettings, parse_outside
from auditor.config.service import SERVICE_KEYS, ServiceSettings, parse_services
from auditor.config.shape import (
    DURATION,
    TEXTS,
    Document,
    Key,
    check_shape,
    one_of,
    table,
    table_of,
    tables,
)
from auditor.config.testing import TESTS_KEYS, TestsSettings, parse_tests
from auditor.config.user import USER_KEYS
from auditor.config.workload import WORKLOAD_KEYS, WorkloadSettings, parse_workload
from auditor.model.fault import Fault
from auditor.model.severity import Severity

if TYPE_CHECKING:  # its types take longer to build than an audit from the cache takes in all
    from auditor.model.constraint import Constraint

TARGET_FILE: Final = "auditor.toml"

TARGET_KEYS: Final[Mapping[str, Key]] = {
    "audit": table({"target": DURATION, "exclude": TEXTS}),
    "rules": table({"select": TEXTS, "ignore": TEXTS, "severity": table_of(one_of(*Severity))}),
    "boot": table(BOOT_KEYS),
    "database": table(DATABASE_KEYS),
    "service": tables(SERVICE_KEYS),
    "outside": tables(OUTSIDE_KEYS),
    "identity": tables(IDENTITY_KEYS),
    "workload": table(WORKLOAD_KEYS),
    "tests": table(TESTS_KEYS),
    "load": table(LOAD_KEYS),
    "budget": table(BUDGET_KEYS),
    "constraint": tables(),  # the keys of each depend on its kind
}

_MISPLACED: Final = dict.fromkeys(
    (*USER_KEYS, "base_url"),
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
    boot: BootSettings = field(default_factory=BootSettings)
    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    services: tuple[ServiceSettings, ...] = ()
    outside: tuple[OutsideSettings, ...] = ()
    identities: tuple[IdentitySettings, ...] = ()
    workload: WorkloadSettings = field(default_factory=WorkloadSettings)
    tests: TestsSettings = field(default_factory=TestsSettings)
    load: LoadSettings = field(default_factory=LoadSettings)
    budget: BudgetSettings = field(default_factory=BudgetSettings)
    constraints: "tuple[Constraint, ...]" = ()
    """What no change may do, whatever it would gain."""

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
    values, name = document.values, document.name
    audit, rules = values.get("audit", {}), values.get("rules", {})
    severities = rules.get("severity", {})
    return TargetSettings(
        select=tuple(rules.get("select", ())),
        ignore=tuple(rules.get("ignore", ())),
        severities=tuple((rule, Severity(severities[rule])) for rule in sorted(severities)),
        target_ms=None
        if "target" not in audit
        else duration_ms_of(audit["target"], where=f"{name}: audit.target"),
        exclude=tuple(audit.get("exclude", ())),
        boot=parse_boot(values.get("boot", {}), name=name),
        database=parse_database(values.get("database", {}), name=name),
        services=parse_services(values.get("service", ()), name=name),
        outside=parse_outside(values.get("outside", ()), name=name),
        identities=parse_identities(values.get("identity", ()), name=name),
        workload=parse_workload(values.get("workload", {})),
        tests=parse_tests(values.get("tests", {}), name=name),
        load=parse_load(values.get("load", {}), name=name),
        budget=parse_budget(values.get("budget", {}), name=name),
        constraints=_constraints(values.get("constraint", ()), name),
    )


def _constraints(entries: Sequence[Mapping[str, Any]], name: str) -> "tuple[Constraint, ...]":
    if not entries:
        return ()
    from auditor.config.constraint import parse_constraints  # noqa: PLC0415  see above

    return parse_constraints(entries, name=name)
