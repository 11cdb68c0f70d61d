"""asyncio tasks copy the context anyhow; what they lack is the stack that created them."""

from auditor_probe import notes, patching, stacks
from auditor_probe.concurrency.threads import within
from auditor_probe.current import SCOPE, inherited


def patch(module):
    """`asyncio.base_events`, `asyncio.runners`, `uvloop`, `anyio.to_thread`."""
    if module.__name__ == "asyncio.base_events":
        patching.replace(module.BaseEventLoop, "create_task", _creating)
        stacks.loop_file(module.events.Handle._run.__code__.co_filename)
    elif module.__name__ == "asyncio.runners":
        stacks.loop_file(module.run.__code__.co_filename)
    elif module.__name__ == "uvloop":
        patching.replace(module.Loop, "create_task", _creating)
    else:
        patching.replace(module, "run_sync", _run_sync)


def _creating(original):
    def create_task(self, coro, *args, **kwargs):
        token = None
        try:
            if SCOPE.get() is not None and kwargs.get("context") is None:
                scope = inherited()
                if scope is not None:
                    token = SCOPE.set(scope)
        except Exception as error:
            notes.note("create_task", error)
        try:
            return original(self, coro, *args, **kwargs)
        finally:
            if token is not None:
                SCOPE.reset(token)

    return create_task


def _run_sync(original):
    async def run_sync(func, *args, **kwargs):
        scope = None
        try:
            scope = inherited()
        except Exception as error:
            notes.note("run_sync", error)
        if scope is None:
            return await original(func, *args, **kwargs)
        return await original(within, scope, func, args, {}, **kwargs)

    return run_sync
