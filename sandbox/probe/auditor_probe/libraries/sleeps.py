"""Sleeping: time.sleep and what cooperative libraries put in its place."""

from auditor_probe import patching
from auditor_probe.effects import begin


def patch(module):
    """`time`, `gevent.hub`, `eventlet`."""
    if module.__name__ == "time":
        patching.around_builtin(module, "sleep", _sleeping)
    else:
        patching.around(module, "sleep", _sleeping)


def _sleeping(seconds=0, *rest, **options):
    """Of no time at all it is a yield."""
    return begin("sleep", "sleep", None, None, {"seconds": float(seconds)}) if seconds else None
