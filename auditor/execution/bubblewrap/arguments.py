"""The arguments that make bubblewrap's jail. What is not named here is not there."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from auditor.execution.bubblewrap.files import SHARED_FOLDERS
from auditor.execution.confinement import Bind, Confinement

_SHM_BYTES: Final = 64 << 20
_ROOT_LINKS: Final = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
DEFAULT_ENV: Final = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/tmp",  # noqa: S108  the jail's own, and the only place besides the copy that it can write
    "LANG": "C.UTF-8",
}
"""What a command finds in its environment besides what its confinement says."""


def jail_arguments(
    confinement: Confinement, /, *, sources: Mapping[Bind, str], files: Mapping[str, int], seccomp: int
) -> tuple[str, ...]:
    """All of them up to the command.

    `sources` says where each bind is to be had, `files` which descriptors hold the jail's own files.
    """
    return (
        *("--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"),
        *("--unshare-cgroup-try", "--disable-userns", "--die-with-parent", "--new-session"),
        *("--cap-drop", "ALL", "--hostname", "auditor", "--clearenv"),
        *_system(),
        *("--proc", "/proc", "--dev", "/dev"),
        *("--size", str(confinement.limits.tmp_bytes), "--tmpfs", "/tmp"),  # noqa: S108  the jail's own
        *("--size", str(_SHM_BYTES), "--tmpfs", "/dev/shm"),  # noqa: S108  as above
        *_own_files(files),
        *_binds(confinement.binds, sources),
        *_environment(confinement.env),
        *("--remount-ro", "/", "--remount-ro", "/dev"),
        *("--chdir", confinement.cwd, "--seccomp", str(seccomp)),
    )


def _system() -> Iterator[str]:
    yield from ("--ro-bind", "/usr", "/usr")
    for name in _ROOT_LINKS:
        path = Path("/", name)
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), str(path))
        elif path.is_dir():
            yield from ("--ro-bind", str(path), str(path))
    for shared in SHARED_FOLDERS:
        if Path(shared).exists():
            yield from ("--ro-bind", shared, shared)


def _own_files(files: Mapping[str, int]) -> Iterator[str]:
    for path, descriptor in files.items():
        yield from ("--perms", "0444", "--file", str(descriptor), path)


def _binds(binds: Iterable[Bind], sources: Mapping[Bind, str]) -> Iterator[str]:
    """Outer ones first, so that one bound inside another is seen."""
    for bind in sorted(binds, key=lambda bind: bind.target.split("/")):
        source = sources[bind]
        if is_kept_link(bind):
            yield from ("--symlink", str(bind.source.readlink()), bind.target)
        elif bind.overlay:
            yield from ("--overlay-src", source, "--tmp-overlay", bind.target)
        else:
            yield from ("--bind" if bind.writable else "--ro-bind", source, bind.target)


def is_kept_link(bind: Bind, /) -> bool:
    """A link to a file that is bound to its own place stays a link: interpreters find their library so."""
    plain = not bind.writable and not bind.overlay and str(bind.source) == bind.target
    return plain and bind.source.is_symlink() and bind.source.is_file()


def _environment(env: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, value in {**DEFAULT_ENV, **dict(env)}.items():
        yield from ("--setenv", name, value)
