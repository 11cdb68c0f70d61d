"""The end of a process whose work was cut short: at once, and with no damage.

Whatever is written on disk is written beside its place and moved there, so nothing is left half-done. The
children that parse notice the end of their parent.
"""

import contextlib
import gc
import os
import signal
import sys
import threading
from types import FrameType
from typing import Final, NoReturn

from auditor.cli.exit_code import ExitCode

_ENDINGS: Final = ("SIGTERM", "SIGHUP")
"""What a service manager and a closed terminal send; not every system has them."""


class EndedBySignal(KeyboardInterrupt):
    """The process is told to end: it cleans up as after Ctrl-C."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def heed_endings() -> None:
    """From now on the process cleans up before it ends by a signal; a second one of its kind ends it at once.

    Only where the signal would end it: who runs it under `nohup` wants it to go on.
    """
    for name in _ENDINGS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(number, signal.SIG_DFL)
    raise EndedBySignal(number)


def interrupt_at_once() -> None:
    """From now on Ctrl-C is raised where the process stands, also inside `asyncio`, which otherwise asks its tasks first.

    A task that reads from somebody may never come back.
    """
    signal.signal(signal.SIGINT, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def expect_end() -> None:
    """The process ends with the command at hand, and what was garbage until then goes with it: looking for it takes long.

    Only where the process is the command's own, as `heed_endings` was told.
    """
    if signal.getsignal(signal.SIGTERM) is _end:
        gc.disable()


def leave_garbage() -> None:
    """After `expect_end`: the interpreter's own end does not look for it either."""
    if not gc.isenabled():
        gc.freeze()


def leave_interrupted(interrupt: KeyboardInterrupt, /) -> NoReturn:
    """After Ctrl-C: one line, and the end of the process; after another signal, the end by that signal.

    Not by way of the interpreter's own end: after an interrupt that passed through `exec`, CPython ends by the
    signal whatever status it was given, and a second Ctrl-C would find it with half of its modules gone.
    """
    ignore_interrupts()
    ended = interrupt.number if isinstance(interrupt, EndedBySignal) else None
    with contextlib.suppress(OSError, ValueError):
        erase = "\r\x1b[2K" if sys.stderr.isatty() else ""
        how = "interrupted" if ended is None else f"ended by {signal.Signals(ended).name}"
        sys.stderr.write(f"{erase}auditor: {how}\n")
        sys.stderr.flush()
    with contextlib.suppress(OSError, ValueError):  # nobody reads it any more
        sys.stdout.flush()
    if ended is not None:
        os.kill(os.getpid(), ended)
    os._exit(ExitCode.INTERRUPTED)


def ignore_interrupts() -> None:
    """From now on Ctrl-C does nothing."""
    with contextlib.suppress(ValueError):  # not the main thread
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def leave(status: int) -> int:
    """Gives `status` back, or ends the process with it on the spot while an audit is under way in a thread.

    The interpreter's own end would wait for a parse that may take seconds.
    """
    if any(thread.name == "audit" for thread in threading.enumerate()):
        os._exit(status)
    return status
