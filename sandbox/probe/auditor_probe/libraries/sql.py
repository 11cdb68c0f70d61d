"""Effects of database drivers."""

from auditor_probe import notes, statements
from auditor_probe.effects import begin, end, mark, mark_before


def begun(statement, parameters=None, many=False):
    """The started effect of a statement, for a hook; None on failure."""
    try:
        text = statement if statement.__class__ is str else statements.as_text(statement)
        kind, verb = statements.kind_and_verb(text)
        if many:
            shape, detail = _many(parameters)
        else:
            shape, detail = statements.shape_of(parameters), None
        return begin(kind, verb, text, shape, detail, 4)
    except Exception as error:
        notes.note("sql", error)
        return None


def ended(effect, rowcount=-1, returns=False):
    """The statement is through: `rowcount` counts rows returned where it `returns` rows, else rows changed."""
    if effect is None:
        return
    try:
        if returns:
            end(effect, rowcount if rowcount is not None and rowcount >= 0 else None)
        else:
            if rowcount is not None and rowcount > 0:
                effect.detail = dict(effect.detail or {}, affected=rowcount)
            end(effect)
    except Exception as error:
        notes.note("sql", error)


def failed(effect, error):
    """The statement raised."""
    if effect is None:
        return
    effect.detail = dict(effect.detail or {}, error=type(error).__name__)
    end(effect)


def fetched(effect, count):
    """`count` more rows reached the application."""
    if effect is not None:
        effect.rows = (effect.rows or 0) + count


def begun_before(effect):
    """The driver began a transaction on its own before the statement of `effect`."""
    try:
        mark_before(effect, "transaction", "begin")
    except Exception as error:
        notes.note("transaction", error)


def transaction(verb):
    """A transaction's begin or end that the driver says on its own, without a statement of the application."""
    try:
        mark("transaction", verb, None)
    except Exception as error:
        notes.note("transaction", error)


def _many(parameters):
    try:
        size = len(parameters)
        first = parameters[0] if size and isinstance(parameters, (list, tuple)) else None
    except TypeError:
        return None, {"many": None}
    return statements.shape_of(first), {"many": size}
