"""What a jail costs: python benchmarks/jail_start.py [--runs N] [--jail auto|none]

Milliseconds until a command begins in a jail (wanted: under 60), until `true` has come and gone, and from `stop`
to the last of twenty daemons that ignore SIGTERM (wanted: under 100). Beside them a bare process and a bare
interpreter in the same minute, since all of it grows with the load of the machine.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from auditor.execution.choosing import choose_jail
from auditor.execution.confinement import Confinement, Jail

DAEMONS = """
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  setsid sh -c 'trap "" TERM HUP INT; echo up; while :; do sleep 1000; done' &
done
wait
"""


def main() -> None:
    """Prints a line for each figure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--jail", choices=("auto", "none"), default="auto")
    options = parser.parse_args()
    began = time.perf_counter()
    jail = choose_jail(options.jail)
    print(f"{jail.name}: chosen and tested once in {(time.perf_counter() - began) * 1000:.0f} ms")
    before = os.times()
    for _ in range(options.runs):
        whole_run(jail)
    after = os.times()
    children = after.children_user - before.children_user + after.children_system - before.children_system
    print(f"processor time of one run of true: {children / options.runs * 1000:.1f} ms, n = {options.runs}")
    figures: dict[str, list[float]] = {}
    for _ in range(options.runs):  # one of each in turn, so that the machine's moods are shared
        for name, measure in FIGURES.items():
            figures.setdefault(name, []).append(measure(jail))
    for name, values in figures.items():
        print(describe(name, values))


def bare_process(_: Jail) -> float:
    """Milliseconds."""
    return timed(lambda: subprocess.run(["/bin/true"], check=True))


def bare_interpreter(_: Jail) -> float:
    """Milliseconds."""
    return timed(lambda: subprocess.run([sys.executable, "-I", "-S", "-c", ""], check=True))


def start(jail: Jail) -> float:
    """Milliseconds until `start` returns: the command begins."""
    began = time.perf_counter()
    running = jail.start(Confinement(argv=("/bin/true",), cwd="/"))
    took = time.perf_counter() - began
    running.wait(10)
    return took * 1000


def whole_run(jail: Jail) -> float:
    """Milliseconds until the end of `true` is known."""
    return timed(lambda: jail.start(Confinement(argv=("/bin/true",), cwd="/")).wait(10))


def stop(jail: Jail) -> float:
    """Milliseconds from `stop` until no process of the tree is left."""
    up = []
    running = jail.start(Confinement(argv=("/bin/sh", "-c", DAEMONS), cwd="/"), each_line=up.append)
    while len(up) < 20:
        time.sleep(0.005)
    tree = below(running.pid)
    began = time.perf_counter()
    running.stop()
    while any(Path(f"/proc/{pid}").exists() for pid in tree):
        time.sleep(0.0005)
    return (time.perf_counter() - began) * 1000


def below(root: int) -> list[int]:
    """A process and all its descendants."""
    found = [root]
    for pid in found:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


def timed(call: Callable[[], object]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def describe(name: str, values: Sequence[float]) -> str:
    """Median, ends and number."""
    low, high = min(values), max(values)
    return (
        f"{name:<28} median {statistics.median(values):6.1f} ms, {low:.1f} to {high:.1f}, n = {len(values)}"
    )


FIGURES: dict[str, Callable[[Jail], float]] = {
    "bare process": bare_process,
    "bare interpreter": bare_interpreter,
    "jail: command begins": start,
    "jail: true, begin to end": whole_run,
    "jail: stop to nothing left": stop,
}

if __name__ == "__main__":
    main()
