"""A conversation with PostgreSQL, counted however its bytes are cut."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.execution.witness.conversation import Conversation
from auditor.execution.witness.framing import BrokenFrame, Frame, Framer
from auditor.execution.witness.seen import SeenStatement


def message(kind: str, payload: bytes = b"") -> bytes:
    return kind.encode() + (len(payload) + 4).to_bytes(4, "big") + payload


def asked(text: str) -> bytes:
    return message("Q", text.encode() + b"\0")


def parse(name: str, text: str) -> bytes:
    return message("P", f"{name}\0{text}\0".encode() + b"\0\0")


def bind(portal: str, name: str) -> bytes:
    return message("B", f"{portal}\0{name}\0".encode() + b"\0\0\0\0\0\0")


def execute(portal: str = "", limit: int = 0) -> bytes:
    return message("E", f"{portal}\0".encode() + limit.to_bytes(4, "big"))


SYNC = message("S")
ROW = message("D", b"\0\1\0\0\0\1x")
READY = message("Z", b"I")
BOUND = message("2")
PARSED = message("1")
SUSPENDED = message("s")


def done(tag: str) -> bytes:
    return message("C", tag.encode() + b"\0")


def refused(sqlstate: str) -> bytes:
    return message("E", f"SERROR\0C{sqlstate}\0Mno\0\0".encode())


EXCHANGES: dict[str, tuple[bytes, bytes, list[tuple[str, str, int]]]] = {
    # sent, answered, text and tag (or error) and rows of each statement
    "simple": (asked("SELECT 1"), ROW + done("SELECT 1") + READY, [("SELECT 1", "SELECT", 1)]),
    "several": (
        asked("SELECT 1; BEGIN"),
        ROW + done("SELECT 1") + done("BEGIN") + READY,
        [("SELECT 1; BEGIN", "SELECT", 1), ("SELECT 1; BEGIN", "BEGIN", 0)],
    ),
    "empty": (asked(""), message("I") + READY, [("", "", 0)]),
    "extended": (
        parse("", "SELECT $1") + bind("", "") + message("D", b"P\0") + execute() + SYNC,
        PARSED + BOUND + message("T", b"\0\0") + ROW + ROW + done("SELECT 2") + READY,
        [("SELECT $1", "SELECT", 2)],
    ),
    "only described": (parse("a", "SELECT 1") + message("D", b"Sa\0") + SYNC, PARSED + message("t", b"\0\0") + READY, []),
    "pipeline": (
        parse("p", "UPDATE t") + bind("", "p") + execute() + bind("", "p") + execute() + SYNC,
        PARSED + BOUND + done("UPDATE 3") + BOUND + done("UPDATE 4") + READY,
        [("UPDATE t", "UPDATE", 0), ("UPDATE t", "UPDATE", 0)],
    ),
    "broken pipeline": (
        parse("q", "INSERT") + bind("", "q") + execute() + bind("", "q") + execute() + bind("", "q") + execute() + SYNC,
        PARSED + BOUND + done("INSERT 0 1") + BOUND + refused("23505") + READY,
        [("INSERT", "INSERT", 0), ("INSERT", "23505", 0)],
    ),
    "cannot be prepared": (parse("", "SELEC") + bind("", "") + execute() + SYNC, refused("42601") + READY, [("SELEC", "42601", 0)]),
    "bit by bit": (
        parse("", "SELECT many") + bind("c", "") + execute("c", 2) + SYNC + execute("c", 2) + SYNC,
        PARSED + BOUND + ROW + ROW + SUSPENDED + READY + ROW + done("SELECT 1") + READY,
        [("SELECT many", "SELECT", 2), ("SELECT many", "SELECT", 1)],
    ),
    "copy": (
        asked("COPY t TO STDOUT"),
        message("H", b"\0\0\0") + message("d", b"1\n") * 3 + message("c") + done("COPY 3") + READY,
        [("COPY t TO STDOUT", "COPY", 0)],
    ),
    "notices between": (
        asked("SELECT 1"),
        message("N", b"SNOTICE\0\0") + ROW + message("A", b"\0\0\0\1x\0y\0") + done("SELECT 1") + message("S", b"a\0b\0") + READY,
        [("SELECT 1", "SELECT", 1)],
    ),
}  # fmt: skip


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places})
    return [data[start:end] for start, end in zip([0, *ends], [*ends, len(data)], strict=True) if start < end]


def told(statements: Sequence[SeenStatement]) -> list[tuple[str, str, int]]:
    return [(each.text, each.error or each.tag, each.rows) for each in statements]


@pytest.mark.parametrize("name", EXCHANGES)
def test_each_kind_of_exchange(name: str) -> None:
    sent, answered, expected = EXCHANGES[name]
    talk = Conversation(1, clock=lambda: 1.0)
    talk.ask(sent)
    assert told(list(talk.answer(answered))) == expected


@given(
    names=st.lists(st.sampled_from(sorted(EXCHANGES)), max_size=8),
    places=st.lists(st.integers(0, 5000), max_size=12),
)
def test_counts_do_not_depend_on_how_the_bytes_are_cut(names: list[str], places: list[int]) -> None:
    """Everything is sent ahead, as in a pipeline, in pieces; and so is it answered."""
    talk = Conversation(1, clock=lambda: 1.0)
    for piece in cut(b"".join(EXCHANGES[name][0] for name in names), places):
        talk.ask(piece)
    seen: list[SeenStatement] = []
    for piece in cut(b"".join(EXCHANGES[name][1] for name in names), places):
        seen += talk.answer(piece)
    assert told(seen) == [row for name in names for row in EXCHANGES[name][2]]


@given(
    payloads=st.lists(st.tuples(st.sampled_from("QDXC"), st.binary(max_size=40)), max_size=10),
    places=st.lists(st.integers(0, 500)),
)
def test_frames_are_those_that_were_sent(payloads: list[tuple[str, bytes]], places: list[int]) -> None:
    framer = Framer((b"Q", b"C"))
    frames = [
        frame
        for piece in cut(b"".join(message(*each) for each in payloads), places)
        for frame in framer.feed(piece)
    ]
    wanted = [Frame(kind.encode(), len(payload) + 5, payload) for kind, payload in payloads if kind in "QC"]
    assert [frame for frame in frames if frame.kind in b"QC"] == wanted
    for other in "DX":
        sizes = [len(payload) + 5 for kind, payload in payloads if kind == other]
        assert sum(frame.messages for frame in frames if frame.kind == other.encode()) == len(sizes)
        assert sum(frame.size for frame in frames if frame.kind == other.encode()) == sum(sizes)


@given(st.binary(max_size=200))
def test_any_bytes_are_taken_or_refused(data: bytes) -> None:
    talk = Conversation(1)
    try:
        talk.ask(data)
        list(talk.answer(data))
    except BrokenFrame:
        pass


def test_a_reused_statement_is_told_from_its_first_execution() -> None:
    talk = Conversation(1)
    talk.ask(parse("a", "SELECT 1") + bind("", "a") + execute() + SYNC)
    (first,) = talk.answer(PARSED + BOUND + done("SELECT 0") + READY)
    talk.ask(bind("", "a") + execute() + SYNC)
    (second,) = talk.answer(BOUND + done("SELECT 0") + READY)
    assert (first.prepared, second.prepared) == (False, True)
    assert first.bytes_in > second.bytes_in
