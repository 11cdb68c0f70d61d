"""Drivers that the probe has no hook for: what they send is not counted, and that is said."""

from collections.abc import Iterable

from auditor.measure.records import ProbeRecord


def unseen_drivers(records: Iterable[ProbeRecord], /) -> tuple[str, ...]:
    """The modules that were imported, by name."""
    return tuple(sorted({record.unseen for record in records if record.unseen}))


def unseen_notes(drivers: Iterable[str], /) -> list[str]:
    """A sentence for each."""
    return [
        f"The target imports `{driver}`, which the probe does not see into: what is sent through it, but for SQLAlchemy's statements, is in no count."
        for driver in drivers
    ]
