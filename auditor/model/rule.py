"""What a plan and a report need to know about a rule; the rules themselves live in `auditor.rules`."""

import re
from itertools import zip_longest
from typing import Final, Literal, get_args

from pydantic import Field

from auditor.model.severity import Severity
from auditor.model.value import Value

RuleGroup = Literal[
    "queries",
    "in-python",
    "fetching",
    "writing",
    "sessions",
    "loops",
    "caching",
    "outside-calls",
    "request-path",
    "runtime-settings",
    "structure",
]
RULE_GROUPS: Final[tuple[RuleGroup, ...]] = get_args(RuleGroup)

DocSection = Literal[
    "What it finds",
    "Why it is slow",
    "When it does not matter",
    "Example",
    "Instead",
    "How to verify",
]
DOC_SECTIONS: Final[tuple[DocSection, ...]] = get_args(DocSection)

_HEADING: Final = re.compile(
    rf"^(?:\#+[ \t]*|\*{{1,2}})?(?P<title>{'|'.join(DOC_SECTIONS)})"
    r"[.:]?\*{0,2}[.:]?[ \t]*(?:\n[-=~]{3,}[ \t]*)?$",
    re.MULTILINE | re.IGNORECASE,
)
"""One of `DOC_SECTIONS` alone on its line, as a markdown heading, in bold, or underlined."""


class RuleInfo(Value):
    """One rule: its stable id, where in a plan its findings land, and its page."""

    id: str = Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")
    group: RuleGroup
    phase: int = Field(ge=1, le=7)
    """The phase of the plan in which its findings are treated (0 is measuring, which no rule asks for)."""
    severity: Severity
    """The severity of a finding unless the rule says otherwise for that finding."""
    title: str
    """What is wrong, as a noun phrase: `query in a loop`."""
    by_file: bool = Field(default=False, exclude=True)
    """Told once a file, not once a function: what is done about one place is done about all of them. No part of a report."""
    playbook: str | None = None
    """Name of the playbook that treats it; findings with one playbook may share a change."""
    docs: str = ""
    """The module's docstring: markdown with the headings of `DOC_SECTIONS`."""

    def section(self, name: DocSection) -> str:
        """The text under one heading of the page, without the heading; empty when the page lacks it."""
        headings = list(_HEADING.finditer(self.docs))
        for heading, following in zip_longest(headings, headings[1:]):
            if heading is not None and heading["title"].casefold() == name.casefold():
                return self.docs[heading.end() : following.start() if following else None].strip()
        return ""
