"""What a production worker has to be before it takes traffic.

A web worker is one native thread that runs many greenlets. Code that parks that thread
outside gevent's hub (executors, process pools, event loops, blocking queues, locks shared
across greenlets) stops every request of the worker at once, and nothing is logged when it
happens: INC-2231, INC-2304. Since then a worker with such objects at module level in our
own package is turned away while it starts, when a deploy can still be stopped.

Nothing here applies to the development server, to scripts or to tests.
"""

import sys
from types import ModuleType

PACKAGE = "discovery"
NATIVE = frozenset(
    {"_thread", "asyncio", "concurrent", "multiprocessing", "queue", "selectors", "threading"}
)
PATCHED = ("gevent.lock", "gevent.queue", "gevent.thread", "gevent._")


class WorkerRefused(RuntimeError):
    """The loaded application can't run on cooperative workers."""


def admit_worker(log):
    """Check the loaded package and make the database driver cooperative.

    Raises WorkerRefused, which keeps the worker from booting.
    """
    for name, module in sorted(sys.modules.items()):
        if name == PACKAGE or name.startswith(PACKAGE + "."):
            _check_module(name, module)
    _patch_psycopg()
    log.info("runtime: worker admitted")


def _check_module(name, module):
    for attribute, value in vars(module).items():
        if attribute.startswith("__"):
            continue
        origin = _origin(value)
        if origin.partition(".")[0] in NATIVE or origin.startswith(PATCHED):
            raise WorkerRefused(
                f"{name}.{attribute} comes from {origin}, which blocks cooperative workers"
            )


def _origin(value):
    """The module that a module-level value comes from."""
    if isinstance(value, ModuleType):
        return value.__name__
    return str(getattr(value, "__module__", None) or type(value).__module__)


def _patch_psycopg():
    """Wait for PostgreSQL through the hub, so that one query does not hold up the others."""
    try:
        from psycopg2 import extensions
    except ImportError:
        return
    from gevent.socket import wait_read, wait_write

    def wait(connection, timeout=None):
        while True:
            state = connection.poll()
            if state == extensions.POLL_OK:
                return
            if state == extensions.POLL_READ:
                wait_read(connection.fileno(), timeout=timeout)
            else:
                wait_write(connection.fileno(), timeout=timeout)

    extensions.set_wait_callback(wait)
