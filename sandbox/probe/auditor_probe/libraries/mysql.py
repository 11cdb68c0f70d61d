"""pymysql and mysqlclient: Python cursors over one `_query`; commits and rollbacks of the connection."""

from auditor_probe import patching
from auditor_probe.libraries import sql


def patch(module):
    """`pymysql.cursors`, `pymysql.connections`, `MySQLdb.cursors`, `MySQLdb.connections`."""
    if module.__name__.endswith("cursors"):
        kind = getattr(module, "BaseCursor", None) or module.Cursor
        patching.around(kind, "execute", _executing, _executed)
    else:
        for verb in ("begin", "commit", "rollback"):
            if verb in vars(module.Connection):
                patching.around(module.Connection, verb, _telling(verb))


def _executing(cursor, query, args=None):
    return cursor, sql.begun(query, args)


def _executed(token, result, error):
    cursor, effect = token
    if error is not None:
        sql.failed(effect, error)
    else:
        sql.ended(effect, cursor.rowcount, cursor.description is not None)


def _telling(verb):
    return lambda connection: sql.transaction(verb)
