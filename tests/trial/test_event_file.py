import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.fault import Fault
from auditor.trial.event_file import EventFile, Line, read_events

EVENTS = st.lists(
    st.dictionaries(st.text(max_size=8), st.none() | st.integers() | st.text(max_size=20), max_size=3),
    max_size=6,
)


@given(events=EVENTS, data=st.data())
def test_a_file_torn_at_any_byte_keeps_every_event_that_was_whole(
    tmp_path_factory: pytest.TempPathFactory, events: list[Line], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("run") / "events.jsonl"
    ends = [0]
    with EventFile(path) as file:
        for event in events:
            file.append(event)
            ends.append(path.stat().st_size)
    cut = data.draw(st.integers(0, ends[-1]))
    os.truncate(path, cut)
    whole = max(index for index, end in enumerate(ends) if end <= cut)
    assert list(read_events(path)) == events[:whole]
    with EventFile(path) as file:
        assert file.lines == events[:whole]
        file.append({"after": "the crash"})
    assert list(read_events(path)) == [*events[:whole], {"after": "the crash"}]


def test_damage_in_the_middle_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with EventFile(path) as file:
        for number in range(3):
            file.append({"n": number})
    content = path.read_bytes()
    path.write_bytes(content.replace(b'{"n":1}', b'{"n":9}'))
    with pytest.raises(Fault, match=r"events.jsonl:2: is damaged"):
        EventFile(path)


def test_a_second_writer_is_refused_and_a_reader_is_not(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with EventFile(path) as file:
        file.append({"n": 1})
        with pytest.raises(Fault, match="another auditor"):
            EventFile(path)
        assert list(read_events(path)) == [{"n": 1}]
    EventFile(path).close()


def test_a_link_in_the_files_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("precious")
    (tmp_path / "events.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        EventFile(tmp_path / "events.jsonl")
    assert (tmp_path / "elsewhere").read_text() == "precious"


WRITER = """
import sys
from pathlib import Path
from pathlib import Path
from auditor.trial.event_file import EventFile
with EventFile(Path(sys.argv[1])) as file:
    number = len(file.lines)
    while True:
        file.append({"n": number, "text": "x" * (number % 7000)})
        print(number, flush=True)
        number += 1
"""


@pytest.mark.parametrize("told", [1, 5, 17])
def test_what_was_told_to_be_written_is_there_after_a_kill(tmp_path: Path, told: int) -> None:
    path = tmp_path / "events.jsonl"
    last = -1
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(told):
            last = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        rest = process.communicate()[0].split()
        last = int(rest[-1]) if rest else last
        numbers = [event["n"] for event in read_events(path)]
        assert numbers == list(range(len(numbers)))
        assert numbers[-1] >= last


def test_a_full_disk_leaves_the_events_before(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    script = """
import resource, signal, sys
from pathlib import Path
from auditor.model.fault import Fault
from auditor.trial.event_file import EventFile
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))
with EventFile(Path(sys.argv[1])) as file:
    try:
        for number in range(100):
            file.append({"n": number, "text": "x" * 40})
    except Fault as fault:
        print(number, fault)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    number, said = done.stdout.split(" ", 1)
    assert "can't be written" in said
    assert "--resume" in said
    assert [event["n"] for event in read_events(path)] == list(range(int(number)))
