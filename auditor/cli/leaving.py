"""The end of a process whose work was cut short: at once, and with no damage.

Whatever is written on disk is written beside its place and moved there, so nothing is left half-done. The
children that parse notice the end of their parent.
"""

import contextlib
import os
import signal
import sys
import threading
from typing import NoReturn

from auditor.cli.exit_code import ExitCode


def leave_interrupted() -> NoReturn:
    """After Ctrl-C: one line, and the end of the process.

    Not by way of the interpreter's own end: after an interrupt that passed through `exec`, CPython ends by the
    signal whatever status it was given, and a second Ctrl-C would find it with half of its modules gone.
    """
    ignore_interrupts()
    with contextlib.suppress(OSError, ValueError):
        erase = "\r\x1b[2K" if sys.stderr.isatty() else ""
        sys.stderr.write(f"{erase}auditor: interrupted\n")
        sys.stderr.flush()
    with contextlib.suppress(OSError, ValueError):  # nobody reads it any more
        sys.stdout.flush()
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
