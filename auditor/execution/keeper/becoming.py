"""What the keeper's child does between fork and exec: becomes the guest, or the bubblewrap that makes it one."""

import errno
import os
import resource
import stat

from auditor.execution.keeper import kernel, signals
from auditor.execution.keeper.plan import Plan

NOT_FOUND, NOT_EXECUTABLE = 127, 126
"""Exit statuses of a command that can't be started, as shells have them."""


def become(plan: Plan, argv: list[str], rlimits: list[tuple[int, int]], *, keeper: int) -> None:
    """Never returns; `OSError` when something on the way fails."""
    kernel.die_with_parent(signals.KILL)
    if os.getppid() != keeper:
        os._exit(1)
    signals.as_when_fresh()
    if plan.stage:
        _stage(plan.stage, plan.stage_folder)
    for kind, value in rlimits:
        _lower(kind, value)
    if plan.identity is not None:
        _drop(*plan.identity)
        kernel.die_with_parent(signals.KILL)  # the change of uid took it back
        if os.getppid() != keeper:
            os._exit(1)
    if plan.cwd:
        os.chdir(plan.cwd)
    if plan.no_new_privileges:
        kernel.forbid_new_privileges()
    if plan.system_call_filter:
        kernel.filter_system_calls(plan.system_call_filter)
    if plan.bubblewrap:
        os.execve(argv[0], argv, plan.env)
    _exec(argv, plan.env)


def _stage(stage: list[tuple[str, str]], folder: str) -> None:
    """Shows sources where an unprivileged user can reach them: (source without links, path below `folder`).

    All are opened before `folder` is covered, since one may lie below it.
    """
    kernel.own_mounts()
    opened = []
    for source, target in stage:
        descriptor = os.open(source, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        kind = stat.S_IFMT(os.fstat(descriptor).st_mode)
        if kind == stat.S_IFLNK:
            raise OSError(errno.ELOOP, "became a link while it was being looked at", source)
        opened.append((descriptor, kind == stat.S_IFDIR, f"{folder}/{target}"))
    kernel.mount_memory(folder)
    os.umask(0o022)
    for descriptor, is_folder, target in opened:
        os.makedirs(target if is_folder else os.path.dirname(target), exist_ok=True)
        if not is_folder:
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
        kernel.mount_open(descriptor, target)


def _drop(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def _lower(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(kind, (value, value))


def _exec(argv: list[str], env: dict[str, str]) -> None:
    """Execs; what can't be found or run gives the exit status and the message that a shell gives.

    Looks along `PATH` itself: `os.execvpe` would import a module, which this user may have no access to.
    """
    name = argv[0]
    folders = [""] if "/" in name else [f"{folder}/" for folder in env.get("PATH", "").split(":") if folder]
    found = errno.ENOENT
    for folder in folders:
        try:
            os.execve(folder + name, argv, env)
        except OSError as error:
            if error.errno not in {errno.ENOENT, errno.ENOTDIR}:
                found = error.errno or found
    os.write(2, f"{name}: {os.strerror(found)}\n".encode("utf-8", "surrogateescape"))
    os._exit(NOT_FOUND if found == errno.ENOENT else NOT_EXECUTABLE)
