"""Files that application code opens, itself or through pathlib."""

from auditor_probe import patching, stacks
from auditor_probe.effects import begin


def patch(module):
    """`builtins`; `io.open` is the same function."""
    import _io
    import io

    standing = patching.around_builtin(module, "open", _opening)
    if standing is not None:
        io.open = _io.open = standing  # the latter is where pickle looks for it


def _opening(file, mode="r", *rest, **options):
    if not stacks.called_by_application("/pathlib.py", "/pathlib/__init__.py", "/pathlib/_local.py"):
        return None
    return begin("file", "open", _shown(file), None, {"mode": str(mode)})


def _shown(file):
    return file if isinstance(file, str) else str(file)
