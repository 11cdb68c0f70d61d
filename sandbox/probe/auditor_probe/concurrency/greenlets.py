"""Greenlets: a new one starts with an empty context; one that a request starts gets the request's scope.

SQLAlchemy runs its synchronous half in greenlets that share their caller's context and lack only its stack.
"""

import sys

from auditor_probe import notes, patching, stacks
from auditor_probe.concurrency import awaited
from auditor_probe.current import SCOPE, bare_context, inherited


def patch(module):
    """`greenlet`, `gevent.greenlet`, `eventlet.greenthread`; where SQLAlchemy's are made."""
    if module.__name__.startswith("sqlalchemy."):
        _patch_sqlalchemy(module)
    elif hasattr(module, "GreenThread"):
        patching.around(module.GreenThread, "__init__", lambda thread, *rest: thread, _made)
    elif hasattr(module, "Greenlet"):  # gevent's, which its compiled form has renamed
        module.Greenlet.add_spawn_callback(_spawned)
    elif not getattr(module, "GREENLET_USE_CONTEXT_VARS", False):
        notes.note("this greenlet (before 1.0) shares context variables: requests of one worker may mix")


def _patch_sqlalchemy(module):
    stacks.continue_with(_driver_frame)
    names = [name for name in ("await_", "await_only") if hasattr(module, name)]
    patching.replace(module, names[0], _awaiting, optional=True)
    for name in names[1:]:
        setattr(module, name, getattr(module, names[0]))


def _current():
    """The greenlet that runs, if it is one of SQLAlchemy's."""
    greenlet = sys.modules.get("greenlet")
    current = None if greenlet is None else greenlet.getcurrent()
    return current if type(current).__name__ == "_AsyncIoGreenlet" else None


def _driver_frame():
    """Where the coroutine stands that waits for the current greenlet."""
    current = _current()
    return None if current is None or current.parent is None else current.parent.gr_frame


def _awaiting(original):
    def await_(awaitable):
        try:
            if SCOPE.get() is not None and _current() is not None:
                scope = inherited()
                if scope is not None:
                    awaitable = awaited.within(scope, awaitable)
        except Exception as error:
            notes.note("sqlalchemy await", error)
        return original(awaitable)

    return await_


def _spawned(greenlet):
    try:
        scope = inherited()
        if scope is None:
            return
        context = greenlet.gr_context
        if context is None:
            greenlet.gr_context = bare_context(scope)
    except Exception as error:
        notes.note("greenlet", error)


def _made(thread, result, error):
    if error is None:
        _spawned(thread)
