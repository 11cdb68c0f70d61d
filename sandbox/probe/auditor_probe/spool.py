"""Where finished records go: one JSON line each, appended to ``<pid>.jsonl``.

The descriptor is kept, but looked at before each use: a server that turns itself into a daemon closes it, and its number
may then be something else's. A forked worker opens a file of its own.
"""

import errno
import os
import sys

from auditor_probe import settings

# Taken now: monkey patching may replace them later by versions that switch greenlets.
_open, _write, _close, _getpid, _fstat = os.open, os.write, os.close, os.getpid, os.fstat
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
_told = []
_kept = [None, None, None, None]
"""pid, descriptor, device, inode"""


def append(text):
    """Writes `text` as one line; a spool that can't be written is said once on standard error."""
    try:
        data = (text + "\n").encode("ascii")
        descriptor = _descriptor()
        written = _write(descriptor, data)
        if written < len(data):
            _write_all(descriptor, memoryview(data)[written:])
    except Exception as error:
        if not _told:
            _told.append(True)
            sys.stderr.write("auditor probe: records can't be written to %s: %s\n" % (settings.SPOOL, error))


def _descriptor():
    pid, descriptor, device, inode = _kept
    if pid == _getpid():
        try:
            status = _fstat(descriptor)
            if status.st_ino == inode and status.st_dev == device:
                return descriptor
        except OSError:
            pass
    pid = _getpid()
    descriptor = _open(os.path.join(settings.SPOOL, "%d.jsonl" % pid), _FLAGS, 0o666)
    status = _fstat(descriptor)
    _kept[:] = [pid, descriptor, status.st_dev, status.st_ino]
    return descriptor


def forked():
    """In the child: the parent's descriptor is not ours."""
    if _kept[1] is not None:
        try:
            status = _fstat(_kept[1])
            if status.st_ino == _kept[3] and status.st_dev == _kept[2]:
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
