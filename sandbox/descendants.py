"""Which processes belong to one, and where they listen, read from /proc."""

import os
import socket
import struct

_LISTEN = "0A"


def descendants(root):
    """Process ids below `root`, each with its parent, in no order."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            parent = _parent(int(name))
            if parent:
                parents[int(name)] = parent
    found, grown = {}, True
    while grown:
        grown = False
        for pid, parent in parents.items():
            if pid not in found and (parent == root or parent in found):
                found[pid] = parent
                grown = True
    return found


def serving(root):
    """Of `root` and the processes below it those that hold a listening socket and started nobody who does, too:
    the workers of a server, or the server itself where it has none."""
    inodes = set(_listeners())
    parents = descendants(root)
    holding = {pid for pid in [root, *parents] if inodes & _socket_inodes(pid)}
    return sorted(pid for pid in holding if not any(parents.get(other) == pid for other in holding))


def listening(root):
    """Where `root` and the processes below it listen: ``127.0.0.1:8000``, ``unix:/tmp/app.sock``."""
    inodes = set()
    for pid in [root, *descendants(root)]:
        inodes |= _socket_inodes(pid)
    return sorted({place for inode, place in _listeners().items() if inode in inodes})


def _listeners():
    """Place by inode of every listening socket that can be seen."""
    found = {}
    for table in ("tcp", "tcp6"):
        for fields in _rows("/proc/net/" + table):
            if fields[3] == _LISTEN:
                found[fields[9]] = _address(fields[1])
    for fields in _rows("/proc/net/unix"):
        if len(fields) > 7 and fields[3] == "00010000":
            found[fields[6]] = "unix:" + fields[7]
    return found


def _parent(pid):
    try:
        with open("/proc/%d/stat" % pid, "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    return None if fields[0] in (b"Z", b"X") else int(fields[1])


def _socket_inodes(pid):
    found = set()
    folder = "/proc/%d/fd" % pid
    try:
        names = os.listdir(folder)
    except OSError:
        return found
    for name in names:
        try:
            target = os.readlink(folder + "/" + name)
        except OSError:
            continue
        if target.startswith("socket:["):
            found.add(target[8:-1])
    return found


def _rows(path):
    try:
        with open(path, "rb") as file:
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []
    return [line.split() for line in lines[1:]]


def _address(text):
    """``0100007F:1F40`` as a person writes it; the kernel's words are in the machine's byte order."""
    digits, _, port = text.partition(":")
    packed = b"".join(struct.pack("=I", int(digits[at : at + 8], 16)) for at in range(0, len(digits), 8))
    if len(packed) == 4:
        return "%s:%d" % (socket.inet_ntop(socket.AF_INET, packed), int(port, 16))
    return "[%s]:%d" % (socket.inet_ntop(socket.AF_INET6, packed), int(port, 16))
