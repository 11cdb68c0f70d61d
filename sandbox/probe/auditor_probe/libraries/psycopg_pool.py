"""psycopg_pool: connections taken from a pool, and the wait for one."""

from auditor_probe import patching
from auditor_probe.effects import begin, end


def patch(module):
    """`psycopg_pool.pool`, `psycopg_pool.pool_async`."""
    for name in ("ConnectionPool", "AsyncConnectionPool"):
        pool = vars(module).get(name)
        if pool is not None:
            patching.around(pool, "getconn", _taking, _taken)


def _taking(pool, timeout=None):
    taken = begin("session", "checkout", pool.name)
    waits = begin("pool-wait", "wait", pool.name) if not pool._pool else None
    return taken, waits


def _taken(token, result, error):
    for effect in token:
        if effect is not None:
            end(effect)
