"""What only staff waits for: commands, and the pages of Django's admin; how what these ask by themselves is asked otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.model.report import Evidence
from auditor.model.severity import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.index.symbols import Function
    from auditor.rules.claim import Claim
    from auditor.rules.scene import Scene

_LESS: Final = {
    Severity.CRITICAL: Severity.HIGH,
    Severity.HIGH: Severity.MEDIUM,
    Severity.MEDIUM: Severity.LOW,
    Severity.LOW: Severity.LOW,
}
_LISTED: Final = frozenset({"list_display", "list_select_related"})
_SHOWN: Final = frozenset({"fields", "fieldsets", "list_filter"})
_CHOSEN: Final = frozenset({"fields", "fieldsets", "extra", "model"})
_LOADED: Final = "lazy-load-in-loop"


def weight(scene: Scene, endpoints: tuple[str, ...], severity: Severity, claim: Claim) -> Severity:
    """One step less where nobody but staff waits for it; two for the one page of rows that a list shows."""
    if not serves_staff(scene, endpoints):
        return severity
    less = _LESS[severity]
    return _LESS[less] if lists(claim) else less


def serves_staff(scene: Scene, endpoints: tuple[str, ...]) -> bool:
    """Whether some are known to wait for it, and all of them are staff."""
    return bool(endpoints) and scene.once(staff_endpoints).issuperset(endpoints)


def waiting(scene: Scene, endpoints: tuple[str, ...]) -> tuple[Evidence, ...]:
    """Says so where only pages of the admin ask for it."""
    if not endpoints or not scene.once(admin_pages).issuperset(endpoints):
        return ()
    return (Evidence(kind="note", text="it serves staff: only pages of the admin ask for it"),)


def is_option(function: Function | None) -> bool:
    """Whether it stands for an option of an admin, where there is no code."""
    return function is not None and function.owner is not None and not function.body


def option_of(claim: Claim) -> str:
    """The option of an admin at which it is told, or the class's name; empty where there is code."""
    place = claim.spot.function
    return place.name if place is not None and is_option(place) else ""


def lists(claim: Claim) -> bool:
    """Whether it is one page of rows that asks, a hundred at most where nothing else is said."""
    return option_of(claim) in _LISTED


def offers(claim: Claim) -> bool:
    """Whether the rows are those that a field or filter offers: all there are, not a page of them."""
    return option_of(claim) in _SHOWN


def by_cause(rule: str, claims: Iterable[Claim]) -> list[list[Claim]]:
    """What options of admins ask, in groups: the rows of a model that are offered anywhere, else what a file asks.

    Whoever offers rows of a model somewhere offers them in many forms, and what they show is mended at one place.
    """
    groups: dict[tuple[str, str], list[Claim]] = {}
    for claim in claims:
        is_of_model = offers(claim) or rule == "unbounded-fetch"
        key = ("", claim.title) if is_of_model else (claim.spot.module.path, "")
        groups.setdefault(key, []).append(claim)
    return [
        sorted(
            groups[key], key=lambda c: (-round(c.confidence, 2), c.spot.module.path, c.spot.start, c.subject)
        )
        for key in sorted(groups)
    ]


def staff_endpoints(scene: Scene) -> frozenset[str]:
    """Ids of the pages of the admin, and of the commands that somebody runs at a prompt."""
    entries = (root.entry for root in scene.trace.entries)
    return scene.once(admin_pages) | {e.id for e in entries if e is not None and e.kind == "command"}


def admin_pages(scene: Scene) -> frozenset[str]:
    """Ids of the pages of the admin."""
    entries = (root.entry for root in scene.trace.entries)
    return frozenset(e.id for e in entries if e is not None and e.framework == "django_admin")


def advice(rule: str, claim: Claim) -> str | None:
    """The way out at an option of the admin, where there is no code to change; None anywhere else."""
    place = claim.spot.function
    if place is None or place.owner is None or not option_of(claim):
        return None
    if rule == "unbounded-fetch" and place.name in _CHOSEN:
        return "Name the field in `autocomplete_fields` or `raw_id_fields`: the form then asks for the one row that it shows."
    if rule == "unbounded-fetch" and place.name == "list_filter":
        return "Filter by what is searched for, or offer the few rows that anybody filters by."
    if rule not in {_LOADED, "query-in-loop"} or "prefetch_related" in claim.fix:
        return None
    if rule == "query-in-loop" and place.name in _LISTED:
        return "Bring it with the rows in `get_queryset`: annotate what is counted or summed, prefetch what is listed."
    if rule == "query-in-loop":
        return (
            "Fetch the choices once for all forms (in `formfield_for_foreignkey`), or name the field in `autocomplete_fields` "
            "or `raw_id_fields`: each form then asks for the one row that it shows."
        )
    if place.name in _LISTED or place.name == place.owner.name:
        names = ", ".join(f"`{name.replace('.', '__')}`" for name in claim.subject.split(", "))
        return f"Name {names} in `list_select_related`, or load it in `get_queryset`."
    if place.name in _SHOWN:
        return (
            "Let `__str__` of these rows read their own columns only, or name the field in `autocomplete_fields`, "
            "which shows one row."
        )
    return (
        "Load it in the inline's `get_queryset`, or let `__str__` of these rows read their own columns only."
    )
