"""How long a target usually takes until it is ready, as its good boots have shown."""

from dataclasses import dataclass
from typing import Final

_LEAST_S: Final = 5.0
_TIMES: Final = 3.0
"""Room for other work on the machine; both are chosen and not measured, since too much patience costs only time."""


@dataclass(slots=True)
class UsualBoot:
    """Learns from each good boot; shared by the worlds of one target."""

    longest_s: float | None = None

    def learn(self, seconds: float, /) -> None:
        """A boot was ready after `seconds`."""
        self.longest_s = max(seconds, self.longest_s or 0.0)

    def patience_s(self, limit_s: float, /) -> float:
        """How long error answers may go on before a boot has failed: the whole limit where no boot was ever good.

        A target that starts slowly gives none, or errors for a while; one that was ready in a second and answers only errors for five
        will not become ready.
        """
        return limit_s if self.longest_s is None else min(limit_s, max(_LEAST_S, _TIMES * self.longest_s))
