"""How long and how often a service is asked before it is given up."""

from dataclasses import dataclass
from typing import Final

from auditor.llm.failure import ServiceFailure

_FIRST_PAUSE_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """The limits of one question, all its tries together."""

    tries: int = 4
    deadline_s: float = 900.0
    """From the first try to the end of the last reply. The longest replies we ask for take about five minutes."""
    silence_s: float = 600.0
    """Without any event; a model may think for minutes without a word, and one of your own may take as long to read."""
    longest_pause_s: float = 60.0

    def pause_s(
        self, failure: ServiceFailure, /, *, tried: int, jitter: float, left_s: float
    ) -> float | None:
        """How long to wait before the next try; None when there should be none.

        The service's own wish wins. Otherwise anything between nothing and a limit that doubles each time.
        """
        if not failure.passing or tried >= self.tries:
            return None
        pause = failure.retry_after_s
        if pause is None:
            pause = jitter * min(self.longest_pause_s, _FIRST_PAUSE_S * 2**tried)
        return pause if pause < left_s else None
