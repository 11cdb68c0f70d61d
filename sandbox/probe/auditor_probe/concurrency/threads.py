"""Threads and executors: what is started inside a request belongs to it; its CPU time counts for it."""

import time

from auditor_probe import lines, notes, patching
from auditor_probe.current import SCOPE, inherited

_cpu = time.thread_time


def patch(module):
    """`threading`, `concurrent.futures.thread`."""
    if module.__name__ == "threading":
        patching.around(module.Thread, "start", _starting)
        patching.replace(module.Thread, "_bootstrap_inner", _bootstrapped)
        from auditor_probe.libraries import waits

        waits.patch_threading(module)
    else:
        patching.replace(module.ThreadPoolExecutor, "submit", _submitted)


def _starting(thread):
    scope = inherited()
    if scope is not None:
        thread._auditor_scope = scope


def _bootstrapped(original):
    def _bootstrap_inner(self):
        scope = self.__dict__.pop("_auditor_scope", None)
        lines.enter()
        if scope is None:
            return original(self)
        return within(scope, original, (self,), {})

    return _bootstrap_inner


def _submitted(original):
    def submit(self, fn, *args, **kwargs):
        scope = None
        try:
            scope = inherited()
        except Exception as error:
            notes.note("submit", error)
        if scope is None:
            return original(self, fn, *args, **kwargs)
        return original(self, within, scope, fn, args, kwargs)

    return submit


def within(scope, function, args, kwargs):
    """Calls `function` as a part of the request of `scope`, on a thread that is not the request's own."""
    token = SCOPE.set(scope)
    started = _cpu()
    try:
        return function(*args, **kwargs)
    finally:
        scope.record.helper_cpu += _cpu() - started
        SCOPE.reset(token)
