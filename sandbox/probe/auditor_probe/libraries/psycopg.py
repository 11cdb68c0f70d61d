"""psycopg 3: its cursors are Python classes; transactions begin and end in one generator of the connection."""

from auditor_probe import notes, patching, statements
from auditor_probe.effects import begin, end, mark, mark_before, open_statement
from auditor_probe.libraries import sql
from auditor_probe.libraries.inside import counting

_CURSORS = {
    "psycopg.cursor": "Cursor",
    "psycopg.cursor_async": "AsyncCursor",
    "psycopg._server_cursor": "ServerCursor",
    "psycopg._server_cursor_async": "AsyncServerCursor",
    "psycopg.server_cursor": "ServerCursor",
}


def patch(module):
    """The modules of its cursors and connections."""
    name = module.__name__
    for kind in ("Connection", "AsyncConnection"):
        if name in ("psycopg.connection", "psycopg.connection_async") and "connect" in vars(
            vars(module).get(kind, object)
        ):
            patching.around_class_method(vars(module)[kind], "connect", _connecting)
    if name == "psycopg._connection_base" or (
        name == "psycopg.connection" and "BaseConnection" in vars(module)
    ):
        patching.replace(module.BaseConnection, "_exec_command", _telling, optional=True)
        return
    if name not in _CURSORS:
        return
    kinds = [_CURSORS[name]] + (["AsyncServerCursor"] if name == "psycopg.server_cursor" else [])
    for kind in kinds:
        cursor = vars(module).get(kind)
        if cursor is None:
            continue
        if "execute" in vars(cursor):
            patching.around(cursor, "execute", _executing, _executed)
        if "executemany" in vars(cursor):
            patching.around(cursor, "executemany", _executing_many, _executed_many)
        if "stream" in vars(cursor):
            patching.replace(cursor, "stream", _streaming, optional=True)


def _connecting(*rest, **options):
    return begin("session", "connect", "postgresql") if counting() else None


def _text(cursor, query):
    if hasattr(query, "as_string"):
        return query.as_string(cursor)
    return query


def _executing(cursor, query, params=None, **options):
    return cursor, sql.begun(_text(cursor, query), params)


def _executed(token, result, error):
    cursor, effect = token
    if error is not None:
        sql.failed(effect, error)
    else:
        sql.ended(effect, cursor.rowcount, cursor.description is not None)


def _executing_many(cursor, query, params_seq, **options):
    """One execution for each set of parameters, as the server sees it; of an iterator the number is not known."""
    text = _text(cursor, query)
    if not isinstance(params_seq, (list, tuple)):
        return [sql.begun(text, None)]
    return [sql.begun(text, params) for params in params_seq]


def _executed_many(effects, result, error):
    for effect in effects:
        sql.ended(effect) if error is None else sql.failed(effect, error)


def _streaming(original):
    def stream(self, query, params=None, *rest, **options):
        try:
            effect = sql.begun(_text(self, query), params)
            if effect is not None:
                end(effect)
        except Exception as error:
            notes.note("psycopg stream", error)
        return original(self, query, params, *rest, **options)

    return stream


def _telling(original):
    def _exec_command(self, command, *rest, **options):
        try:
            text = command if isinstance(command, (bytes, str)) else command.as_string(self)
            _tell(text)
        except Exception as error:
            notes.note("psycopg transaction", error)
        return original(self, command, *rest, **options)

    return _exec_command


def _tell(text):
    """A command that the driver sends on its own; BEGIN comes before the statement that made it necessary."""
    text = statements.as_text(text)
    kind, verb = statements.kind_and_verb(text)
    sending = open_statement()
    if verb == "begin" and sending is not None:
        mark_before(sending, kind, verb)
    else:
        mark(kind, verb, text)
