"""psycopg_pool: connections taken from a pool, and the wait for one."""

from auditor_probe import patching
from auditor_probe.effects import begin, end
from auditor_probe.libraries.inside import loud, quiet


def patch(module):
    """`psycopg_pool.pool`, `psycopg_pool.pool_async`."""
    for name in ("ConnectionPool", "AsyncConnectionPool"):
        pool = vars(module).get(name)
        if pool is not None:
            patching.around(pool, "getconn", _taking, _taken)
            patching.around(pool, "_connect", lambda *rest, **options: quiet(), _connected, optional=True)


def _taking(pool, timeout=None):
    taken = begin("session", "checkout", pool.name)
    waits = begin("pool-wait", "wait", pool.name) if not pool._pool else None
    return taken, waits


def _taken(token, result, error):
    for effect in token:
        if effect is not None:
            end(effect)


def _connected(silence, result, error):
    """Who is handed a connection out of the pool has taken one, however many it opened."""
    loud(silence)
