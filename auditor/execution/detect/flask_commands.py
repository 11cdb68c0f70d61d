"""The commands that a Flask application adds to `flask`: `@app.cli.command()`, and what each is for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from auditor.execution.detect.spoken import makes_tables
from auditor.execution.detect.tree import Tree

_NEAR: Final = 4
"""Folders below the root in which commands are looked for."""
_APART: Final = re.compile(r"(?:^|/)(?:tests?|testing|docs?|examples?|node_modules)/|(?:^|/)test_[^/]*\.py$")
_DECORATED: Final = re.compile(
    r"^(?P<indent>[ \t]*)@(?P<group>[\w.]+)\.command\((?P<given>[^\n]*)\n"
    r"(?P<between>(?:(?P=indent)[@ \t)][^\n]*\n){0,60}?)"
    r"(?P=indent)(?:async )?def (?P<name>\w+)\([^\n]*\n"
    r"(?P<body>(?:(?P=indent)[ \t]+[^\n]*\n|[ \t]*\n){0,120})",
    re.MULTILINE,
)
_GIVEN: Final = re.compile(r"""^\s*(?:name\s*=\s*)?["'](?P<name>[\w-]+)["']""")
_GROUP: Final = re.compile(
    r"""^\s*(?P<variable>\w+)\s*=\s*(?:\w+\.)?(?P<kind>AppGroup|Blueprint)\(\s*["'](?P<name>[\w-]+)["'](?P<rest>[^)]*)""",
    re.MULTILINE,
)
_CLI_GROUP: Final = re.compile(r"""cli_group\s*=\s*(?:["'](?P<name>[\w-]+)["']|None)""")
_ASKS: Final = re.compile(
    r"@click\.(?:argument|password_option)\(|\bprompt\s*=\s*(?!False)|\brequired\s*=\s*True"
)
_ASKS_EACH_TIME: Final = re.compile(
    r"^[^#\n]*\b(?:input|getpass(?:\.getpass)?|click\.prompt)\(", re.MULTILINE
)
_SAYS_IT_FILLS: Final = re.compile(
    r"\b(?:fak(?:e|ing)|dummy|sample|demo|mock|seed(?:s|ing|ed)?|lorem|populat(?:e|es|ing)|example\s+(?:data|rows|records)"
    r"|test\s+(?:data|rows|records|users)|random\s+(?:data|rows|records))\b",
    re.IGNORECASE,
)
_MADE_UP: Final = re.compile(
    r"(?:^|_)(?:fake|seed|dummy|sample|lorem|populate|forge)(?:_\w+)?\s*\(|\bfakes?\b|\bFaker\b"
)
_DOCUMENTED: Final = re.compile(r'^\s*[rR]?(?P<quote>"""|\'\'\'|"|\')(?P<text>.*?)(?P=quote)', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlaskCommand:
    """One command, as its source tells of it."""

    words: tuple[str, ...]
    """What stands after ``flask``."""
    place: str
    says: str
    """Its documentation."""
    body: str
    asks: bool
    """Whether it needs an answer or an argument, which nobody gives in a jail."""

    @property
    def fills(self) -> bool:
        """Whether it says that it makes rows up, or calls what is named so."""
        return _SAYS_IT_FILLS.search(self.says) is not None or _MADE_UP.search(self.body) is not None

    @property
    def makes_tables(self) -> bool:
        """Whether it makes the tables of an empty database."""
        return makes_tables(self.body)


def flask_commands(tree: Tree, /) -> Iterator[FlaskCommand]:
    """Every command of the sources that a group of Flask's own gets, in order of place."""
    for file in tree.files:
        if not file.endswith(".py") or file.count("/") > _NEAR or _APART.search(file):
            continue
        text = tree.read(file)
        if ".command(" not in text:
            continue
        groups = _groups(text)
        for match in _DECORATED.finditer(f"{text}\n"):
            within = _within(match["group"], groups)
            if within is None:
                continue
            given = _GIVEN.search(match["given"])
            documented = _DOCUMENTED.match(match["body"])
            yield FlaskCommand(
                words=(*within, given["name"] if given else match["name"].lower().replace("_", "-")),
                place=f"{file}:{text.count(chr(10), 0, match.start()) + 1}",
                says=documented["text"] if documented else "",
                body=match["body"][documented.end() :] if documented else match["body"],
                asks=_ASKS.search(match["given"] + match["between"]) is not None
                or _ASKS_EACH_TIME.search(match["body"]) is not None,
            )


def _groups(text: str) -> dict[str, tuple[str, ...]]:
    """By variable, the words that its commands stand behind."""
    groups: dict[str, tuple[str, ...]] = {}
    for match in _GROUP.finditer(text):
        if match["kind"] == "AppGroup":
            groups[match["variable"]] = (match["name"],)
            continue
        told = _CLI_GROUP.search(match["rest"])
        name = match["name"] if told is None else told["name"]
        groups[f"{match['variable']}.cli"] = (name,) if name else ()
    return groups


def _within(group: str, groups: dict[str, tuple[str, ...]]) -> tuple[str, ...] | None:
    """The words before a command of that group; None for what is no group of Flask's."""
    if group in groups:
        return groups[group]
    return () if group.endswith(".cli") else None
