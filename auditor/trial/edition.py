"""Which gates gave a verdict: what was refused by others may be tried again, since a wrong verdict would hold for ever."""

import hashlib
from functools import cache
from pathlib import Path

import auditor.measure
import auditor.trial


@cache
def edition() -> str:
    """Changes with the code of what measures and judges, taken by its content, so that nobody has to count a version up."""
    folders = [Path(package.__path__[0]) for package in (auditor.measure, auditor.trial)]
    return digest_of(folders)


def digest_of(folders: list[Path], /) -> str:
    """Of the modules in the folders and below."""
    digest = hashlib.blake2b(digest_size=8)
    for folder in folders:
        for file in sorted(folder.rglob("*.py")):
            content = file.read_bytes()
            digest.update(f"{file.relative_to(folder).as_posix()} {len(content)}\0".encode() + content)
    return digest.hexdigest()
