"""A call that is made of other calls counts once: within it the inner layers keep quiet."""

from contextvars import ContextVar

from auditor_probe import stacks
from auditor_probe.current import SCOPE

_ALL = object()
_QUIET = ContextVar("auditor_quiet", default=None)
"""None, the stack of the call that inner layers are a part of, or `_ALL`."""


def counting():
    """Whether an inner layer is to write its call down."""
    outer = _QUIET.get()
    if outer is None:
        return True
    if outer is _ALL:
        return False
    scope = SCOPE.get()
    return stacks.here(None if scope is None else scope.base) is not outer


def quiet(effect=None):
    """From now on inner layers keep quiet, in this thread, greenlet or task; give the token to `loud`.

    With an `effect`, only those that no application code stands between: a task that runs at once, where it is enqueued,
    has effects of its own.
    """
    return _QUIET.set(_ALL if effect is None or effect.stack is None else effect.stack)


def loud(token):
    """Ends what `quiet` began."""
    try:
        _QUIET.reset(token)
    except ValueError:  # ended in another context than it began in
        _QUIET.set(None)
