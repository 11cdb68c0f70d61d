"""An assistant that has the tools and nothing else: over standard input and output it makes both endpoints of the sample cheaper."""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from scripted_assistant import Idea, Outcome, Session, Told, with_server, work_through
from scripted_engineer import CASE, DISCOVER, SPACES

from auditor.engine.fixing.given import GivenPatch
from auditor.execution.choosing import choose_jail
from auditor.model.fault import Fault
from auditor.model.patch import Patch

pytestmark = pytest.mark.long

ASKED = {"discover berlin", "spaces of location 1"}
CHANGES = {"02-holiday-first": DISCOVER, "11-the-batch-helper": SPACES}


def given(kind: str, name: str) -> GivenPatch:
    return GivenPatch.model_validate_json((CASE / kind / f"{name}.json").read_bytes())


def idea(name: str) -> Idea:
    patch = Patch(base_tree="", edits=given("gold", name).edits)
    return Idea(name=name, title=name, endpoint=CHANGES[name], patch=patch)


def edits(patch: GivenPatch) -> list[dict[str, Any]]:
    return [edit.model_dump(include={"file", "search", "replace"}) for edit in patch.edits]


def served(folder: Path) -> list[str]:
    """The arguments of `auditor mcp` for a copy of the sample with one request for each endpoint."""
    try:
        choose_jail()
    except Fault as fault:
        pytest.skip(str(fault))
    root = folder / "app"
    shutil.copytree(CASE / "app", root, ignore=shutil.ignore_patterns("__pycache__"))
    lines = (root / "demo.jsonl").read_text("utf-8").splitlines(keepends=True)
    workload = folder / "requests.jsonl"
    workload.write_text("".join(line for line in lines if json.loads(line)["id"] in ASKED), "utf-8")
    return [str(root), "--workload", str(workload), "--no-edges", "--no-time"]


def test_both_endpoints_cost_less_and_every_answer_is_small(tmp_path: Path) -> None:
    told: dict[str, Told] = {}
    outcomes: list[Outcome] = []
    lifted, helper = given("traps", "guard-lifted"), edits(given("gold", "11-the-batch-helper"))[0]

    async def work(session: Session) -> None:
        told["stopped"] = await session.decided(title="Lets workers use locks", edits=edits(lifted))
        told["untouched"] = await session.ask("source", file=lifted.edits[0].file)
        outcomes.append(await work_through(session, [idea(name) for name in CHANGES], lambda _: None))
        told["changed"] = await session.ask("source", file=helper["file"])
        told["progress"] = await session.ask("progress")
        told["measured"] = await session.ask("measure", endpoint=SPACES)

    traffic = with_server(served(tmp_path), work, env={**os.environ, "VIRTUAL_ENV": sys.prefix})
    assert (told["stopped"]["gate"], told["stopped"]["gain"]) == ("policy", [])
    assert edits(lifted)[0]["search"] in told["untouched"]["text"]
    assert outcomes == [Outcome(kept=list(CHANGES))]
    assert helper["replace"] in told["changed"]["text"]
    progress = told["progress"]
    assert [one["title"] for one in progress["kept"]] == list(CHANGES)
    assert [one["gate"] for one in progress["not_kept"]] == ["policy"]
    for endpoint in CHANGES.values():
        assert any(gain.startswith(f"{endpoint}: sql ") for gain in progress["together"]), progress
    was, _, now = next(gain for gain in progress["together"] if f"{SPACES}: sql" in gain).rpartition(" → ")
    assert told["measured"]["mean"]["sql"] == float(now) < float(was.rpartition(" ")[2])
    assert max(size for sizes in traffic.characters.values() for size in sizes) < 16_000
