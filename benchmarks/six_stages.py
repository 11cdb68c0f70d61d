"""All six stages on both endpoints of the sample, with the gates that boot and ask it, and a model that somebody wrote down.

    python benchmarks/six_stages.py [--by scripted|anthropic|responses|chat …] [--python VENV] [--state DIR] [--requests FILE]
        [--take-time]

For each way of asking: a copy of the sample, one run without codemods, and the answers of `benchmarks/scripted_engineer.py`, by a
scripted provider or by the real SDK against a server on loopback that speaks the service's protocol. Among them are an answer that is
repaired and a patch that no worker boots with. A line a verdict; then the endpoints before and after, and what was sent: calls, tokens,
the share of bytes that were sent before. Exit code 1 unless every gold patch is kept, just one is reverted, at the boot, and teaches a
constraint, a playbook is written, and every way of asking ends in the same tree.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from prompt_prefix import by_endpoint, pieces_of
from scripted_engineer import DISCOVER, GOLD, SPACES, Engineer, heard_call, heard_request
from trial_pace import CASE, Quiet, environment, sample

from auditor.config.model_settings import ModelSettings
from auditor.config.user import UserSettings
from auditor.engine.fixing.confirming import confirm
from auditor.engine.fixing.fix import ask_model
from auditor.engine.fixing.opening import run_opened
from auditor.engine.fixing.request import FixRequest
from auditor.engine.fixing.run import Run
from auditor.engine.fixing.summary import summed_up
from auditor.engine.modelling.opening import model_choice
from auditor.llm.client import Client
from auditor.llm.loopback.answers import say
from auditor.llm.loopback.server import Call, LoopbackService
from auditor.llm.providers.scripted import Scripted
from auditor.llm.transcript import Transcript, read_transcript, turns_of
from auditor.model.trial_events import RunEvent, TrialEnded

WAYS = ("scripted", "anthropic", "responses", "chat")
KEYS = {"ANTHROPIC_API_KEY": "of-nobody", "OPENAI_API_KEY": "of-nobody"}
SHOWN = ("sql", "sessions", "rows", "log", "latency_ms")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--by", choices=WAYS, nargs="+", default=WAYS)
    parser.add_argument(
        "--python", type=Path, default=Path(sys.prefix), help="environment the sample runs in"
    )
    parser.add_argument("--state", type=Path, help="kept; a temporary folder without")
    parser.add_argument("--requests", type=Path, default=CASE / "app" / "demo.jsonl")
    parser.add_argument("--take-time", action="store_true", help="with the gates that take time")
    arguments = parser.parse_args()
    trees: set[str] = set()
    fine = True
    with tempfile.TemporaryDirectory() as temporary:
        for way in arguments.by:
            began = time.monotonic()
            folder = (arguments.state or Path(temporary)).resolve() / way
            request = sample(folder, workload=arguments.requests, time_gates=arguments.take_time)
            audit = replace(request.audit, endpoints=(DISCOVER, SPACES))
            engineer = Engineer()
            with asked_by(way, engineer, replace(request, audit=audit)) as ready:
                env = {**environment(arguments.python), **KEYS}
                print(f"-- {way}")
                with run_opened(ready, Quiet(), told=hear, env=env) as run:
                    fine = performed(run) and fine
                    trees.add(run.known_good.id)
            print(f"{', '.join(engineer.asked)}\n{time.monotonic() - began:.0f} s in all", flush=True)
    if len(trees) > 1:
        print(f"{len(trees)} different trees")
    return int(not fine or len(trees) != 1)


@contextmanager
def asked_by(way: str, engineer: Engineer, request: FixRequest) -> Iterator[FixRequest]:
    """`request`, with the engineer as its model."""
    if way == "scripted":
        provider = Scripted([lambda asked: engineer.answer(heard_request(asked))] * 200)
        yield replace(
            request,
            model=lambda folder, _: Client(
                provider, transcript=Transcript(folder / "transcript.jsonl", model=provider.model)
            ),
        )
        return

    def answer(call: Call) -> None:
        say(engineer.answer(heard_call(call)))(call)

    with LoopbackService([answer]) as service:
        user = replace(request.user, model=_settings(way, service.url))
        yield replace(request, user=user, model=_opened(user))


def _settings(way: str, url: str) -> ModelSettings:
    if way == "anthropic":
        return ModelSettings(name="anthropic:loopback", base_url=url)
    api = "responses" if way == "responses" else "chat"
    return ModelSettings(name="openai:loopback", base_url=f"{url}/v1", api=api)


def _opened(user: UserSettings) -> Callable[[Path, Iterable[str]], Client]:
    choice = model_choice(user, KEYS)
    assert choice is not None
    return choice.open


def hear(event: RunEvent) -> None:
    """Prints how each trial ended."""
    if isinstance(event, TrialEnded):
        verdict = event.data.verdict
        said = (verdict.root_error.splitlines() or [verdict.text])[-1]
        print(f"{event.change:24} {verdict.verdict} {verdict.gate or ''} {said[:120]}", flush=True)


def performed(run: Run) -> bool:
    """Asks the model for everything; whether it all ended as it has to."""
    run.be_sound()
    stopped = ask_model(run)
    confirm(run)
    result = summed_up(run)
    for endpoint in result.endpoints:
        figures = (
            f"{key} {was.value:g} → {now.value:g}"
            for key in SHOWN
            for was, now in [(getattr(endpoint.before, key), getattr(endpoint.after, key))]
            if was.value is not None and now.value is not None
        )
        print(f"{endpoint.id}: {', '.join(figures)}")
    tell_sent(run.folder / "transcript.jsonl")
    ledger = run.recorder.ledger
    kept = [one.title.removeprefix("Gold ") for one in ledger.kept]
    wanted = [name for endpoint in (DISCOVER, SPACES) for name in GOLD[endpoint]]
    gates = [one.verdict.gate for one in ledger.failed]
    learnt = [one.rule.kind for one in ledger.constraints]
    playbooks = sorted(path.parent.name for path in run.memory.folder.glob("playbooks/*/SKILL.md"))
    print(f"kept {len(kept)} of {len(wanted)}; failed at {gates}; learnt {learnt}; playbooks {playbooks}")
    if stopped is not None:
        print(f"stopped: {stopped}")
    return stopped is None and kept == wanted and gates == ["boot"] and bool(learnt) and bool(playbooks)


def tell_sent(transcript: Path) -> None:
    """What went to the model."""
    exchanges = list(read_transcript(transcript))
    sent = [pieces_of(str(one.request["system"]), turns_of(one)) for one in exchanges]
    sizes = [sum(len(piece.encode()) for piece in one) for one in sent]
    print(f"{len(sent)} calls, {max(sizes):,} bytes the longest")
    for calls, total, shared in by_endpoint(sent).values():
        print(f"  {calls} later calls of an endpoint: {100 * shared / max(total, 1):.1f} % sent before")


if __name__ == "__main__":
    sys.exit(main())
