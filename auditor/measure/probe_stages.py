"""Which of the handler's direct callees an effect belongs to, told from its stack."""

from typing import Final

from auditor.measure.probe_values import ProbeFrame, ProbeStage

_Place = tuple[str, int, str | None]
_MS: Final = 1000


class Stages:
    """Numbers the handler's callees in the order of their first effect.

    The handler is the code object that the framework named, else the outermost application frame. A stage's time
    runs from the start of its first effect to the end of its last, for each uninterrupted visit: a lower bound.
    """

    def __init__(self, handler: int | None) -> None:
        self._handler = handler
        self._places: dict[_Place, int] = {}
        self._times: list[float] = []
        self._last: int | None = None
        self._last_end = 0.0

    def of(
        self, frames: tuple[ProbeFrame, ...], codes: tuple[int, ...], *, started: float, ended: float
    ) -> int:
        """The number of the stage of an effect with this stack, `codes` being the ids of its code objects. In seconds."""
        place = self._number(frames, codes)
        begin = self._last_end if place == self._last else started
        self._times[place] += max(0.0, ended - begin)
        self._last_end = max(ended, self._last_end) if place == self._last else ended
        self._last = place
        return place

    def found(self) -> tuple[ProbeStage, ...]:
        """All of them, with their times."""
        return tuple(
            ProbeStage(file, line, callee, round(time * _MS, 3))
            for (file, line, callee), time in zip(self._places, self._times, strict=True)
        )

    def _number(self, frames: tuple[ProbeFrame, ...], codes: tuple[int, ...]) -> int:
        at = codes.index(self._handler) if self._handler in codes else 0
        callee = frames[at + 1].function if at + 1 < len(frames) else None
        key = frames[at].file, frames[at].line, callee
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = len(self._times)
            self._times.append(0.0)
        return place
