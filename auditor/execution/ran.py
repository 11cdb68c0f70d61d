"""What came of a command of the target."""

from dataclasses import dataclass
from typing import Final

from auditor.execution.confinement import RUN, Ended
from auditor.execution.supervised import LOGS
from auditor.model.fault import Fault

LEFT: Final = f"{RUN}/{LOGS}"
"""Inside: where a command leaves what `World.take_left` finds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A command of the target that has ended."""

    ended: Ended
    output: str
    errors: str
    records: tuple[bytes, ...] = ()
    """Lines of the probe, where it was asked for."""

    @property
    def succeeded(self) -> bool:
        """Status 0."""
        return self.ended.succeeded


class CommandFailed(Fault):
    """A command of the target's that prepares its data has failed: the tree's fault, where another tree's did not."""
