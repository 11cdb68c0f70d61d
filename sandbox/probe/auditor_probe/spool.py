"""Where finished records go: one JSON line each, appended to ``<pid>.jsonl``.

The file is opened anew for each line. A descriptor that is kept would be shared with forked workers, and could be
closed and reused by a server that turns itself into a daemon.
"""

import errno
import json
import os
import sys

from auditor_probe import settings

# Taken now: monkey patching may replace them later by versions that switch greenlets.
_open, _write, _close, _getpid = os.open, os.write, os.close, os.getpid
_encode = json.JSONEncoder(separators=(",", ":"), default=repr).encode
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
_told = []


def append(entry):
    """Writes `entry` (a dict) as one line; a spool that can't be written is said once on standard error."""
    try:
        data = (_encode(entry) + "\n").encode("ascii")
        descriptor = _open(os.path.join(settings.SPOOL, "%d.jsonl" % _getpid()), _FLAGS, 0o666)
        try:
            _write_all(descriptor, data)
        finally:
            _close(descriptor)
    except Exception as error:
        if not _told:
            _told.append(True)
            sys.stderr.write("auditor probe: records can't be written to %s: %s\n" % (settings.SPOOL, error))


def _write_all(descriptor, data):
    view = memoryview(data)
    while view:
        try:
            view = view[_write(descriptor, view) :]
        except OSError as error:
            if error.errno != errno.EINTR:
                raise
