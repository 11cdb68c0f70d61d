"""What the program itself is: the results of another version, or of an edited checkout, are not its own."""

import os
import sys
from functools import cache
from pathlib import Path
from typing import Final

import auditor
from auditor.engine.store import text_key

_PACKAGE: Final = Path(auditor.__file__).resolve().parent
_COMPILED: Final = "__pycache__"


@cache
def tool_fingerprint() -> str:
    """Changes with auditor's files, with the interpreter, and with the packages installed beside it."""
    parts = [auditor.__version__, sys.version]
    for folder, subfolders, names in os.walk(_PACKAGE):
        subfolders[:] = sorted(name for name in subfolders if name != _COMPILED)
        for name in sorted(names):
            status = (Path(folder) / name).stat()
            parts.append(f"{folder}/{name} {status.st_size} {status.st_mtime_ns}")
    installed = {path for path in sys.path if path.endswith(("site-packages", "dist-packages"))}
    parts += [f"{path} {Path(path).stat().st_mtime_ns}" for path in sorted(installed) if Path(path).is_dir()]
    return text_key(*parts)
