"""The sample's workload, gold patches and traps fit the sample: every patch applies, every name is known."""

import fnmatch
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.engine.fixing.given import GivenPatch
from auditor.measure.endpoint_match import Endpoints
from auditor.measure.workload import load_workload
from auditor.model.patch import Patch
from auditor.trial.patching import Applied, Refused, apply_patch

CASE = Path(__file__).parents[2] / "evals" / "cases" / "discovery"
GATES = {
    "parse", "constraints", "policy", "boot", "contract", "side-effects", "counts", "tests", "latency", "scaling",
    "load",
}  # fmt: skip
TRUTH = tomllib.loads((CASE / "expected.toml").read_text())
TRAPS: list[dict[str, Any]] = tomllib.loads((CASE / "traps" / "traps.toml").read_text())["trap"]
GOLD: list[dict[str, Any]] = tomllib.loads((CASE / "gold" / "order.toml").read_text())["patch"]
WORKLOAD = load_workload(CASE / "requests.jsonl")
ENDPOINTS = {f"{one['method']} {one['path']}" for one in TRUTH["endpoint"]}


def reading(changed: dict[str, bytes]) -> Callable[[str], bytes | None]:
    def read(path: str) -> bytes | None:
        file = CASE / "app" / path
        return changed.get(path, file.read_bytes() if file.is_file() else None)

    return read


def patch(path: Path) -> Patch:
    return GivenPatch.model_validate(json.loads(path.read_text()))


def test_gold_patches_apply_one_after_another() -> None:
    changed: dict[str, bytes] = {}
    for one in GOLD:
        applied = apply_patch(patch(CASE / "gold" / f"{one['id']}.json"), reading(changed))
        assert isinstance(applied, Applied), one["id"]
        changed |= applied.files
        for name, content in applied.files.items():
            compile(content, name, "exec")


@pytest.mark.parametrize("trap", TRAPS, ids=[trap["id"] for trap in TRAPS])
def test_a_trap_applies_to_the_sample_as_it_is(trap: dict[str, Any]) -> None:
    applied = apply_patch(patch(CASE / "traps" / f"{trap['id']}.json"), reading({}))
    if isinstance(applied, Refused):
        assert trap["gate"] == "parse"
        return
    broken = []
    for name, content in applied.files.items():
        try:
            compile(content, name, "exec") if name.endswith(".py") else None
        except SyntaxError:
            broken.append(name)
    assert bool(broken) == (trap["gate"] == "parse")


@pytest.mark.parametrize("trap", TRAPS, ids=[trap["id"] for trap in TRAPS])
def test_a_trap_names_what_is_known(trap: dict[str, Any]) -> None:
    assert trap["gate"] in GATES
    assert trap["endpoint"] in ENDPOINTS
    held = (trap.get("constraint") or "").partition("(")[0]
    assert bool(held) == (trap["gate"] == "constraints") or (held, trap["gate"]) == ("max-cost", "counts")
    assert not (trap.get("shows") and trap.get("blind"))
    if trap["gate"] in {"contract", "side-effects"}:
        assert trap.get("shows") or trap.get("blind")
    for wanted in trap.get("shows", ()):
        assert any(fnmatch.fnmatchcase(request.id, wanted) for request in WORKLOAD.requests), wanted


@pytest.mark.parametrize(("folder", "listed"), [("gold", GOLD), ("traps", TRAPS)])
def test_every_patch_is_listed_once(folder: str, listed: list[dict[str, Any]]) -> None:
    assert sorted(one["id"] for one in listed) == sorted(path.stem for path in (CASE / folder).glob("*.json"))


def test_there_are_enough_traps() -> None:
    assert len(TRAPS) >= 60


def test_gold_says_what_it_promises() -> None:
    for one in GOLD:
        assert set(one["endpoints"]) <= ENDPOINTS
        assert one["title"]


def test_the_workload_asks_every_endpoint_and_times_few() -> None:
    known = Endpoints.of(ENDPOINTS)
    asked = {known.match(request.method, request.path) for request in WORKLOAD.requests}
    assert asked >= ENDPOINTS
    assert 5 <= sum("time" in request.roles for request in WORKLOAD.requests) <= 20


def test_the_workload_asks_as_everybody() -> None:
    named = set(TRUTH["accounts"]) - {"password"}
    assert {request.identity for request in WORKLOAD.requests} == {None, *named}


def test_nothing_in_the_workload_depends_on_chance_when_eight_are_sent_at_once() -> None:
    for wave in WORKLOAD.waves():
        writes = [
            one for one in wave if one.method not in {"GET", "PUT"} and not one.path.endswith("/session")
        ]
        assert len(writes) <= 1
