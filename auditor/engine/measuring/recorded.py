"""The recorded workload, as long as it fits what the settings say of who asks."""

import re
from collections.abc import Collection
from typing import Final

from auditor.engine.measuring.record import CONTRACT
from auditor.measure.contract.store import load_contract
from auditor.measure.running.bench import Bench
from auditor.measure.workload import Workload

_MADE: Final = re.compile(r"[A-Z]+ /.* #\d+")
"""How requests are called that were made from the routes."""


def recorded_workload(bench: Bench, /) -> tuple[Workload | None, tuple[str, ...]]:
    """The contract's, frozen; None, with what there is to say, where there is none that can be used.

    Raises:
        Fault: what is kept can't be read.
    """
    if not (bench.folder / CONTRACT).exists():
        return None, ()
    workload = load_contract(bench.folder / CONTRACT).workload
    new = unasked(workload, [identity.name for identity in bench.settings.identities])
    if not new:
        return workload, ()
    named = ", ".join(f"`{name}`" for name in new)
    return None, (
        f"what was recorded asks nothing as {named}, whom auditor.toml names since: its requests were made anew",
    )


def unasked(workload: Workload, identities: Collection[str], /) -> tuple[str, ...]:
    """Identities that came after a workload which was made from the routes; one that somebody wrote says who asks itself."""
    if not all(_MADE.match(request.id) for request in workload.requests):
        return ()
    asking = {request.identity for request in workload.requests}
    return tuple(name for name in identities if name not in asking)
