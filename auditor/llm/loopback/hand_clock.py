"""A clock whose hands somebody turns: nothing waits, and time passes when it should."""

import asyncio


class HandClock:
    """A `Clock` for tests. A pause is over at once and moves the hands; an alarm rings when they are turned."""

    def __init__(self) -> None:
        self._now = 1000.0
        self._alarms: list[tuple[float, asyncio.Event]] = []
        self.pauses: list[float] = []
        """How long was waited between tries, in seconds."""

    def now(self) -> float:
        """As `Clock.now`."""
        return self._now

    async def pause(self, seconds: float, /) -> None:
        """As `Clock.pause`."""
        self.pauses.append(seconds)
        self.turn(seconds)
        await asyncio.sleep(0)

    async def alarm(self, seconds: float, /) -> None:
        """As `Clock.alarm`."""
        rings = asyncio.Event()
        self._alarms.append((self._now + seconds, rings))
        await rings.wait()

    def jitter(self) -> float:
        """Always in the middle."""
        return 0.5

    def turn(self, seconds: float, /) -> None:
        """Moves the hands on; call it in the event loop of whoever waits."""
        self._now += seconds
        for at, rings in self._alarms:
            if at <= self._now:
                rings.set()
        self._alarms = [(at, rings) for at, rings in self._alarms if not rings.is_set()]
