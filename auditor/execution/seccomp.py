"""The system call filter of a jail, assembled here: a program for the kernel's classic BPF machine.

A deny list: what reaches other processes, the kernel's rarer corners, mounts and namespaces is refused with
``EPERM``; only the socket families that a web application has use for can be opened.
"""

import errno
import platform
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from auditor.execution.system_calls import CLONE, CLONE3, DENIED, IOCTL, SOCKET, SOCKETPAIR
from auditor.model.fault import Fault

Architecture: TypeAlias = Literal["x86_64", "aarch64"]

_AUDIT_ARCH: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32: Final = 0x40000000
"""Calls of the x32 interface have this bit: other numbers for the same calls."""
_NAMESPACES: Final = 0x7E020000
"""Every CLONE_NEW… flag that `clone` knows."""
_UNIX, _INET, _INET6, _NETLINK = 1, 2, 10, 16
_INET_PROTOCOLS: Final = (0, 6, 17)
"""Any, TCP, UDP; SCTP, DCCP, SMC and the like would load kernel modules."""
_NETLINK_ROUTE: Final = 0
"""Listing interfaces, which `getaddrinfo` and `getifaddrs` do."""
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
"""Typing into a terminal (CVE-2017-5226), and selecting and pasting on a console."""

_ALLOW: Final = 0x7FFF0000
_LOAD, _RETURN, _JUMP_EQUAL, _JUMP_GREATER_EQUAL, _JUMP_SET = 0x20, 0x06, 0x15, 0x35, 0x45
_NUMBER, _ARCHITECTURE = 0, 4
"""Offsets in `struct seccomp_data`."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """`struct sock_filter`."""

    code: int
    value: int
    if_true: int = 0
    if_false: int = 0


def assembled(architecture: Architecture, /) -> bytes:
    """The filter as the kernel takes it: 8 bytes an instruction."""
    return b"".join(
        struct.pack("=HBBI", i.code, i.if_true, i.if_false, i.value) for i in program(architecture)
    )


def this_architecture() -> Architecture:
    """`Fault` on a machine for which there is no filter."""
    machine = platform.machine()
    if machine == "x86_64":
        return "x86_64"
    if machine in {"aarch64", "arm64"}:
        return "aarch64"
    raise Fault(
        f"there is no system call filter for {machine} machines, so nothing can be confined here",
        hint="use an x86_64 or aarch64 machine, or --no-jail for code that you trust",
    )


def program(architecture: Architecture, /) -> tuple[Instruction, ...]:
    """The filter, readable. What is not refused is allowed."""
    which = 0 if architecture == "x86_64" else 1
    return (
        Instruction(_LOAD, _ARCHITECTURE),
        *_unless_equal(_AUDIT_ARCH[architecture], errno.ENOSYS),
        Instruction(_LOAD, _NUMBER),
        *(_if(_JUMP_GREATER_EQUAL, _X32, errno.ENOSYS) if architecture == "x86_64" else ()),
        *_denied(numbers[which] for numbers in DENIED.values()),
        # clone3 takes its flags by pointer, which a filter can't follow; without it libc falls back to clone.
        *_if(_JUMP_EQUAL, CLONE3[which], errno.ENOSYS),
        *_on((CLONE[which],), (_argument(0), *_if(_JUMP_SET, _NAMESPACES, errno.EPERM), _allow())),
        *_on(
            (IOCTL[which],),
            (  # the kernel looks at the low 32 bits alone, so a check of all 64 can be passed by
                _argument(1),
                *_if(_JUMP_EQUAL, _TIOCSTI, errno.EPERM),
                *_if(_JUMP_EQUAL, _TIOCLINUX, errno.EPERM),
                _allow(),
            ),
        ),
        *_on((SOCKET[which], SOCKETPAIR[which]), _sockets()),
        _allow(),
    )


def _sockets() -> tuple[Instruction, ...]:
    inet = (_argument(2), *_allow_if(_INET_PROTOCOLS), _refuse(errno.EPROTONOSUPPORT))
    netlink = (_argument(2), *_allow_if((_NETLINK_ROUTE,)), _refuse(errno.EPROTONOSUPPORT))
    return (
        _argument(0),
        *_allow_if((_UNIX,)),
        *_on((_INET, _INET6), inet),
        *_on((_NETLINK,), netlink),
        _refuse(errno.EAFNOSUPPORT),
    )


def _denied(numbers: Iterable[int | None]) -> Iterable[Instruction]:
    for number in numbers:
        if number is not None:
            yield from _if(_JUMP_EQUAL, number, errno.EPERM)


def _on(values: Sequence[int], then: tuple[Instruction, ...]) -> Iterable[Instruction]:
    """`then`, which ends by returning, when the loaded word is one of `values`."""
    for position, value in enumerate(values):
        left = len(values) - position - 1
        yield Instruction(_JUMP_EQUAL, value, left, 0 if left else len(then))
    yield from then


def _allow_if(values: Sequence[int]) -> Iterable[Instruction]:
    for value in values:
        yield from (Instruction(_JUMP_EQUAL, value, 0, 1), _allow())


def _if(jump: int, value: int, error: int) -> tuple[Instruction, ...]:
    return Instruction(jump, value, 0, 1), _refuse(error)


def _unless_equal(value: int, error: int) -> tuple[Instruction, ...]:
    return Instruction(_JUMP_EQUAL, value, 1, 0), _refuse(error)


def _argument(index: int) -> Instruction:
    """Loads the low 32 bits of an argument; both architectures are little-endian."""
    return Instruction(_LOAD, 16 + 8 * index)


def _allow() -> Instruction:
    return Instruction(_RETURN, _ALLOW)


def _refuse(error: int) -> Instruction:
    return Instruction(_RETURN, 0x00050000 | error)
