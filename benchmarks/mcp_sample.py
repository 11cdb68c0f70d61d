"""Whether an assistant that has nothing but the tools of `auditor mcp` brings the sample's two endpoints to their target.

    python benchmarks/mcp_sample.py [--python VENV] [--state DIR] [--target TIME] [--requests FILE] [--take-time]

A copy of the sample is served by `auditor mcp` in a process of its own, and worked on by a client of the protocol whose answers are
scripted: first a change that keeps workers from booting, then the gold patches in their order. Each is located through the tools
alone (`benchmarks/scripted_assistant.py`). Before and after, both endpoints are measured and timed, cold at full scale.
A line a change; then the figures of both endpoints, and how much the tools said. Exit code 1 when a target is not met, or the
first change is kept or teaches nothing.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from scripted_assistant import Idea, Session, Told, with_server, work_through
from trial_pace import CASE, environment, sample, steps

from auditor.engine.fixing.given import GivenPatch
from auditor.model.patch import Patch

ENDPOINTS = ("GET /api/v1/spaces/discover", "GET /api/v1/locations/{location_id}/spaces")
TRAP = "lock-around-the-settings"
"""A module that holds `threading`: no worker comes up with it."""
SHOWN = ("sql", "rows", "sessions", "log")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--python", type=Path, default=Path(sys.prefix), help="environment the sample runs in"
    )
    parser.add_argument("--state", type=Path, help="kept; a temporary folder without")
    parser.add_argument("--target", default="500ms")
    parser.add_argument("--requests", type=Path, default=CASE / "app" / "demo.jsonl")
    parser.add_argument("--take-time", action="store_true", help="with the gates that take time")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.state or Path(temporary)).resolve()
        request = sample(folder)
        began, ended_well = time.monotonic(), list[bool]()

        async def work(session: Session) -> None:
            before = [await session.ask("measure", endpoint=one, cold=True) for one in ENDPOINTS]
            trap = await tried_trap(session)
            outcome = await work_through(session, ideas(), lambda line: print(line, flush=True))
            after = [await session.ask("measure", endpoint=one, cold=True) for one in ENDPOINTS]
            for was, now in zip(before, after, strict=True):
                print(told(was, now))
                ended_well.append(now["target_met"] is True)
            print(f"kept {len(outcome.kept)}, not kept {len(outcome.not_kept)}, and the trap: {trap}")
            ended_well.append(trap.startswith("reverted"))

        flags = [
            *(str(request.audit.path), "--state", str(folder / "state"), "--no-edges"),
            *("--workload", str(arguments.requests.resolve()), "--target", arguments.target),
            *([] if arguments.take_time else ["--no-time"]),
        ]
        traffic = with_server(flags, work, env=environment(arguments.python))
        print(*traffic.lines(), sep="\n")
        print(f"{time.monotonic() - began:.0f} s in all")
        return int(not all(ended_well))


def ideas() -> list[Idea]:
    """The gold patches; those that only time speaks for are joined with the one after them."""
    return [
        Idea(
            name=one.name,
            title=one.title,
            endpoint=ENDPOINTS[one.ids[-1] >= "11"],
            patch=Patch(base_tree="", edits=one.given.edits),
            declares_fewer_records=one.given.declared.fewer_records,
            batches="-batch" in one.name,
            may_touch=tuple(sorted(one.given.may_touch)),
        )
        for one in steps()
    ]


async def tried_trap(session: Session) -> str:
    """What becomes of the change that breaks the boot, and what is learnt from it."""
    given = GivenPatch.model_validate_json((CASE / "traps" / f"{TRAP}.json").read_bytes())
    edits = [edit.model_dump(include={"file", "search", "replace"}) for edit in given.edits]
    verdict = await session.decided(title="Settings behind a lock", edits=edits, endpoint=ENDPOINTS[0])
    held = (await session.ask("constraints"))["constraints"]
    learnt = ", ".join(f"{one['kind']}" for one in held) or "nothing"
    print(f"{TRAP:36} {verdict['verdict']} {verdict['gate']}: {verdict['root_error']}; learnt: {learnt}")
    return f"{verdict['verdict']} by {verdict['gate']}" if held else "nothing was learnt"


def told(was: Told, now: Told) -> str:
    """One endpoint before and after."""
    counts = ", ".join(f"{kind} {was['mean'].get(kind, 0)} → {now['mean'].get(kind, 0)}" for kind in SHOWN)
    met = "met" if now["target_met"] else "NOT met"
    return (
        f"{now['endpoint']}: {counts}; cold {was['cold_ms']} → {now['cold_ms']} ms ({now['cold_basis']}), "
        f"target {now['target_ms']} ms {met} (counts: means of {now['requests']} requests)"
    )


if __name__ == "__main__":
    sys.exit(main())
