"""Where finished records go: one entry each, appended to ``<pid>.spool``: its size in four bytes, big end first, and the
value as `marshal` writes it, which costs a tenth of JSON.

The descriptor is kept, but looked at before each use: a server that turns itself into a daemon closes it, and its number
may then be something else's. A forked worker opens a file of its own.
"""

import errno
import os
import sys
from marshal import dumps

from auditor_probe import settings

# Taken now: monkey patching may replace them later by versions that switch greenlets.
_open, _write, _close, _getpid, _seek, _fstat = os.open, os.write, os.close, os.getpid, os.lseek, os.fstat
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
_REFERRING, _PLAIN = 4, 2
"""Versions of `marshal`: the first writes a text once that comes again, and pays for looking."""
_told = []
_kept = [None, None, None, None]
"""pid, descriptor, its device and inode, and where the file ended after we had last written: nobody else writes there, so
what stands at that place is ours, and only where it stands elsewhere (two threads wrote at once) it is looked at closely."""


def append(value, another=None):
    """Writes entries in one piece; a spool that can't be written is said once on standard error."""
    try:
        data = _framed(value)
        if another is not None:
            data += _framed(another)
        descriptor = _descriptor()
        written = _write(descriptor, data)
        if written < len(data):
            _write_all(descriptor, memoryview(data)[written:])
        _kept[3] += len(data)
    except Exception as error:
        if not _told:
            _told.append(True)
            sys.stderr.write("auditor probe: records can't be written to %s: %s\n" % (settings.SPOOL, error))


def _framed(value):
    try:
        data = dumps(value, _REFERRING if value[3] else _PLAIN)
    except ValueError:
        data = dumps(_plain(value, 20), _PLAIN)
    return len(data).to_bytes(4, "big") + data


def _plain(value, deep):
    """`value` of nothing but the types that everybody reads; what else there is as its `repr`."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if not deep:
        return "..."
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, dict):
        return {str(key): _plain(one, deep - 1) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one, deep - 1) for one in value]
    return repr(value)


def _descriptor():
    pid, descriptor, identity, end = _kept
    if pid == _getpid():
        try:
            place = _seek(descriptor, 0, 1)
            if place == end:
                return descriptor
            if _identity(descriptor) == identity:
                _kept[3] = place
                return descriptor
        except OSError:
            pass
    pid = _getpid()
    descriptor = _open(os.path.join(settings.SPOOL, "%d.spool" % pid), _FLAGS, 0o666)
    _kept[:] = [pid, descriptor, _identity(descriptor), _seek(descriptor, 0, 2)]
    return descriptor


def _identity(descriptor):
    status = _fstat(descriptor)
    return status.st_dev, status.st_ino


def forked():
    """In the child: the parent's descriptor is not ours."""
    if _kept[1] is not None:
        try:
            if _identity(_kept[1]) == _kept[2]:
                _close(_kept[1])
        except OSError:
            pass
    _kept[:] = [None, None, None, None]


def _write_all(descriptor, view):
    while view:
        try:
            view = view[_write(descriptor, view) :]
        except OSError as error:
            if error.errno != errno.EINTR:
                raise
