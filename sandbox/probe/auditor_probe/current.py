"""Whose request this is: a context variable, so that threads, greenlets and tasks each see their own.

Started inside a request they inherit its `Scope`, together with the stack from which they were started.
"""

from contextvars import Context, ContextVar

from auditor_probe import stacks


class Scope(object):
    """A request's record and the application stack below which everything here happens (None at its entry)."""

    __slots__ = ("base", "record")

    def __init__(self, record, base=None):
        self.record = record
        self.base = base


SCOPE = ContextVar("auditor_scope", default=None)
CHECKOUT = ContextVar("auditor_checkout", default=None)
"""The effect of a pool that is handing a connection out: what is sent meanwhile from no other place is the pool's own."""


def inherited():
    """The scope for something that is started by the caller's caller now; None outside requests."""
    scope = SCOPE.get()
    if scope is None or scope.record.closed:
        return None
    return Scope(scope.record, stacks.here(scope.base))


def bare_context(scope):
    """A context in which nothing but the scope is set: a new thread's or greenlet's context is empty otherwise."""
    context = Context()
    context.run(SCOPE.set, scope)
    return context
