"""Names that a target looked up while it booted, read out of what the probe wrote."""

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from auditor.execution.beneath import ends_beneath

_SPOOL_BYTES: Final = 16 << 20


def names_looked_up(spool: Path, /, *, known: Collection[str]) -> tuple[str, ...]:
    """Hosts in the order in which they were looked up, those in `known` left out; what can't be read says nothing.

    The spool is the target's to write: nothing but a message to the user stands on it.
    """
    found = (name for path in sorted(spool.glob("*.jsonl")) for name in _names(spool, path.name))
    return tuple(dict.fromkeys(name for name in found if name not in known))


def _names(spool: Path, name: str) -> Iterator[str]:
    for line in ends_beneath(spool, name, limit=_SPOOL_BYTES).splitlines():
        try:
            record = json.loads(line)
            texts = record.get("texts", [])
            looked = [effect for effect in record.get("effects", []) if effect["kind"] == "resolve"]
            yield from [str(texts[effect["text"]]) for effect in looked]
        except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
            continue
