"""psycopg2: connections and cursors are C types, so `connect` makes them of subclasses."""

from auditor_probe import notes, patching
from auditor_probe.effects import begin, end
from auditor_probe.libraries import sql

_connections = {}
_cursors = {}
_READY, _BEGUN = 1, 2


def patch(module):
    """`psycopg2`."""
    patching.replace(module, "connect", _connecting(module.extensions.connection, module.extensions.cursor))


def _connecting(connection_type, cursor_type):
    def make(original):
        def connect(dsn=None, connection_factory=None, cursor_factory=None, **kwargs):
            effect = None
            factory = connection_factory
            try:
                kind = connection_factory or connection_type
                if isinstance(kind, type):
                    factory = _connection_class(kind, cursor_type)
                effect = begin("session", "connect", "postgresql")
            except Exception as error:
                notes.note("psycopg2.connect", error)
            try:
                return original(dsn, connection_factory=factory, cursor_factory=cursor_factory, **kwargs)
            finally:
                if effect is not None:
                    end(effect)

        return connect

    return make


def _named_like(base, members):
    return dict(members, __module__=base.__module__, __qualname__=base.__qualname__, __doc__=base.__doc__)


def _connection_class(base, cursor_type):
    found = _connections.get(base)
    if found is None:
        found = _connections[base] = _make_connection_class(base, cursor_type)
    return found


def _make_connection_class(base, cursor_type):
    def cursor(self, name=None, cursor_factory=None, *args, **kwargs):
        factory = cursor_factory
        try:
            kind = cursor_factory or self.cursor_factory or cursor_type
            if isinstance(kind, type):
                factory = _cursor_class(kind)
        except Exception as error:
            notes.note("psycopg2 cursor", error)
        return base.cursor(self, name, factory, *args, **kwargs)

    def commit(self):
        if self.status == _BEGUN:
            sql.transaction("commit")
        return base.commit(self)

    def rollback(self):
        if self.status == _BEGUN:
            sql.transaction("rollback")
        return base.rollback(self)

    members = {"cursor": cursor, "commit": commit, "rollback": rollback}  # leaving a `with` calls one of them
    return type(base.__name__, (base,), _named_like(base, members))


def _cursor_class(base):
    found = _cursors.get(base)
    if found is None:
        found = _cursors[base] = _make_cursor_class(base)
    return found


def _text(cursor, statement):
    if hasattr(statement, "as_string"):
        return statement.as_string(cursor)
    return statement


def _make_cursor_class(base):
    def run(self, name, statement, parameters, many=False):
        connection = self.connection
        effect = None
        try:
            if connection.status == _READY and not connection.autocommit:
                sql.transaction("begin")
            effect = sql.begun(_text(self, statement), parameters, many)
        except Exception as error:
            notes.note("psycopg2", error)
        self._auditor_effect = effect
        try:
            result = getattr(base, name)(self, statement, *(() if parameters is None else (parameters,)))
        except BaseException as error:
            sql.failed(effect, error)
            raise
        sql.ended(effect, self.rowcount, self.description is not None)
        return result

    def execute(self, query, vars=None):
        return run(self, "execute", query, vars)

    def executemany(self, query, vars_list):
        return run_many(self, query, vars_list)

    def run_many(self, query, vars_list):
        """One statement goes to the server for each row."""
        connection = self.connection
        try:
            if not isinstance(vars_list, (list, tuple)):
                vars_list = list(vars_list)
            if vars_list and connection.status == _READY and not connection.autocommit:
                sql.transaction("begin")
        except Exception as error:
            notes.note("psycopg2", error)
        effects = [sql.begun(_text(self, query), row) for row in vars_list]
        try:
            return base.executemany(self, query, vars_list)
        finally:
            for effect in effects:
                sql.ended(effect)

    def callproc(self, procname, *parameters):
        return _called(self, procname, *parameters)

    def _called(self, procname, *parameters):
        effect = None
        try:
            if self.connection.status == _READY and not self.connection.autocommit:
                sql.transaction("begin")
            effect = sql.begun("SELECT * FROM %s(...)" % procname, parameters[0] if parameters else None)
        except Exception as error:
            notes.note("psycopg2", error)
        try:
            return base.callproc(self, procname, *parameters)
        finally:
            sql.ended(effect, self.rowcount, True)

    def fetched(self, count):
        effect = self._auditor_effect
        if effect is not None and self.name is not None:
            effect.rows = (effect.rows or 0) + count

    def fetchone(self):
        row = base.fetchone(self)
        if row is not None:
            fetched(self, 1)
        return row

    def fetchmany(self, *args, **kwargs):
        rows = base.fetchmany(self, *args, **kwargs)
        fetched(self, len(rows))
        return rows

    def fetchall(self):
        rows = base.fetchall(self)
        fetched(self, len(rows))
        return rows

    members = {
        "_auditor_effect": None,
        "execute": execute,
        "executemany": executemany,
        "callproc": callproc,
        "fetchone": fetchone,
        "fetchmany": fetchmany,
        "fetchall": fetchall,
    }
    return type(base.__name__, (base,), _named_like(base, members))
