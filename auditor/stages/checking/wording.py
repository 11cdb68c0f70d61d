"""Whether a sentence of a model's stays with what is known: names that exist, no figures of its own."""

import builtins
import keyword
import re
from collections.abc import Collection
from typing import Final

from auditor.model.text import clean, shorten

LONGEST: Final = 600
"""Characters of one sentence in a report."""
_CODE: Final = re.compile(r"`([^`]+)`")
_NAME: Final = re.compile(r"[^\W\d]\w*")
_TABLE: Final = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+([A-Za-z_]\w*)")
_FIGURE: Final = re.compile(
    r"(?:\d[\d.,]*|\b(?:two|three|four|five|six|seven|eight|nine|ten|dozens|hundreds|thousands)\b(?: of)?)\s*"
    r"(?:-|–|×|x\b)?\s*(?:ms\b|s\b|sec|minutes?|%|percent|quer|statements?|times\b|rows\b|calls?\b|sessions?\b|connections?\b|records?\b|round)",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"\d[\d.,]*")
_SQL_WORDS: Final = re.compile(
    r"\bquer(?:y|ies)\b|\bselects?\b|\bsql\b|\blazy|\bn\s?\+\s?1\b|\bstatements?\b|\bjoins?\b", re.IGNORECASE
)
_KNOWN: Final = frozenset(keyword.kwlist) | frozenset(dir(builtins)) | frozenset(
    "SELECT FROM WHERE JOIN LEFT OUTER INNER ON AND OR NOT IN IS NULL ORDER GROUP BY LIMIT OFFSET COUNT SUM MIN MAX AVG COALESCE "
    "DISTINCT EXISTS INSERT INTO VALUES UPDATE SET DELETE AS ASC DESC HAVING UNION WITH CASE WHEN THEN ELSE END BEGIN COMMIT "
    "ROLLBACK GET POST PUT PATCH DELETE HEAD INFO DEBUG WARNING ERROR".split()
)  # fmt: skip


def sentence(text: str, /) -> str:
    """A sentence for a report: on one line, without what can't be seen, not longer than is read."""
    return shorten(clean(text).strip(), LONGEST)


def wording_problem(text: str, names: Collection[str], /, *, about_sql: bool) -> str | None:
    """What a claim's words say that nothing shows; `names` are the identifiers of the code that it is about.

    `about_sql` is whether an effect of the database was found at the place: only then may the words be about one.
    """
    for span in _CODE.findall(text):
        strange = [name for name in _NAME.findall(span) if name not in names and name not in _KNOWN]
        if strange:
            return "names what is not in the code on the way"
    for table in _TABLE.findall(text):
        if table not in names:
            return "speaks of a table that is not in the code on the way"
    if _FIGURE.search(_CODE.sub("", text)):
        return "states a figure that is not the model's to state"
    if not about_sql and _SQL_WORDS.search(_CODE.sub("", text)):
        return "speaks of a query where there is none"
    return None


def strange_figures(text: str, given: Collection[str], /) -> list[str]:
    """Figures with a unit in `text` whose number stands in none of the texts that were `given`."""
    found = [match[0] for match in _FIGURE.finditer(_CODE.sub("", text)) if match[0][0].isdigit()]
    numbers = {number.strip(".,") for one in given for number in _NUMBER.findall(one)}
    return [figure for figure in found if _NUMBER.findall(figure)[0].strip(".,") not in numbers]


def names_in(texts: Collection[str], /) -> frozenset[str]:
    """Every identifier in the texts."""
    return frozenset(name for text in texts for name in _NAME.findall(text))
