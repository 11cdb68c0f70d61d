"""asyncpg: the protocol is C; statements go through a few Python methods above it."""

from auditor_probe import patching
from auditor_probe.libraries import sql


def patch(module):
    """`asyncpg.connection`, `asyncpg.prepared_stmt`, `asyncpg.cursor`, `asyncpg.pool`."""
    kind = module.__name__.rpartition(".")[2]
    if kind == "connection":
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
        from auditor_probe.effects import begin

        patching.around(
            module.Pool, "_acquire", lambda pool, *rest: begin("session", "checkout", "asyncpg.Pool")
        )


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
