"""The few files below /etc that programs look for. Everything else there is the host's business."""

from collections.abc import Iterable, Mapping
from typing import Final

from auditor.execution.guest import Guest

SHARED: Final = (
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/pki/tls/certs",
    "/etc/pki/ca-trust/extracted",
)
"""Of the host, where they exist; nothing in them is secret or differs by user."""


def written(guest: Guest, hosts: Iterable[tuple[str, str]], /) -> Mapping[str, bytes]:
    """Those that are the jail's own: path to content."""
    people = f"root:x:0:0::/:/bin/sh\nguest:x:{guest.uid}:{guest.gid}::/tmp:/bin/sh\n"
    lines = [("127.0.0.1", "localhost"), ("::1", "localhost"), ("127.0.0.1", "auditor"), *hosts]
    return {
        "/etc/passwd": people.encode(),
        "/etc/group": f"root:x:0:\nguest:x:{guest.gid}:\n".encode(),
        "/etc/nsswitch.conf": b"passwd: files\ngroup: files\nhosts: files\nservices: files\n",
        "/etc/resolv.conf": b"",
        "/etc/hosts": "".join(f"{address}\t{name}\n" for address, name in lines).encode(),
    }
