"""Programs that are started."""

from auditor_probe import patching
from auditor_probe.effects import begin
from auditor_probe.libraries.inside import counting


def patch(module):
    """`subprocess`, `os`."""
    if module.__name__ == "os":
        patching.around_builtin(module, "system", _shell)
    else:
        patching.around(module.Popen, "__init__", _starting)


def _shell(command):
    return begin("subprocess", "system", _program(command))


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
