"""What one request costs, as one vector: the objective of every change."""

from typing import Final

from auditor.model.numbers import Number
from auditor.model.value import Value


class Vector(Value):
    """Each component with how it came about; one that was not measured is `unknown`, never 0."""

    sql: Number = Number()
    """Statements, those that begin and end transactions left out."""
    rows: Number = Number()
    """That reached the application."""
    rows_read: Number = Number()
    """That the database read for them."""
    sessions: Number = Number()
    """Connections checked out of a pool, or opened where there is none."""
    transactions: Number = Number()
    """Begun."""
    http: Number = Number()
    cache: Number = Number()
    log: Number = Number()
    """Records of any level that passed their logger."""
    mail: Number = Number()
    tasks: Number = Number()
    bytes: Number = Number()
    """Of the answer's body."""
    cpu_ms: Number = Number()
    ttfb_ms: Number = Number()
    latency_ms: Number = Number()


VECTOR_KEYS: Final = tuple(Vector.model_fields)
"""In the order of reports."""
