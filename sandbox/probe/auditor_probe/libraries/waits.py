"""Waiting for other threads: semaphores, conditions, events. A bare `threading.Lock` is C and can't be seen."""

from auditor_probe import patching, stacks
from auditor_probe.effects import begin


def patch_threading(module):
    """`threading`."""
    patching.around(module.Semaphore, "acquire", _acquiring)
    patching.around(module.Event, "wait", _waiting)
    patching.around(module.Condition, "wait", lambda condition, timeout=None: _by_application("Condition"))


def _acquiring(semaphore, blocking=True, timeout=None):
    if not blocking or semaphore._value > 0:
        return None
    return _by_application("Semaphore")


def _waiting(event, timeout=None):
    if event._flag:
        return None
    return _by_application("Event")


def _by_application(name):
    return begin("lock", "acquire", name) if stacks.called_by_application() else None
