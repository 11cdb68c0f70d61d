"""Programs that are started."""

import os

from auditor_probe import patching, stacks
from auditor_probe.effects import begin
from auditor_probe.libraries.inside import counting


def patch(module):
    """`subprocess`, `os`."""
    if module.__name__ == "os":
        patching.around_builtin(module, "system", _shell)
        for name in ("posix_spawn", "posix_spawnp"):
            patching.around_builtin(module, name, _spawning)
    else:
        patching.around(module.Popen, "__init__", _starting)


def _shell(command):
    return begin("subprocess", "system", _program(command))


def _spawning(path, argv, env, **options):
    """Where subprocess does it, that is told already."""
    return (
        None
        if stacks.called_from("/subprocess.py")
        else begin("subprocess", "spawn", _program(os.fspath(path)))
    )


def _starting(process, args, *rest, **options):
    """A call that counts as something else may look the platform up by a program, once."""
    return begin("subprocess", "run", _program(args)) if counting() else None


def _program(args):
    """The program without its arguments, which may hold values."""
    if isinstance(args, (list, tuple)) and args:
        args = args[0]
    if isinstance(args, bytes):
        args = args.decode("utf-8", "replace")
    return str(args).split(" ", 1)[0] or None
