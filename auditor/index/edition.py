"""Which lowering made a summary: part of every cache key."""

from __future__ import annotations

import hashlib
import marshal
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from auditor.index import ir

_SOURCES: Final = ("ir.py", "literals.py", "lower.py", "lower_expressions.py")


def edition() -> bytes:
    """Changes with the shapes of `ir`, the code that makes them, the grammar, and marshal's own format.

    The code is taken by its content, so that nobody has to remember to count a version up.
    """
    parts = [f"{ir.IR_VERSION} {marshal.version} {sys.implementation.cache_tag}".encode()]
    folder = Path(__file__).parent
    parts += [(folder / name).read_bytes() for name in _SOURCES]
    for package in ("tree_sitter", "tree_sitter_python"):
        spec = find_spec(package)
        if spec is not None and spec.origin:
            parts += [
                b"%s %d" % (file.name.encode(), file.stat().st_size) for file in _binaries(Path(spec.origin))
            ]
    return hashlib.blake2b(b"\0".join(parts), digest_size=16).digest()


def _binaries(origin: Path) -> list[Path]:
    return sorted(file for pattern in ("*.so", "*.pyd") for file in origin.parent.glob(pattern))
