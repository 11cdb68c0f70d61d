"""What happens outside of requests: at boot, in background threads, in the master before it forks."""

import atexit
import os
import sys

from auditor_probe import settings, spool
from auditor_probe.current import SCOPE
from auditor_probe.record import entry_of

_state = {"effects": []}


def install():
    """Says that the probe is there, and arranges for what gathers to be written at exit and not inherited by forks."""
    spool.append(entry_of(None, [], None, {"started": _process()}))
    atexit.register(flush)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_forked)


def add(effect):
    """Keeps one effect that belongs to no request."""
    effects = _state["effects"]
    effects.append(effect)
    if len(effects) >= settings.BACKGROUND_LIMIT:
        flush()


def flush():
    """Writes what has gathered."""
    effects, _state["effects"] = _state["effects"], []
    if effects:
        spool.append(entry_of(None, effects))


def _forked():
    spool.forked()
    _state["effects"] = []
    scope = SCOPE.get()
    if scope is not None:  # the request goes on in the parent; what the child does for it is late
        scope.record.closed = True


def _process():
    return {
        "python": "%d.%d.%d" % sys.version_info[:3],
        "implementation": sys.implementation.name,
        "executable": sys.executable,
        "tree": settings.TREE,
    }
