"""Greenlets: a new one starts with an empty context; one that a request starts gets the request's scope."""

from auditor_probe import notes, patching
from auditor_probe.current import bare_context, inherited


def patch(module):
    """`greenlet`, `gevent.greenlet`, `eventlet.greenthread`."""
    if hasattr(module, "GreenThread"):
        patching.around(module.GreenThread, "__init__", lambda thread, *rest: thread, _made)
    elif hasattr(module, "Greenlet"):  # gevent's, which its compiled form has renamed
        module.Greenlet.add_spawn_callback(_spawned)
    elif not getattr(module, "GREENLET_USE_CONTEXT_VARS", False):
        notes.note("this greenlet (before 1.0) shares context variables: requests of one worker may mix")


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
