"""Reads a settings file, which may be half-written, huge, or no file at all."""

import os
import re
import stat
from pathlib import Path
from typing import Final

from auditor.config.shape import Document
from auditor.config.toml_text import toml_values
from auditor.model.fault import Fault

_LIMIT_BYTES: Final = 1 << 20
_PLACE: Final = re.compile(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")
"""How Python's reader of TOML ends what it says."""


def read_document(path: Path, /, *, name: str) -> Document | None:
    """The parsed file, called `name` in messages; None when there is none; `Fault` when it can't be used."""
    try:
        content = _read_regular(path, name)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise Fault(f"can't be read: {error.strerror or error}", where=name) from error
    return parse_document(content, name=name)


def parse_document(content: bytes, /, *, name: str) -> Document:
    """TOML out of `content`; `Fault` with the line when it is not."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Fault("is not UTF-8", where=f"{name}:{line}", hint="save it as UTF-8") from error
    try:
        return Document(name=name, text=text, values=toml_values(text))
    except ValueError as error:
        said, at = _placed(str(error), text)
        raise Fault(f"is not valid TOML: {said}", where=f"{name}:{at}" if at else name) from error


def _placed(said: str, text: str) -> tuple[str, int | None]:
    """What the parser said without its place, and the line of that: the last that holds something where the text ends too early."""
    match = _PLACE.search(said)
    if match is None:
        return said, None
    return said[: match.start()], int(match["line"] or text.rstrip().count("\n") + 1)


def _read_regular(path: Path, name: str) -> bytes:
    # O_NONBLOCK: a named pipe put in the file's place must not hang the run.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Fault("is not a file", where=name)
        if status.st_size > _LIMIT_BYTES:
            raise Fault(f"has {status.st_size:,} bytes, over the limit of {_LIMIT_BYTES:,}", where=name)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(_LIMIT_BYTES)
    finally:
        os.close(descriptor)
