"""Names that a target looked up while it booted, read out of what the probe wrote."""

from collections.abc import Collection, Iterator
from pathlib import Path

from auditor.execution.marshalled import read_marshalled
from auditor.execution.spooled import read_spooled


def names_looked_up(spool: Path, /, *, known: Collection[str]) -> tuple[str, ...]:
    """Hosts in the order in which they were looked up, those in `known` left out; what can't be read says nothing.

    The spool is the target's to write: nothing but a message to the user stands on it.
    """
    try:
        entries = read_spooled(spool, {})
    except OSError:
        return ()
    found = (name for entry in entries for name in _names(entry))
    return tuple(dict.fromkeys(name for name in found if name not in known))


def _names(entry: bytes) -> Iterator[str]:
    try:
        for kind, _, text, *_ in read_marshalled(entry)[3] or ():
            if kind == "resolve":
                yield str(text)
    except (ValueError, TypeError, LookupError):
        return
