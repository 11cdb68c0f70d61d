"""A model of the sample that somebody wrote down: it knows the gold patches, and of the question what it is sent.

It answers text that stands in a request as it goes over the wire, so that the same engineer sits behind a scripted provider and behind a
server that speaks the services' protocols. One of its answers misquotes the code and is repaired; one of its patches keeps workers from
booting and is taken back.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from auditor.llm.exchange import Request
from auditor.llm.loopback.server import Call
from auditor.llm.rendering import block_text
from auditor.stages.prompting.library import prompts

CASE: Final = Path(__file__).parent.parent / "evals" / "cases" / "discovery"
DISCOVER: Final = "GET /api/v1/spaces/discover"
SPACES: Final = "GET /api/v1/locations/{location_id}/spaces"
GOLD: Final = {
    DISCOVER: ("02-holiday-first", "03-eager-loading", "05-batch-bookings"),
    SPACES: ("11-the-batch-helper", "12-one-pass-for-all-spaces", "13-headcounts-from-the-bookings"),
}
TREATS: Final = {
    "02-holiday-first": "work-before-guard",
    "03-eager-loading": "lazy-load-in-loop",
    "05-batch-bookings": "query-in-loop",
    "11-the-batch-helper": "query-in-loop",
    "12-one-pass-for-all-spaces": "loop-invariant-call",
    "13-headcounts-from-the-bookings": "sort-in-python",
}
"""The rule of a finding that each stands for, and that is still made when its turn comes."""
BREAKS: Final = "11-the-batch-helper"
"""Its first attempt imports, and uses, what no worker of the sample boots with."""
MISQUOTES: Final = "02-holiday-first"
"""Its first answer has a search text that is not there."""

_BLOCK: Final = re.compile(r'<data id=(\w+) name="([^"]*)">\n(.*?)\n</data id=\1>', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Heard:
    """A question, as it arrives."""

    turns: tuple[tuple[str, str], ...]
    """Who said it, and what."""

    @property
    def text(self) -> str:
        """All that was said."""
        return "\n".join(text for _, text in self.turns)

    @property
    def task(self) -> str:
        """Id of the prompt that is to be answered: the last one that was put."""
        for role, text in reversed(self.turns):
            found = [name for name, head in _headings() if role == "user" and f"{head}\n" in text]
            if found:
                return max(found, key=lambda name: text.rindex(dict(_headings())[name]))
        return ""

    @property
    def is_first(self) -> bool:
        """Whether nothing was answered yet."""
        return all(role == "user" for role, _ in self.turns)

    def blocks(self, name: str) -> list[str]:
        """The texts of the data blocks of that name, in order."""
        return [found[3] for found in _BLOCK.finditer(self.text) if found[2] == name]

    def line(self, path: str, number: int) -> str:
        """A line of a file as it was shown last."""
        found = ""
        for block in self.blocks("source"):
            if block.startswith(f"| {path}"):
                match = re.search(rf"^ *{number}\| (.*)$", block, re.MULTILINE)
                found = match[1] if match else found
        return found


@cache
def _headings() -> tuple[tuple[str, str], ...]:
    heads = ((name, prompt.static.lstrip().partition("\n")[0]) for name, prompt in prompts().items())
    return tuple(
        (name, head) for name, head in heads if head.startswith("# ") and name not in {"common", "within"}
    )


def heard_request(request: Request[Any], /) -> Heard:
    """A request as it would be sent."""
    return Heard(
        tuple((turn.role, "\n\n".join(block_text(block) for block in turn.blocks)) for turn in request.turns)
    )


def heard_call(call: Call, /) -> Heard:
    """What a server was sent, in whichever protocol."""
    turns: Sequence[dict[str, Any]] = call.body["input" if call.protocol == "responses" else "messages"]
    told = ((turn["role"], turn["content"]) for turn in turns if turn["role"] != "system")
    return Heard(
        tuple(
            (role, said if isinstance(said, str) else "\n\n".join(part["text"] for part in said))
            for role, said in told
        )
    )


def gold(name: str, /) -> list[dict[str, Any]]:
    """The edits of a gold patch."""
    found: list[dict[str, Any]] = json.loads((CASE / "gold" / f"{name}.json").read_text("utf-8"))["edits"]
    return found


class Engineer:
    """Answers as somebody would who knows the gold patches; the same question gets the same answer."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        """The tasks, in order."""

    def answer(self, heard: Heard, /) -> str:
        """The text of the reply."""
        self.asked.append(heard.task)
        return json.dumps(getattr(self, f"_{heard.task}")(heard))

    def _analyze(self, heard: Heard) -> object:
        judged = []
        for name, path, first in findings_in(heard):
            line = heard.line(path, first)
            if line.strip():
                citation = {"file": path, "line": first, "end_line": first, "quote": line}
                judged.append(
                    {
                        "finding": name,
                        "verdict": "confirmed",
                        "reason": "the code does so",
                        "correction": None,
                        "citation": citation,
                    }
                )
        return {"design": "Each table once.", "judgements": judged, "claims": [], "more_code": []}

    def _plan(self, heard: Heard) -> object:
        left = {name: path for name, path, _ in findings_in(heard)}
        rules = dict(re.findall(r"^\| (F-\w+) ([\w-]+),", heard.blocks("findings")[-1], re.MULTILINE))
        costs = costs_in(heard)
        changes: list[dict[str, Any]] = []
        for name in GOLD[endpoint_of(heard)]:
            files = sorted({edit["file"] for edit in gold(name)})
            treated = [one for one, path in left.items() if path in files and rules[one] == TREATS[name]][:1]
            for one in treated:
                left.pop(one)
            expected = [
                {"cost": kind, "after": "1" if sizes else "0"}
                for one in treated
                for sizes, kind in [costs.get(one, ("", ""))]
                if kind
            ]
            changes.append({
                "key": name[:2], "phase": 3, "title": f"Gold {name}", "findings": treated, "files": files,
                "depends_on": [one["key"] for one in changes], "expected": expected, "steps": ["As the gold patch."],
                "verify": ["Fewer statements."], "risk": "Order.", "could_be_wrong": "Few rows.", "rollback": "Revert.",
                "effort": "small",
            })  # fmt: skip
        rest = [{"finding": one, "reason": "for later"} for one in left]
        return {"changes": changes, "left": rest, "more_code": []}

    def _architecture(self, heard: Heard) -> object:
        elements = re.findall(r"^\| ((?:endpoint|module|table|system|effect):.*)$", heard.text, re.MULTILINE)
        return {
            "elements": [
                {"element": one, "name": "A part", "description": "What it does."} for one in elements
            ]
        }

    def _implement(self, heard: Heard) -> object:
        name = re.findall(r"Gold ([\w-]+)", heard.text)[-1]
        edits = [dict(edit) for edit in gold(name)]
        if name == MISQUOTES and heard.is_first:
            edits[0]["search"] = "what is not there at all"
        if name == BREAKS:
            edits[0]["replace"] = edits[0]["replace"].replace(" = ", " = threading.local() and ", 1)
            edits.append(_importing(heard, edits[0]["file"]))
        return _patch(edits)

    def _culprit(self, heard: Heard) -> object:
        del heard
        return _patch(gold(BREAKS))

    _repair = _culprit

    def _crosscheck(self, heard: Heard) -> object:
        del heard
        return {"checked": ["every field"], "differences": []}

    def _revert(self, heard: Heard) -> object:
        del heard
        constraint = {
            "kind": "no-new-import", "modules": ["threading"], "scope": None, "parameter": None, "path": None, "endpoint": None,
        }  # fmt: skip
        return {
            "cause": "the worker refuses threading",
            "constraint": constraint,
            "next": "repair",
            "advice": "do without",
        }

    def _transfer(self, heard: Heard) -> object:
        kept = re.findall(r"^\| (C-\w+): Gold", heard.text, re.MULTILINE)
        return {
            "name": "batch-inline-validate", "title": "Batch, inline, validate", "description": "Takes queries out of loops.",
            "precondition": ["A query in a loop."], "recipe": [{"text": "Batch it.", "change": kept[-1]}],
            "verify": ["Statements fall."], "broke": [],
        }  # fmt: skip


def findings_in(heard: Heard, /) -> list[tuple[str, str, int]]:
    """Id, file and line of each finding that is told."""
    block = heard.blocks("findings")[-1]
    found = re.findall(r"^\| (F-\w+) .*\n\|   at (.*?):(\d+)-\d+ in ", block, re.MULTILINE)
    return [(name, path, int(first)) for name, path, first in found]


def costs_in(heard: Heard, /) -> dict[str, tuple[str, str]]:
    """By finding, the sizes it costs, empty for a number, and the kind."""
    told = {}
    for part in re.split(r"^(?=\| F-)", heard.blocks("findings")[-1], flags=re.MULTILINE):
        name, cost = re.match(r"\| (F-\w+)", part), re.search(r"^\|   costs (.*) (\w+)$", part, re.MULTILINE)
        if name and cost:
            told[name[1]] = ("" if cost[1].isdigit() else cost[1], cost[2])
    return told


def endpoint_of(heard: Heard, /) -> str:
    """Id of the endpoint that is asked about."""
    found = re.search(r"^\| endpoint: (.*)$", heard.text, re.MULTILINE)
    assert found is not None
    return found[1]


def _importing(heard: Heard, path: str) -> dict[str, str]:
    """An edit that imports threading at the head of a file of the change, beside what stands there."""
    lines = (heard.line(path, number) for number in range(1, 40))
    first = next(line for line in lines if line.startswith(("import ", "from ")))
    return {"file": path, "search": f"{first}\n", "replace": f"import threading\n{first}\n"}


def _patch(edits: Iterable[dict[str, Any]]) -> object:
    written = [{name: edit[name] for name in ("file", "search", "replace")} for edit in edits]
    return {
        "candidates": [{"idea": "the same, asked less often", "edits": written}],
        "impossible": None,
        "more_code": [],
    }
