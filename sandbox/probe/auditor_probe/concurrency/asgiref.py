"""asgiref, which Django's asynchronous half stands on: what it runs on the other side has the caller's context, and so would
lose the stack that called; the context gets a scope that knows it."""

from auditor_probe import notes, patching, stacks
from auditor_probe.current import SCOPE, inherited


def patch(module):
    """`asgiref.sync`, `asgiref.current_thread_executor`."""
    if module.__name__ == "asgiref.sync":
        patching.replace(module.SyncToAsync, "__call__", _to_thread)
        patching.replace(module.AsyncToSync, "__call__", _to_loop)
    else:
        stacks.loop_file(module.CurrentThreadExecutor.run_until_future.__code__.co_filename)


def _entered():
    try:
        scope = inherited()
        return None if scope is None else SCOPE.set(scope)
    except Exception as error:
        notes.note("asgiref", error)
        return None


def _to_thread(original):
    async def __call__(self, *args, **kwargs):
        token = _entered()
        try:
            return await original(self, *args, **kwargs)
        finally:
            if token is not None:
                SCOPE.reset(token)

    return __call__


def _to_loop(original):
    def __call__(self, *args, **kwargs):
        token = _entered()
        try:
            return original(self, *args, **kwargs)
        finally:
            if token is not None:
                SCOPE.reset(token)

    return __call__
