"""What synchronous code in one of SQLAlchemy's greenlets awaits runs in the coroutine outside, and so would lose the frames inside."""

from auditor_probe import stacks
from auditor_probe.current import SCOPE

stacks.loop_file(__file__)


async def within(scope, awaitable):
    """Awaits for the request of `scope`, whose stack knows who awaits."""
    token = SCOPE.set(scope)
    try:
        return await awaitable
    finally:
        try:
            SCOPE.reset(token)
        except ValueError:  # closed in another context than it ran in
            pass
