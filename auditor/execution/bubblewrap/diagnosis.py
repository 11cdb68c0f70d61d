"""Why bubblewrap did not start, in terms of the person who can mend it."""

from pathlib import Path
from typing import Final

from auditor.model.fault import Fault

_UNTRUSTED: Final = "or --no-jail for code that you trust"
_IN_CONTAINER: Final = "in a throw-away container use --jail outer"
_KNOWN: Final[tuple[tuple[tuple[str, ...], str, str], ...]] = (
    (
        ("ENOSPC", "No space left on device"),
        "no further user namespace is allowed here",
        f"sysctl user.max_user_namespaces=15000; inside another sandbox it can't be had: {_IN_CONTAINER}",
    ),
    (
        ("No permissions to create", "namespace failed: Operation not permitted"),
        "this kernel lets no ordinary user make namespaces",
        f"sysctl kernel.unprivileged_userns_clone=1 (Debian); {_IN_CONTAINER}",
    ),
    (
        ("setting up uid map", "RTM_NEWADDR", "unshare user ns"),
        "AppArmor takes the rights of new user namespaces away",
        (
            "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile that gives bubblewrap "
            f"userns (Ubuntu: apt install apparmor-profiles); {_IN_CONTAINER}"
        ),
    ),
    (
        ("Can't mount proc", "mounting proc"),
        "the surrounding container hides parts of /proc",
        f"{_IN_CONTAINER}, or start it with --security-opt systempaths=unconfined",
    ),
)


def diagnosed(reason: str, errors: bytes, /, *, binary: Path) -> Fault:
    """A fault with bubblewrap's own words and the line that helps, where one is known."""
    said = errors.decode("utf-8", "replace").strip()[-400:]
    for marks, problem, hint in _KNOWN:
        if any(mark in said for mark in marks):
            return Fault(f"{problem}: {said}", where=str(binary), hint=f"{hint}, {_UNTRUSTED}")
    if reason:
        said = f"{reason}; {said}" if said else reason
    return Fault(f"the jail can't be set up: {said or 'no reason given'}", where=str(binary))
