"""Faults of auditor's own that a pass goes on after: one function, rule or framework is left out and told, the rest stands."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from auditor.model.fault import Fault


@dataclass(slots=True)
class Stumbles:
    """What was stumbled over, in order; without `go_on` every fault is raised as it is."""

    go_on: bool = False
    met: list[str] = field(default_factory=list)
    """A sentence each: what was left out, and where in auditor it went wrong."""

    def take(self, error: Exception, what: str, /) -> None:
        """Notes `error`, which is being handled, and what it leaves out; raises it again where nothing may be left out."""
        if not self.go_on or isinstance(error, Fault | MemoryError):
            raise error
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = "/".join(Path(last.filename).parts[-2:])
        self.met.append(
            f"{what}: a fault of auditor's own, please report it ({type(error).__name__}: {error}, {place}:{last.lineno})"
        )

    @contextmanager
    def over(self, what: str, /) -> Iterator[None]:
        """Goes on behind the block where it fails; `what` says what is left out then."""
        try:
            yield
        except Exception as error:  # noqa: BLE001  told in the report, or raised again
            self.take(error, what)
