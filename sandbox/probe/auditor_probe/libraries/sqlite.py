"""sqlite3: connections and cursors are C types, so `connect` makes them of subclasses.

SQLite's own trace callback has room for one function, which may be the application's, and does not say when a
statement ended; a subclass sees the call, its parameters and its rows.
"""

from auditor_probe import notes, patching
from auditor_probe.effects import begin, end
from auditor_probe.libraries import sql

_connections = {}
_cursors = {}
_module = []


def patch(module):
    """`sqlite3.dbapi2`, before `sqlite3` itself copies its names."""
    _module[:] = [module]
    original = module.connect
    standing = patching.Builtin(original, lambda *args, **kwargs: _connect(original, args, kwargs))
    module.connect = standing


def _connect(original, args, kwargs):
    effect = None
    try:
        args, kwargs = _with_factory(args, kwargs)
        effect = begin("session", "connect", "sqlite")
    except Exception as error:
        notes.note("sqlite3.connect", error)
    try:
        return original(*args, **kwargs)
    finally:
        if effect is not None:
            end(effect)


def _with_factory(args, kwargs):
    """Puts our subclass of the factory asked for; one that is no class is left alone."""
    factory = args[5] if len(args) > 5 else kwargs.get("factory", _module[0].Connection)
    if not isinstance(factory, type):
        notes.note("sqlite3.connect: a factory that is no class is not observed")
        return args, kwargs
    probed = _connections.get(factory)
    if probed is None:
        probed = _connections[factory] = _connection_class(factory)
    if len(args) > 5:
        return args[:5] + (probed,) + args[6:], kwargs
    return args, dict(kwargs, factory=probed)


def _named_like(base, members):
    return dict(members, __module__=base.__module__, __qualname__=base.__qualname__, __doc__=base.__doc__)


def _connection_class(base):
    default = _module[0].Cursor
    plain = _cursor_class(default)
    told = set()

    def cursor(self, *args, **kwargs):
        if not args and not kwargs:
            return base.cursor(self, plain)
        try:
            if args:
                args = (_cursor_class(args[0]),) + args[1:]
            else:
                kwargs = dict(kwargs, factory=_cursor_class(kwargs.get("factory", default)))
        except Exception as error:
            notes.note("sqlite3 cursor", error)
        return base.cursor(self, *args, **kwargs)

    def execute(self, *args):
        """The three shortcuts make a cursor in C, past our `cursor`."""
        return cursor(self).execute(*args)

    def executemany(self, *args):
        return cursor(self).executemany(*args)

    def executescript(self, *args):
        return cursor(self).executescript(*args)

    def commit(self):
        if self.in_transaction:
            told.add(id(self))
            sql.transaction("commit")
        return base.commit(self)

    def rollback(self):
        if self.in_transaction:
            told.add(id(self))
            sql.transaction("rollback")
        return base.rollback(self)

    def __exit__(self, kind, error, traceback):
        """Python 3.8 comes through our `commit`, later versions don't."""
        told.discard(id(self))
        open_before = self.in_transaction
        try:
            return base.__exit__(self, kind, error, traceback)
        finally:
            if open_before and id(self) not in told:
                sql.transaction("commit" if kind is None else "rollback")

    members = {
        "__slots__": (),
        "cursor": cursor,
        "execute": execute,
        "executemany": executemany,
        "executescript": executescript,
        "commit": commit,
        "rollback": rollback,
        "__exit__": __exit__,
    }
    return type(base.__name__, (base,), _named_like(base, members))


def _cursor_class(base):
    if not isinstance(base, type):
        notes.note("sqlite3: a cursor factory that is no class is not observed")
        return base
    found = _cursors.get(base)
    if found is None:
        found = _cursors[base] = _make_cursor_class(base)
    return found


def _make_cursor_class(base):
    plain_execute, plain_many, plain_script = base.execute, base.executemany, base.executescript
    plain_one, plain_some, plain_all, plain_next = base.fetchone, base.fetchmany, base.fetchall, base.__next__

    def execute(self, statement, *parameters):
        connection = self.connection
        implicit = not connection.in_transaction
        effect = self._auditor_effect = sql.begun(statement, parameters[0] if parameters else None)
        try:
            result = plain_execute(self, statement, *parameters)
        except BaseException as error:
            sql.failed(effect, error)
            raise
        _done(self, effect, connection, implicit)
        return result

    def executemany(self, statement, parameters):
        connection = self.connection
        implicit = not connection.in_transaction
        effect = self._auditor_effect = sql.begun(statement, parameters, True)
        try:
            result = plain_many(self, statement, parameters)
        except BaseException as error:
            sql.failed(effect, error)
            raise
        _done(self, effect, connection, implicit)
        return result

    def executescript(self, script):
        effect = self._auditor_effect = sql.begun(script)
        try:
            result = plain_script(self, script)
        except BaseException as error:
            sql.failed(effect, error)
            raise
        sql.ended(effect)
        return result

    def _done(self, effect, connection, implicit):
        if effect is not None:
            changed = self.rowcount
            if changed > 0:
                effect.detail = dict(effect.detail or {}, affected=changed)
            end(effect)
            if implicit and effect.kind == "sql" and connection.in_transaction:
                sql.begun_before(effect)

    def fetchone(self):
        row = plain_one(self)
        if row is not None:
            _fetched(self, 1)
        return row

    def fetchmany(self, *args, **kwargs):
        rows = plain_some(self, *args, **kwargs)
        _fetched(self, len(rows))
        return rows

    def fetchall(self):
        rows = plain_all(self)
        _fetched(self, len(rows))
        return rows

    def __next__(self):
        row = plain_next(self)
        _fetched(self, 1)
        return row

    def _fetched(self, count):
        try:
            effect = self._auditor_effect
        except AttributeError:  # nothing was executed
            return
        if effect is not None:
            before = effect.rows
            effect.rows = count if before is None else before + count

    members = {
        "__slots__": ("_auditor_effect",),
        "execute": execute,
        "executemany": executemany,
        "executescript": executescript,
        "fetchone": fetchone,
        "fetchmany": fetchmany,
        "fetchall": fetchall,
        "__next__": __next__,
    }
    return type(base.__name__, (base,), _named_like(base, members))
