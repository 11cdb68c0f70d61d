"""Text from the target made harmless inside markdown: no markup, no HTML, no links, no broken tables."""

import re
from collections.abc import Sequence
from typing import Final

from auditor.model.text import LONGEST, clean, shorten, spans

_MARKUP: Final = re.compile(r"([\\`*_\[\]<>|~#$&])")
_LINE_START: Final = re.compile(r"^(\s*)([-+=>]|\d+[.)])")
_LINK: Final = re.compile(r"(?i)(www)\.|(:)//|(@)")


def text(value: str, /, limit: int = LONGEST) -> str:
    """Plain text: every character that markdown, HTML or a forge could act on is escaped."""
    escaped = _MARKUP.sub(_escape, shorten(clean(value), limit))
    return _LINE_START.sub(r"\1\\\2", _LINK.sub(_unlink, escaped))


def code(value: str, /, limit: int = LONGEST) -> str:
    """A code span that holds `value`, whatever it contains."""
    inner = shorten(clean(value), limit).strip() or " "
    longest = max((len(run) for run in re.findall(r"`+", inner)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if inner[0] == "`" or inner[-1] == "`" else ""
    return f"{fence}{pad}{inner}{pad}{fence}"


def sentence(value: str) -> str:
    """A sentence whose names stand between backticks (see `auditor.model.text`)."""
    return "".join(code(part) if is_code else text(part, limit=2 * LONGEST) for is_code, part in spans(value))


def cell(markdown: str) -> str:
    """Finished inline markdown for a table: a bar inside a code span would otherwise end the cell."""
    return re.sub(r"(?<!\\)\|", r"\\|", markdown)


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table of finished inline markdown."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell(value) for value in line) + " |" for line in lines)


def _escape(match: re.Match[str]) -> str:
    entities = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
    return entities.get(match[1], "\\" + match[1])


def _unlink(match: re.Match[str]) -> str:
    """Break what a forge would turn into a link or a mention without anybody asking for it."""
    if match[1]:
        return f"{match[1]}\\."
    return ":\\//" if match[2] else "@<!-- -->"
