"""SQL statements: what kind of effect a text is, and the shape of its parameters."""

import re

_CONTROL = {
    "BEGIN": "begin",
    "START": "begin",
    "COMMIT": "commit",
    "END": "commit",
    "ROLLBACK": "rollback",
    "ABORT": "rollback",
    "SAVEPOINT": "savepoint",
    "RELEASE": "release",
}
# One way only to read each text: a choice of ways doubles the time with every blank before a text without letters.
_LEADING = re.compile(r"(?:\s|--[^\n]*\n|/\*[^*]*\*+(?:[^*/][^*]*\*+)*/|\()*([A-Za-z]+)")
_WRITING = re.compile(r"\b(INSERT|UPDATE|DELETE|MERGE)\b", re.I)
_MOST = 24
_kinds = {}


def kind_and_verb(text):
    """``("sql", "SELECT")`` or ``("transaction", "begin")``."""
    found = _kinds.get(text)
    if found is None:
        if len(_kinds) > 5000:
            _kinds.clear()
        found = _kinds[text] = _parse(text)
    return found


def _parse(text):
    match = _LEADING.match(text)
    verb = match.group(1).upper() if match else ""
    if verb in _CONTROL:
        if verb == "ROLLBACK" and re.search(r"\bTO\b", text[:60], re.I):
            return "transaction", "rollback-to"
        return "transaction", _CONTROL[verb]
    if verb == "WITH":
        writing = _WRITING.search(text)
        verb = writing.group(1).upper() if writing else "SELECT"
    return "sql", verb


def shape_of(parameters):
    """Types, and lengths of texts: ``(int,str:5)``; never a value."""
    if not parameters:
        return None
    kind = parameters.__class__
    if kind is tuple:
        found = _shapes.get(tuple(map(type, parameters)), _LONGER)
        if found is not _LONGER:
            return found
    if (kind is not tuple and kind is not list and kind is not dict) or len(parameters) > _MOST:
        return _shape(parameters)
    values = parameters.values() if kind is dict else parameters
    key = tuple(map(type, values))
    if kind is dict:
        key = tuple(parameters), key
    found = _shapes.get(key)
    if found is None:
        types = key[1] if kind is dict else key
        if not _SIZED.isdisjoint(types):
            return _shape(parameters)
        if str in types:
            found = _LONGER
        else:
            found = _shape(parameters)
        _keep(key, found)
    if found is not _LONGER:
        return found
    key = key, tuple([len(value) if value.__class__ is str else 0 for value in values])
    found = _shapes.get(key)
    if found is None:
        found = _shape(parameters)
        _keep(key, found)
    return found


def _keep(key, shape):
    if len(_shapes) > 5000:
        _shapes.clear()
    _shapes[key] = shape


_shapes = {}
_LONGER = object()
"""The shape depends on the lengths of texts too."""
_SIZED = frozenset((bytes, list, tuple))
"""Besides texts, what has its length in the shape."""


def _shape(parameters):
    if type(parameters) is dict:
        parts = ["%s=%s" % (name, _one(value)) for name, value in list(parameters.items())[:_MOST]]
    elif isinstance(parameters, (list, tuple)):
        kinds = set(map(type, parameters))
        if len(kinds) == 1:
            name = _NAMES.get(kinds.pop())
            if name is not None:
                return _alike(name, len(parameters))
        parts = [_NAMES.get(type(value)) or _one(value) for value in parameters[:_MOST]]
    elif hasattr(parameters, "keys"):
        parts = ["%s=%s" % (name, _one(parameters[name])) for name in list(parameters.keys())[:_MOST]]
    else:
        return type(parameters).__name__
    more = len(parameters) - _MOST
    if more > 0:
        parts.append("+%d" % more)
    return "(" + ",".join(parts) + ")"


_rows = {}


def _alike(name, size):
    """The shape of many values of one type that has no length."""
    found = _rows.get((name, size))
    if found is None:
        found = (
            "(" + ",".join([name] * min(size, _MOST)) + (",+%d)" % (size - _MOST) if size > _MOST else ")")
        )
        _rows[name, size] = found
    return found


_NAMES = {int: "int", float: "float", bool: "bool", type(None): "NoneType"}


def _one(value):
    kind = type(value)
    if kind is str or kind is bytes:
        return "%s:%d" % (kind.__name__, len(value))
    if kind is list or kind is tuple:
        return "%s:%d" % (kind.__name__, len(value))
    return kind.__name__


def as_text(statement):
    """The statement as a string, without values."""
    if type(statement) is str:
        return statement
    if isinstance(statement, str):
        return str.__str__(statement)
    if isinstance(statement, (bytes, bytearray, memoryview)):
        return bytes(statement).decode("utf-8", "replace")
    return "<%s>" % type(statement).__name__
