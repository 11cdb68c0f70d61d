"""The filter, run on a machine of our own: what it says for each call, on both architectures."""

import errno
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.execution.seccomp import Architecture, assembled
from auditor.execution.system_calls import CLONE, CLONE3, DENIED, IOCTL, SOCKET

ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOW = 0x7FFF0000
ORDINARY = {
    "x86_64": (0, 1, 2, 9, 44, 45, 59, 202, 257, 318),
    "aarch64": (56, 57, 63, 64, 98, 203, 221, 222, 278),
}


def answer(architecture: Architecture, number: int, *arguments: int, arch: int | None = None) -> str:
    """Runs the program on one call: "allow", or the error's name."""
    data = struct.pack(
        "<IIQ6Q",
        number,
        ARCH[architecture] if arch is None else arch,
        0,
        *arguments,
        *[0] * (6 - len(arguments)),
    )
    instructions = list(struct.iter_unpack("<HBBI", assembled(architecture)))
    at, word = 0, 0
    while True:
        code, if_true, if_false, value = instructions[at]
        at += 1
        if code == 0x20:
            word = struct.unpack_from("<I", data, value)[0]
        elif code == 0x06:
            return "allow" if value == ALLOW else errno.errorcode[value & 0xFFFF]
        else:
            holds = {0x15: word == value, 0x35: word >= value, 0x45: bool(word & value)}[code]
            at += if_true if holds else if_false


@pytest.fixture(params=["x86_64", "aarch64"])
def architecture(request: pytest.FixtureRequest) -> Architecture:
    chosen: Architecture = request.param
    return chosen


def test_ordinary_calls_are_allowed(architecture: Architecture) -> None:
    assert {answer(architecture, number) for number in ORDINARY[architecture]} == {"allow"}


def test_every_call_of_the_list_is_refused(architecture: Architecture) -> None:
    column = 0 if architecture == "x86_64" else 1
    numbers = [pair[column] for pair in DENIED.values() if pair[column] is not None]
    assert len(set(numbers)) == len(numbers) > 50
    assert {answer(architecture, number) for number in numbers if number is not None} == {"EPERM"}


def test_calls_of_another_architecture_are_refused(architecture: Architecture) -> None:
    other = 0x40000003  # i386
    assert answer(architecture, 1, arch=other) == "ENOSYS"


def test_the_x32_twins_of_calls_are_refused() -> None:
    assert answer("x86_64", 0x40000000 | 101) == "ENOSYS"


def test_clone_may_make_threads_and_processes_but_no_namespace(architecture: Architecture) -> None:
    column = 0 if architecture == "x86_64" else 1
    assert answer(architecture, CLONE[column], 17) == "allow"
    assert answer(architecture, CLONE[column], 0x3D0F00) == "allow"
    for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
        assert answer(architecture, CLONE[column], flag | 17) == "EPERM"
    assert answer(architecture, CLONE3[column]) == "ENOSYS"


@given(family=st.integers(0, 2**64 - 1), protocol=st.integers(0, 2**32 - 1))
def test_only_four_families_can_be_opened(family: int, protocol: int) -> None:
    allowed = {1: True, 2: protocol in {0, 6, 17}, 10: protocol in {0, 6, 17}, 16: protocol == 0}
    said = answer("x86_64", SOCKET[0], family, 1, protocol)
    assert (said == "allow") == allowed.get(family & 0xFFFFFFFF, False)


@given(high=st.integers(0, 2**32 - 1))
def test_typing_into_a_terminal_is_refused_whatever_the_upper_half_says(high: int) -> None:
    assert answer("x86_64", IOCTL[0], 0, high << 32 | 0x5412) == "EPERM"
    assert answer("aarch64", IOCTL[1], 0, high << 32 | 0x5401) == "allow"
