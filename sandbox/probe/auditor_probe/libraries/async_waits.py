"""asyncio: sleeping, and waiting for locks that somebody holds."""

from auditor_probe import patching, stacks
from auditor_probe.effects import begin


def patch(module):
    """`asyncio.tasks`, `asyncio.locks`."""
    if module.__name__ == "asyncio.tasks":
        patching.around(module, "sleep", _sleeping)
    else:
        patching.around(module.Lock, "acquire", _acquiring)
        patching.around(module.Semaphore, "acquire", _acquiring)


def _sleeping(delay, *rest, **options):
    return begin("sleep", "sleep", None, None, {"seconds": float(delay)}) if delay > 0 else None


def _acquiring(lock):
    """A lock that a library keeps is its own business, as with threads."""
    if not lock.locked() or not stacks.called_by_application("/asyncio/locks.py"):
        return None
    return begin("lock", "acquire", "asyncio." + type(lock).__name__)
