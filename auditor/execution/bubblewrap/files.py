"""The few files below /etc that programs look for. Everything else there is the host's business."""

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from auditor.execution.guest import Guest

SHARED_FOLDERS: Final = (
    "/etc/alternatives",
    "/etc/ssl/certs",
    "/etc/pki/tls/certs",
    "/etc/pki/ca-trust/extracted",
)
"""Of the host, where they exist; nothing in them is secret or differs by user."""
_SHARED_FILES: Final = ("/etc/ld.so.cache", "/etc/localtime", "/etc/mime.types", "/etc/ssl/openssl.cnf")
"""As above, copied: a mount takes longer than a copy."""


def written(guest: Guest, hosts: Iterable[tuple[str, str]], /) -> Mapping[str, bytes]:
    """All of them, path to content: the jail's own, and copies of the host's."""
    people = f"root:x:0:0::/:/bin/sh\nguest:x:{guest.uid}:{guest.gid}::/tmp:/bin/sh\n"
    lines = [("127.0.0.1", "localhost"), ("::1", "localhost"), ("127.0.0.1", "auditor"), *hosts]
    return {
        **_copied(),
        "/etc/passwd": people.encode(),
        "/etc/group": f"root:x:0:\nguest:x:{guest.gid}:\n".encode(),
        "/etc/nsswitch.conf": b"passwd: files\ngroup: files\nhosts: files\nservices: files\n",
        "/etc/resolv.conf": b"",
        "/etc/hosts": "".join(f"{address}\t{name}\n" for address, name in lines).encode(),
    }


@functools.cache
def _copied() -> Mapping[str, bytes]:
    return {path: Path(path).read_bytes() for path in _SHARED_FILES if Path(path).is_file()}
