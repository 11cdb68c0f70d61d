"""pymysql, mysqlclient, aiomysql: cursors over one `query` of the connection.

No statement begins a transaction where the connection does not commit by itself; it is told with the first that is sent.
"""

from auditor_probe import patching, statements
from auditor_probe.effects import begin, end
from auditor_probe.libraries import sql
from auditor_probe.libraries.inside import counting, loud, quiet

_UNKNOWN = 2**63
"""From here on a count of rows is a -1 that was read as unsigned: the rows are still to come."""
_OUTSIDE = ("SET", "SHOW", "USE", "")


def patch(module):
    """`pymysql`, `MySQLdb`, `aiomysql`: their `.cursors`, `.connections` or `.connection`, `.pool`."""
    kind = module.__name__.rpartition(".")[2]
    if kind == "cursors":
        _patch_cursors(module)
    elif kind == "pool":
        patching.around(module.Pool, "_acquire", _taking, _taken)
    else:
        connection = module.Connection
        for verb in ("begin", "commit", "rollback"):
            patching.around(connection, verb, _telling(verb), _told, optional=True)
        patching.around(connection, "query", _querying, _queried)
        opening = next(name for name in ("connect", "_connect", "__init__") if name in vars(connection))
        patching.around(connection, opening, _connecting, _connected)


def _patch_cursors(module):
    cursor = getattr(module, "BaseCursor", None) or module.Cursor
    patching.around(cursor, "execute", _executing, _executed)
    patching.around(cursor, "executemany", _many, _many_done)
    patching.around(cursor, "callproc", _calling, _executed)
    if "_fetch_row" in vars(cursor):
        unbuffered = module.CursorUseResultMixIn
        patching.around(
            cursor, "_fetch_row", lambda made, *rest: made if isinstance(made, unbuffered) else None, _fetched
        )
    else:
        name = "read_next" if hasattr(module.SSCursor, "read_next") else "_read_next"
        patching.around(module.SSCursor, name, lambda made: made, _read)


def _executing(cursor, query, args=None):
    many = cursor.__dict__.get("_auditor_many")
    if many is not None and args is None:  # some of its rows, their values in the text
        query, args = many
    return _begun(cursor, query, args)


def _calling(cursor, procname, args=()):
    name = procname.decode("utf-8", "replace") if isinstance(procname, bytes) else procname
    return _begun(cursor, "CALL %s(...)" % name, args)


def _begun(cursor, query, args):
    connection = cursor._get_db()
    text = statements.as_text(query)
    kind, verb = statements.kind_and_verb(text)
    if kind == "transaction":
        if verb in ("begin", "commit", "rollback"):
            connection._auditor_open = verb == "begin"
    elif verb not in _OUTSIDE:
        if connection.get_autocommit():
            connection._auditor_open = False
        elif not getattr(connection, "_auditor_open", False):
            sql.transaction("begin")
            connection._auditor_open = True
    effect = cursor._auditor_effect = sql.begun(text, args)
    within = getattr(connection, "_auditor_within", False)
    connection._auditor_within = True
    return cursor, effect, connection, within


def _executed(token, result, error):
    cursor, effect, connection, within = token
    connection._auditor_within = within
    if error is not None:
        sql.failed(effect, error)
    else:
        count = cursor.rowcount
        known = count is not None and 0 <= count < _UNKNOWN
        sql.ended(effect, count if known else -1, cursor.description is not None)


def _many(cursor, query, args):
    first = args[0] if args and isinstance(args, (list, tuple)) else None
    cursor._auditor_many = (query, first)
    return cursor


def _many_done(cursor, result, error):
    cursor._auditor_many = None


def _fetched(cursor, rows, error):
    if rows:
        sql.fetched(cursor.__dict__.get("_auditor_effect"), len(rows))


def _read(cursor, row, error):
    if row is not None:
        sql.fetched(cursor.__dict__.get("_auditor_effect"), 1)


def _querying(connection, query, *rest, **options):
    """What is sent past any cursor."""
    return None if getattr(connection, "_auditor_within", False) else sql.begun(query)


def _queried(effect, result, error):
    sql.ended(effect) if error is None else sql.failed(effect, error)


def _telling(verb):
    def telling(connection):
        within = getattr(connection, "_auditor_within", False)
        connection._auditor_open = verb == "begin"
        connection._auditor_within = True  # mysqlclient begins by a query
        sql.transaction(verb)
        return connection, within

    return telling


def _told(token, result, error):
    connection, within = token
    connection._auditor_within = within


def _connecting(connection, *rest, **options):
    connection._auditor_within = True  # the names and modes that it sets are its own
    return connection, begin("session", "connect", "mysql") if counting() else None


def _connected(token, result, error):
    connection, effect = token
    connection._auditor_within = False
    if effect is not None:
        end(effect)


def _taking(pool):
    effect = begin("session", "checkout", "aiomysql.Pool")
    return None if effect is None else (effect, quiet(effect))


def _taken(token, result, error):
    effect, silence = token
    loud(silence)
    end(effect)
