"""CPU seconds of each pass of one audit, in this process: python benchmarks/audit_passes.py TREE [--profile].

`parse` is what the child processes took, lowering included. With --profile, a sampling of the stack beneath: the
functions in which most of the time went, by themselves and with all they call. A tracing profiler would make an
audit ten times as long and blame whatever is called most.
"""

import argparse
import gc
import os
import resource
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from auditor.engine.opening import opened
from auditor.engine.passes import analyse
from auditor.engine.request import AuditRequest
from auditor.model.canonical import canonical_json

SAMPLE_S = 0.004
SHOWN = 60
IDLE = frozenset({"threading.py", "selectors.py", "connection.py"})
"""Files of the standard library in which a thread waits for another one."""


class Laps:
    """The `Notes` of an audit: what was told last is what the time since then is booked on."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.name = "opening"
        self.since = time.process_time()

    def stage(self, name: str, /) -> None:
        """As `Notes.stage`."""
        self.step(name)

    def step(self, text: str, /) -> None:
        """As `Notes.step`."""
        now = time.process_time()
        self.seconds[self.name] = self.seconds.get(self.name, 0.0) + now - self.since
        self.name, self.since = text, now

    def progress(self, done: int, total: int, /) -> None:
        """As `Notes.progress`."""

    def warn(self, text: str, /) -> None:
        """As `Notes.warn`."""
        print(text, file=sys.stderr)


class Samples:
    """Where the thread that works was, every few milliseconds, as another thread sees it.

    A timer signal would only be answered by the main thread, which waits while calls are followed in one of their own.
    """

    def __init__(self) -> None:
        self.own: Counter[str] = Counter()
        self.below: Counter[str] = Counter()
        self.count = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def watch(self) -> None:
        """Takes samples until told to end."""
        while not self.ended.wait(SAMPLE_S):
            self.take()

    def take(self) -> None:
        """One sample, of the thread started last among those that are neither this one nor asleep."""
        me = threading.get_ident()
        frames = sys._current_frames()  # noqa: SLF001  # documented, and the only way to see another thread
        working = [f for t, f in frames.items() if t != me and Path(f.f_code.co_filename).name not in IDLE]
        self.count += 1
        frame = working[-1] if working else None
        seen: set[str] = set()
        while frame is not None:
            name = f"{Path(frame.f_code.co_filename).name}:{frame.f_code.co_name}"
            if not seen:
                self.own[name] += 1
            if name not in seen:
                seen.add(name)
                self.below[name] += 1
            frame = frame.f_back


def main() -> None:
    """Audits the tree once and prints what took how long."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tree", type=Path)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    samples = Samples()
    if options.profile:
        sys.setswitchinterval(SAMPLE_S / 8)
        samples.thread.start()
    laps = Laps()
    gc.disable()  # as the engine does
    with opened(AuditRequest(path=options.tree, cache_dir=None)) as job:
        report = analyse(job, laps)
    laps.step("writing the report")
    size = len(canonical_json(report).encode())
    laps.step("")
    samples.ended.set()
    times, peak = os.times(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = [f"{name} {seconds:.2f}" for name, seconds in laps.seconds.items() if seconds >= 0.01]
    print(
        f"{options.tree.name}: parse {times.children_user + times.children_system:.2f}, {', '.join(told)} s CPU"
    )
    print(
        f"{options.tree.name}: peak {peak:.0f} MB, report {size / 1e6:.1f} MB, {len(report.findings)} findings"
    )
    for title, counted in (("by themselves", samples.own), ("with all they call", samples.below)):
        if samples.count:
            print(title)
            for name, count in counted.most_common(SHOWN):
                print(f"  {100 * count / samples.count:5.1f} % {name}")


if __name__ == "__main__":
    main()
