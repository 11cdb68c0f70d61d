"""What the exit status says; part of the interface, documented in README.md."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Each status, and what a script should make of it."""

    DONE = 0
    FINDINGS = 1
    """Findings at or above ``--fail-on``, or a target that was judged and not met."""

    USAGE = 2
    """A wrong argument, unusable input or settings, or a fault inside auditor; the message says which."""

    PROVIDER = 3
    """A model's service is unavailable; trying again later may help."""

    BUDGET = 4
    """The spending limit was reached; what was done until then is kept."""

    INTERRUPTED = 130
    """Ctrl-C."""

    PIPE_CLOSED = 141
    """Whoever read standard output stopped reading; what any program in a pipe does."""
