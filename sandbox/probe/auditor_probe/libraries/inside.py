"""A call that is made of other calls counts once: within it the inner layers keep quiet."""

from contextvars import ContextVar

_QUIET = ContextVar("auditor_quiet", default=False)


def counting():
    """Whether an inner layer is to write its call down."""
    return not _QUIET.get()


def quiet():
    """From now on inner layers keep quiet, in this thread, greenlet or task; give the token to `loud`."""
    return _QUIET.set(True)


def loud(token):
    """Ends what `quiet` began."""
    try:
        _QUIET.reset(token)
    except ValueError:  # ended in another context than it began in
        _QUIET.set(False)
