"""The end of a process whose work was cut short: at once, and with no damage.

Whatever is written on disk is written beside its place and moved there, so nothing is left half-done.
"""

import contextlib
import os
import signal
import sys
import threading

from auditor.cli.exit_code import ExitCode


def leave_interrupted() -> int:
    """After Ctrl-C: one line, and the exit status."""
    with contextlib.suppress(ValueError):  # not the main thread
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError, ValueError):
        erase = "\r\x1b[2K" if sys.stderr.isatty() else ""
        sys.stderr.write(f"{erase}auditor: interrupted\n")
        sys.stderr.flush()
    return leave(ExitCode.INTERRUPTED)


def leave(status: int) -> int:
    """Gives `status` back, or ends the process with it on the spot while an audit is under way in a thread.

    The interpreter's own end would wait for its worker processes, and for a parse that may take seconds.
    """
    if any(thread.name == "audit" for thread in threading.enumerate()):
        _stop_workers()
        os._exit(status)
    return status


def _stop_workers() -> None:
    if "multiprocessing" not in sys.modules:
        return
    import multiprocessing  # noqa: PLC0415  only if the index has started worker processes

    for child in multiprocessing.active_children():
        child.terminate()
