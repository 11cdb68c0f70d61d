"""Adds an item to a list in parentheses: a parameter, an argument."""

from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from auditor.codemods.spans import Spans

_WIDTH: Final = 100


def extend(spans: "Spans", parts: list[tuple[int, int]], text: str, /) -> None:
    """Adds an item behind the last of a list in parentheses: broken anew where the line gets too long."""
    start, end = parts[0][0], parts[-1][1]
    between = [spans.text[left[1] : right[0]] for left, right in pairwise(parts)]
    line_start = spans.text.rfind("\n", 0, start) + 1
    line_end = spans.text.find("\n", end)
    line = spans.text[line_start : len(spans.text) if line_end < 0 else line_end]
    is_plain = all(gap.strip() == "," for gap in between) and "\n" not in line
    if not is_plain or len(line) + len(text) + 2 <= _WIDTH:
        is_column = bool(between) and all("\n" in gap for gap in between)
        spans.insert(end, f",{between[-1].lstrip(',')}{text}" if is_column else f", {text}")
        return
    opened = spans.text[line_start:start].rstrip()
    indent = line[: len(line) - len(line.lstrip())]
    items = [spans.text[left:right] for left, right in parts] + [text]
    inner = f"{indent}    "
    flat = ", ".join(items)
    if not opened:
        comma = "" if spans.text[end:].lstrip().startswith(",") else ","
        spans.replace_span(start, end, f",\n{indent}".join(items) + comma)
    elif not opened.endswith("("):
        spans.insert(end, f", {text}")
    elif len(inner) + len(flat) <= _WIDTH:
        spans.replace_span(start, end, f"\n{inner}{flat}\n{indent}")
    else:
        spans.replace_span(start, end, "".join(f"\n{inner}{one}," for one in items) + f"\n{indent}")
