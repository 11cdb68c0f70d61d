"""L11: a process that is killed behind the sending; its successor counts the call and says so before it sends again."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from auditor.llm.loopback.answers import hang, say
from auditor.llm.loopback.server import LoopbackService
from auditor.llm.loopback.trying import GOOD

CHILD = """
import asyncio, os, sys
from pathlib import Path
from auditor.config.model_settings import ModelSettings
from auditor.config.user import load_user_settings
from auditor.llm.loopback.trying import QUESTION
from auditor.llm.exchange import Noted
from auditor.llm.opening import open_model
from dataclasses import replace

url, folder = sys.argv[1:]
user = replace(load_user_settings(os.environ), model=ModelSettings(name="anthropic:m", base_url=url))
see = lambda seen: print(seen.text) if isinstance(seen, Noted) else None
model = open_model(user, os.environ, folder=Path(folder), watch=see)
print(*model.warnings, sep="\\n")
answer = asyncio.run(model.client.ask(QUESTION))
print("data", answer.data.value, "spent", model.client.spending.spent.calls)
"""


def child(url: str, folder: Path) -> "subprocess.Popen[str]":
    env = {**os.environ, "ANTHROPIC_API_KEY": "sk-test-0001"}
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, url, str(folder)],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_call_that_nobody_lived_to_see_answered_is_counted_and_named(tmp_path: Path) -> None:
    arrived = threading.Event()
    with LoopbackService([hang(arrived), say(GOOD)]) as service:
        first = child(service.url, tmp_path)
        assert arrived.wait(60)
        first.send_signal(signal.SIGKILL)
        first.communicate()
        second = child(service.url, tmp_path)
        out, err = second.communicate(timeout=60)
        assert err == ""
        third = child(service.url, tmp_path)
        last, _ = third.communicate(timeout=60)
    assert "1 question was sent by an earlier run that ended before the answer" in out
    assert "was sent before and its answer was lost" in out
    assert "data 3 spent 2" in out
    assert "it is not sent again" in last
    assert len(service.questions) == 2
