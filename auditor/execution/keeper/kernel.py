"""System calls that Python's standard library doesn't offer. Linux only; each raises `OSError`."""

import ctypes
import os

_PR_SET_PDEATHSIG = 1
_PR_SET_SECCOMP = 22
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2
_CLONE_NEWNS = 0x00020000
_MS_NOSUID, _MS_NODEV, _MS_BIND, _MS_REC, _MS_PRIVATE = 0x2, 0x4, 0x1000, 0x4000, 0x40000

_libc = ctypes.CDLL(None, use_errno=True)


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def die_with_parent(signal_number: int, /) -> None:
    """Has the kernel send this process a signal when its parent ends; a change of uid takes that back."""
    _prctl(_PR_SET_PDEATHSIG, signal_number)


def adopt_orphans() -> None:
    """Descendants whose parent ended become children of this process instead of init's."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def forbid_new_privileges() -> None:
    """No exec gives rights from now on, set-user-ID or not."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def filter_system_calls(program: bytes, /) -> None:
    """Applies an assembled filter (8 bytes an instruction) to this process and all it will start."""
    argument = _Program(len(program) // 8, program)
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(argument))


def own_mounts() -> None:
    """From now on this process's mounts are seen by nobody else, and go when it does."""
    _checked(_libc.unshare(_CLONE_NEWNS))
    _mount(b"none", b"/", b"", _MS_REC | _MS_PRIVATE, b"")


def enter(namespace: int, /) -> None:
    """Joins the namespace that a descriptor is open on; in a user namespace with every right in it."""
    _checked(_libc.setns(namespace, 0))


def mount_memory(folder: str, /) -> None:
    """A small file system in memory, readable by all."""
    _mount(b"tmpfs", folder.encode(), b"tmpfs", _MS_NOSUID | _MS_NODEV, b"mode=0755,size=1m")


def mount_open(descriptor: int, target: str, /) -> None:
    """Shows what `descriptor` is open on at `target` as well."""
    _mount(f"/proc/self/fd/{descriptor}".encode(), os.fsencode(target), b"", _MS_BIND | _MS_REC, b"")


def _prctl(option: int, value: int, more: int = 0) -> None:
    _checked(
        _libc.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(more), ctypes.c_ulong(0), ctypes.c_ulong(0))
    )


def _mount(source: bytes, target: bytes, kind: bytes, flags: int, data: bytes) -> None:
    _checked(_libc.mount(source, target, kind, ctypes.c_ulong(flags), data))


def _checked(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
