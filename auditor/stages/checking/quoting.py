"""Whether a citation says what stands there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from auditor.stages.answers.citation import Citation
from auditor.stages.prompting.shown import exact, without_gutter

LONGEST_SPAN: Final = 12
"""Lines of one citation, as of a finding."""
SHORTEST_QUOTE: Final = 6
"""Characters that are not blank: less stands anywhere."""

Lines = Callable[[str], list[str]]


@dataclass(frozen=True, slots=True)
class Cited:
    """A place that reads as it was quoted: the lines of the quote alone."""

    file: str
    line: int
    end_line: int


def cited(
    citation: Citation,
    lines: Lines,
    sent: Mapping[str, frozenset[int]],
    /,
    *,
    restore: Callable[[str], str] = str,
) -> Cited | str:
    """The place, or what is wrong with the citation.

    `sent` are the lines of each file that the model was shown; `restore` puts secrets back in the place of the words that stood for them.
    """
    path = citation.file
    if path not in sent:
        return "cites a file that was not sent"
    if not 1 <= citation.line <= citation.end_line:
        return "cites lines that there can't be"
    if citation.end_line - citation.line >= LONGEST_SPAN:
        return f"cites more than {LONGEST_SPAN} lines of {path}"
    there = lines(path)[citation.line - 1 : citation.end_line]
    if len(there) != citation.end_line - citation.line + 1:
        return f"cites lines beyond the end of {path}"
    if not sent[path].issuperset(range(citation.line, citation.end_line + 1)):
        return f"cites lines of {path} that were not sent"
    quote = [line.strip() for line in exact(restore(without_gutter(citation.quote))).strip().split("\n")]
    if len("".join("".join(quote).split())) < SHORTEST_QUOTE:
        return f"quotes too little of {path} to be checked"
    at = _found([line.strip() for line in there], quote)
    if at is None:
        return f"quotes what does not stand at {path}:{citation.line}-{citation.end_line}"
    return Cited(path, citation.line + at, citation.line + at + len(quote) - 1)


def _found(there: list[str], quote: list[str]) -> int | None:
    """The index of the first line; whole lines in between, the first and the last may be parts."""
    for start in range(len(there) - len(quote) + 1):
        part = there[start : start + len(quote)]
        if len(quote) == 1:
            if quote[0] in part[0]:
                return start
        elif part[0].endswith(quote[0]) and part[1:-1] == quote[1:-1] and part[-1].startswith(quote[-1]):
            return start
    return None
