"""How long a step will still take, from how far it has come."""

from typing import Final

_WARM_S: Final = 3.0
"""Sooner nothing can be said."""
_SHORT_S: Final = 5
"""What takes no longer than that is not worth saying."""
_MINUTE_S: Final = 60


class Pace:
    """Of one step that began at `began`, in seconds of any clock."""

    def __init__(self, began: float) -> None:
        self._began = began

    def left(self, done: int, total: int, /, *, now: float) -> str:
        """``, about 40 s left``; empty while nobody can tell, and near the end."""
        spent = now - self._began
        if spent < _WARM_S or not 0 < done < total:
            return ""
        seconds = spent / done * (total - done)
        if seconds <= _SHORT_S:
            return ""
        if seconds < 2 * _MINUTE_S:
            return f", about {round(seconds, -1) or 10:.0f} s left"
        return f", about {seconds / _MINUTE_S:.0f} min left"
