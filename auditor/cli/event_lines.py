"""The events of a run as JSON lines."""

from typing import TYPE_CHECKING

from auditor.cli.output import Output

if TYPE_CHECKING:  # the events' types are imported by the engine, when there is something to do
    from auditor.model.events import Event


class EventLines:
    """Collects events; with an output, writes each there the moment it comes."""

    def __init__(self, output: Output | None) -> None:
        self._output = output
        self._events: list[Event] = []

    def add(self, event: "Event", /) -> None:
        """Takes the next event."""
        self._events.append(event)
        if self._output is not None:
            self._output.write(_line(event))

    def text(self) -> str:
        """All of them, a line each."""
        return "".join(_line(event) + "\n" for event in self._events)


def _line(event: "Event") -> str:
    from auditor.model.events import event_line  # noqa: PLC0415  as above

    return event_line(event)
