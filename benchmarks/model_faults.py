"""The faults of a model's service and the bad outputs that concern the asking, each put to every provider.

    python benchmarks/model_faults.py [PROTOCOL ...]

A service on loopback speaks the real wire protocols, the official SDKs ask it, a clock by hand stands for time.
A row is a behaviour of the service: how the question ended, with which exit status, after how many calls, and
whether its bill is what the service said, an estimate upwards, or nothing. Exit status 1 when any ends otherwise
than it must. The crash behind the sending (L11) runs in processes of its own.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from auditor.llm.loopback.answers import hang, say
from auditor.llm.loopback.faults import CASES, FaultCase
from auditor.llm.loopback.outputs import OUTPUTS
from auditor.llm.loopback.server import LoopbackService
from auditor.llm.loopback.trying import GOOD, WAYS

_CHILD = """
import asyncio, os, sys
from dataclasses import replace
from pathlib import Path
from auditor.config.model_settings import ModelSettings
from auditor.config.user import load_user_settings
from auditor.llm.loopback.trying import QUESTION
from auditor.llm.opening import open_model

user = replace(load_user_settings({}), model=ModelSettings(name="anthropic:m", base_url=sys.argv[1]))
model = open_model(user, os.environ, folder=Path(sys.argv[2]))
answer = asyncio.run(model.client.ask(QUESTION))
print(len(model.warnings), model.client.spending.spent.calls, answer.data.value)
"""


def main() -> int:
    """Prints the table."""
    ways = [name for name in WAYS if not sys.argv[1:] or any(word in name for word in sys.argv[1:])]
    print(f"{'no':<4} {'behaviour':<48} {'protocol':<19} {'ending':<10} exit calls bill")
    wrong = 0
    for cases in (CASES, OUTPUTS):
        numbers = {case.number for case in cases}
        for case in cases:
            wrong += sum(_row(case, way) for way in ways)
        print(f"     {len(numbers)} numbers, {len(cases)} behaviours, {len(cases) * len(ways)} endings\n")
    wrong += _crash()
    print(f"{wrong} not as they must be")
    return 1 if wrong else 0


def _row(case: FaultCase, way: str) -> int:
    ending = case.run(WAYS[way])
    problems = case.wrong(ending)
    shown = f"{ending.outcome:<10} {ending.exit_code:>4} {len(ending.calls):>5} {case.billed}"
    print(
        f"{case.number:<4} {case.title[:48]:<48} {way:<19} {shown}{'  WRONG: ' if problems else ''}{'; '.join(problems)}"
    )
    return bool(problems)


def _crash() -> int:
    """L11: killed behind the sending; the next process counts the lost call and asks once more."""
    arrived = threading.Event()
    with LoopbackService([hang(arrived), say(GOOD)]) as service, tempfile.TemporaryDirectory() as folder:
        first = _process(service.url, folder)
        arrived.wait(60)
        first.send_signal(signal.SIGKILL)
        first.communicate()
        out, _ = _process(service.url, folder).communicate(timeout=60)
    right = out.split() == ["1", "2", "3"]
    print(
        f"L11  killed behind the sending: the lost call counted, said, and asked again: {'yes' if right else out}"
    )
    return not right


def _process(url: str, folder: str) -> "subprocess.Popen[str]":
    env = {**os.environ, "ANTHROPIC_API_KEY": "sk-test-0001", "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-c", _CHILD, url, folder]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)


if __name__ == "__main__":
    sys.exit(main())
