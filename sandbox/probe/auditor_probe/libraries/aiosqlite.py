"""aiosqlite: sqlite3 on a thread of its own, which does not belong to a request; each call carries its request along."""

from auditor_probe import notes, patching
from auditor_probe.concurrency.threads import within
from auditor_probe.current import CHECKOUT, inherited


def patch(module):
    """`aiosqlite.core`."""
    patching.replace(module.Connection, "_execute", _carrying)
    if "_connect" in vars(module.Connection):
        patching.replace(module.Connection, "_connect", _connecting)


def _carrying(original):
    async def _execute(self, fn, *args, **kwargs):
        scope = _scope()
        if scope is None:
            return await original(self, fn, *args, **kwargs)
        return await original(self, within, scope, _taking, (CHECKOUT.get(), fn, args, kwargs), {})

    return _execute


def _taking(taken, fn, args, kwargs):
    """Calls `fn` for the pool that is handing a connection out, where one is."""
    token = CHECKOUT.set(taken)
    try:
        return fn(*args, **kwargs)
    finally:
        CHECKOUT.reset(token)


def _connecting(original):
    async def _connect(self):
        scope = _scope()
        connector = self._connector
        if scope is not None:
            self._connector = lambda: within(scope, connector, (), {})
        try:
            return await original(self)
        finally:
            self._connector = connector

    return _connect


def _scope():
    try:
        return inherited()
    except Exception as error:
        notes.note("aiosqlite", error)
        return None
