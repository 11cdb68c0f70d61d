"""asyncpg: the protocol is C; statements go through a few Python methods above it."""

from auditor_probe import patching
from auditor_probe.effects import begin
from auditor_probe.libraries import sql
from auditor_probe.libraries.inside import counting, loud, quiet


def patch(module):
    """`asyncpg.connection`, `asyncpg.prepared_stmt`, `asyncpg.cursor`, `asyncpg.pool`."""
    kind = module.__name__.rpartition(".")[2]
    if kind == "connection":
        patching.around(module, "connect", _connecting)
        patching.around(module.Connection, "execute", _simple, _done)
        patching.around(module.Connection, "_Connection__execute", _extended, _fetched, optional=True)
        patching.around(module.Connection, "_executemany", _many, _done, optional=True)
    elif kind == "prepared_stmt":
        patching.around(
            module.PreparedStatement, "_PreparedStatement__bind_execute", _prepared, _rows, optional=True
        )
    elif kind == "cursor":
        patching.around(module.BaseCursor, "_bind_exec", _cursor, _rows, optional=True)
        patching.around(module.BaseCursor, "_bind", _cursor, _done, optional=True)
    else:
        patching.around(module.Pool, "_get_new_connection", lambda pool: quiet(), _connected, optional=True)
        patching.around(
            module.Pool, "_acquire", lambda pool, *rest: begin("session", "checkout", "asyncpg.Pool")
        )


def _connecting(*rest, **options):
    return begin("session", "connect", "postgresql") if counting() else None


def _connected(silence, result, error):
    """Who is handed a connection out of the pool has taken one, however many it opened."""
    loud(silence)


def _simple(connection, query, *args, **options):
    return None if args else sql.begun(query)


def _extended(connection, query, args, *rest, **options):
    return sql.begun(query, args)


def _many(connection, query, args, *rest, **options):
    return sql.begun(query, args if isinstance(args, (list, tuple)) else None, True)


def _prepared(statement, args, *rest):
    return sql.begun(statement._state.query, args)


def _cursor(cursor, *rest):
    return sql.begun(cursor._state.query, cursor._args)


def _done(effect, result, error):
    sql.ended(effect) if error is None else sql.failed(effect, error)


def _fetched(effect, result, error):
    _rows(effect, result[0] if isinstance(result, tuple) else None, error)


def _rows(effect, result, error):
    if error is not None:
        sql.failed(effect, error)
    else:
        sql.ended(effect, len(result) if isinstance(result, list) else -1, True)
