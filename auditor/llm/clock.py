"""Time, behind a protocol: tests turn its hands themselves."""

import asyncio
import random
import time
from typing import Protocol


class Clock(Protocol):
    """What the client knows of time. Seconds everywhere."""

    def now(self) -> float:
        """Since some moment in the past; never goes back."""
        ...

    async def pause(self, seconds: float, /) -> None:
        """Waits before something is tried again."""
        ...

    async def alarm(self, seconds: float, /) -> None:
        """Returns when so much time is over in which something should have happened."""
        ...

    def jitter(self) -> float:
        """Between 0 and 1, so that many who were turned away don't come back at once."""
        ...


class RealClock:
    """The machine's."""

    def now(self) -> float:
        """As `Clock.now`."""
        return time.monotonic()

    async def pause(self, seconds: float, /) -> None:
        """As `Clock.pause`."""
        await asyncio.sleep(seconds)

    async def alarm(self, seconds: float, /) -> None:
        """As `Clock.alarm`."""
        await asyncio.sleep(seconds)

    def jitter(self) -> float:
        """As `Clock.jitter`."""
        return random.random()  # noqa: S311  nothing secret hangs on it
