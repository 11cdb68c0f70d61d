"""The end after Ctrl-C: at once, with one line and no damage."""

import contextlib
import os
import signal
import sys
import threading

from auditor.cli.exit_code import ExitCode


def leave_interrupted() -> int:
    """Says so and gives the exit status; leaves the process on the spot when work is under way in threads.

    Whatever is written on disk is written beside its place and moved there, so nothing is left half-done.
    """
    with contextlib.suppress(ValueError):  # not the main thread
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError, ValueError):
        erase = "\r\x1b[2K" if sys.stderr.isatty() else ""
        sys.stderr.write(f"{erase}auditor: interrupted\n")
        sys.stderr.flush()
    if threading.active_count() > 1:
        _stop_workers()
        # The interpreter's own end would wait for them, and for a parse that may take seconds.
        os._exit(ExitCode.INTERRUPTED)
    return ExitCode.INTERRUPTED


def _stop_workers() -> None:
    if "multiprocessing" not in sys.modules:
        return
    import multiprocessing  # noqa: PLC0415  only if the index has started worker processes

    for child in multiprocessing.active_children():
        child.terminate()
