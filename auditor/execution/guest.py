"""Who runs inside a jail."""

import os
from dataclasses import dataclass
from typing import Final

DEFAULT_ID: Final = 60_731
"""uid and gid of the guest when auditor runs as root: in the range that systemd's list of uids leaves unused,
and below 65,536 so that it exists in rootless containers too. No account is made for it."""


@dataclass(frozen=True, slots=True)
class Guest:
    """The same numbers inside and outside."""

    uid: int
    gid: int


def guest_identity(unprivileged_id: int = DEFAULT_ID, /) -> Guest:
    """The guest of this process: whoever runs auditor, or `unprivileged_id` when that is root.

    What the guest may write (work copies, the shared folder) has to belong to it: `ownership.own_copy`.
    """
    uid, gid = os.geteuid(), os.getegid()
    return Guest(unprivileged_id, unprivileged_id) if uid == 0 else Guest(uid, gid)
