"""What the keeper needs of `signal`, whose enums would cost a third of the keeper's start."""

import _signal  # type: ignore[import-not-found]  # CPython's own module behind the public one

DEFAULT = 0
CHILD, KILL, PIPE, STOP, TERMINATE, FILE_SIZE = 17, 9, 13, 19, 15, 25
"""Numbers on x86_64 and aarch64."""


def as_when_fresh() -> None:
    """Undoes what Python set up and an exec would inherit."""
    for number in (PIPE, FILE_SIZE):
        _signal.signal(number, DEFAULT)
    _signal.pthread_sigmask(_signal.SIG_SETMASK, ())


def woken_through(descriptor: int, /) -> None:
    """A byte arrives at `descriptor` when a child has ended or somebody asks this process to end."""
    for number in (CHILD, TERMINATE):
        _signal.signal(number, lambda *_: None)
    _signal.set_wakeup_fd(descriptor, warn_on_full_buffer=False)
