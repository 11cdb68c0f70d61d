"""What only staff waits for: commands, and the pages of Django's admin; how what these ask by themselves is asked otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.model.severity import Severity

if TYPE_CHECKING:
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


def weight(scene: Scene, endpoints: tuple[str, ...], severity: Severity) -> Severity:
    """One step less where nobody but staff waits for it."""
    staff = scene.once(staff_endpoints)
    return _LESS[severity] if endpoints and staff.issuperset(endpoints) else severity


def staff_endpoints(scene: Scene) -> frozenset[str]:
    """Ids of the pages of the admin, and of the commands that somebody runs at a prompt."""
    entries = (root.entry for root in scene.trace.entries)
    return frozenset(
        e.id for e in entries if e is not None and (e.framework == "django_admin" or e.kind == "command")
    )


def advice(rule: str, claim: Claim) -> str | None:
    """The way out at an option of the admin, where there is no code to change; None anywhere else."""
    place = claim.spot.function
    if (
        place is None
        or place.body
        or place.owner is None
        or rule not in {"lazy-load-in-loop", "query-in-loop"}
    ):
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
