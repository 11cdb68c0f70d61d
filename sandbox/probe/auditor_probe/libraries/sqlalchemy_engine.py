"""SQLAlchemy over a driver that has no hook of its own: its cursor events."""

from auditor_probe import patching
from auditor_probe.libraries import sql

_OWN_HOOK = {
    "pysqlite",
    "psycopg2",
    "psycopg",
    "psycopg_async",
    "asyncpg",
    "aiosqlite",
    "pymysql",
    "mysqldb",
    "aiomysql",
}


def patch(module):
    """`sqlalchemy.engine.base`. A listener costs each statement of its engine, so only those get one that need it.

    `create_engine` reads off the code of `Engine.__init__` which of its options are the engine's.
    """
    patching.around(module.Engine, "__init__", lambda engine, *rest, **options: engine, _made, alike=True)


def _made(engine, result, error):
    if error is None and engine.dialect.driver not in _OWN_HOOK:
        from sqlalchemy import event

        event.listen(engine, "before_cursor_execute", _before)
        event.listen(engine, "after_cursor_execute", _after)


def _before(connection, cursor, statement, parameters, context, executemany):
    context._auditor_effect = sql.begun(statement, parameters, executemany)


def _after(connection, cursor, statement, parameters, context, executemany):
    effect = context.__dict__.pop("_auditor_effect", None) if context is not None else None
    if effect is not None:
        sql.ended(effect, getattr(cursor, "rowcount", -1), cursor.description is not None)
