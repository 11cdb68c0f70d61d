"""What a command costs, its children included."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """Of one process and all that it waited for."""

    cpu_seconds: float
    wall_seconds: float
    peak_mb: float
    """Of the process itself or its largest child."""


def run(
    command: Sequence[str], *, stdout: int = subprocess.DEVNULL, env: Mapping[str, str] | None = None
) -> Cost:
    """Runs a command to its end; one that fails ends the benchmark."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=stdout, env={**os.environ, **(env or {})})
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with status {process.returncode}")
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024)
