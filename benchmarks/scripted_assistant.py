"""An assistant without a mind: it has changes in its head, and knows of the target what the tools of `auditor mcp` tell.

It speaks the protocol to `auditor mcp` over standard input and output, with the SDK's client. A change is handed in only when the
tools have named each of its files and shown the very lines that it replaces; where an earlier change was not kept that it stands
on, both are handed in as one.
"""

import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from auditor.model.patch import Patch
from auditor.trial.making import patch_between

Told = dict[str, Any]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Idea:
    """A change as somebody would write it who has read the code."""

    name: str
    title: str
    endpoint: str
    patch: Patch
    declares_fewer_records: bool = False
    batches: bool = False
    """Whether one statement asks for what many asked for."""
    may_touch: tuple[str, ...] = ()


@dataclass(slots=True)
class Traffic:
    """What went over the wire."""

    characters: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """By tool, the length of each answer."""

    def lines(self) -> list[str]:
        """A line a tool: calls, and how long the answers were."""
        return [
            f"{tool:13} {len(sizes):3} calls, {sum(sizes) // len(sizes):6,} characters each, at most {max(sizes):6,}"
            for tool, sizes in sorted(self.characters.items())
        ]


class Session:
    """The tools, asked one after another."""

    def __init__(self, call: Callable[[str, dict[str, Any]], Awaitable[Any]], traffic: Traffic) -> None:
        self._call = call
        self._traffic = traffic

    async def ask(self, tool: str, /, **arguments: object) -> Told:
        """The answer of a tool; a mistake of the protocol is an error, a problem is an answer."""
        answered = await self._call(tool, arguments)
        assert not answered.is_error, answered
        text = "".join(part.text for part in answered.content)
        self._traffic.characters[tool].append(len(text))
        told: Told = json.loads(text)
        return told

    async def pages(self, tool: str, name: str, /, **arguments: object) -> list[Told]:
        """All items of a list."""
        found: list[Told] = []
        answer: Told = {"next_page": 1}
        while (page := answer.get("next_page")) is not None:
            answer = await self.ask(tool, page=page, **arguments)
            found += answer[name]
        return found

    async def decided(self, **proposal: object) -> Told:
        """The verdict on a proposal, however long it takes."""
        answer = await self.ask("verify_patch", **proposal)
        while answer.get("verdict") == "running":
            answer = await self.ask("verdict", trial=answer["trial"])
        return answer


@dataclass(slots=True)
class Seen:
    """What the tools have shown of the target so far."""

    session: Session
    named: set[str] = field(default_factory=set)
    """Files whose names a tool has told."""
    texts: dict[str, str] = field(default_factory=dict)

    async def look(self, endpoint: str) -> None:
        """Reads all there is on one endpoint: its trace, findings and plan."""
        ask = self.session
        self.named |= {_file(one["place"]) for one in await ask.pages("trace", "effects", endpoint=endpoint)}
        for effect in await ask.pages("trace", "effects", endpoint=endpoint):
            self.named |= {_file(frame.rpartition(" ")[2]) for frame in effect["chain"]}
        for one in await ask.pages("findings", "findings", endpoint=endpoint):
            self.named.add(_file(one["place"]))
        for change in await ask.pages("plan", "changes", endpoint=endpoint):
            self.named |= set(change["files"])

    async def text(self, file: str) -> str:
        """The whole of a file, by as many answers as that takes."""
        if file not in self.texts:
            made, line = "", 1
            while True:
                shown = await self.session.ask("source", file=file, line=line)
                made += shown["text"]
                line = shown["end_line"] + 1
                if not shown["truncated"]:
                    break
            self.texts[file] = made
        return self.texts[file]

    async def missing(self, patch: Patch) -> str:
        """What of a patch the tools do not show: empty when it can be handed in."""
        for edit in patch.edits:
            tree = edit.model_dump()
            if "search" not in tree:
                continue
            if edit.file not in self.named:
                longest = max(tree["search"].splitlines(), key=len)
                hits = await self.session.pages("search", "hits", text=longest)
                self.named |= {_file(one["place"]) for one in hits}
            if edit.file not in self.named:
                return f"no tool names {edit.file}"
            if (await self.text(edit.file)).count(tree["search"]) != 1:
                return f"{edit.file} holds no such lines: {tree['search'].strip().splitlines()[0]}"
        return ""


def patched(texts: Mapping[str, str], patch: Patch) -> dict[str, str]:
    """The files of a patch as it leaves them, of texts that hold what it replaces."""
    made: dict[str, str] = {}
    for file in patch.files:
        edits = [edit.model_dump() for edit in patch.edits if edit.file == file]
        if "create" in edits[0]:
            made[file] = edits[0]["create"]
            continue
        text, end, parts = texts[file], 0, []
        for edit in sorted(edits, key=lambda one: text.index(one["search"])):
            start = text.index(edit["search"])
            parts += [text[end:start], edit["replace"]]
            end = start + len(edit["search"])
        made[file] = "".join((*parts, text[end:]))
    return made


@dataclass(slots=True)
class Outcome:
    """What became of the ideas."""

    kept: list[str] = field(default_factory=list)
    not_kept: list[str] = field(default_factory=list)
    """Each with what the tools said."""


async def work_through(session: Session, ideas: Sequence[Idea], say: Say) -> Outcome:
    """Hands the ideas in, in order, reading again after each that was kept."""
    seen, outcome, looked = Seen(session), Outcome(), ""
    ahead: dict[str, str] = {}
    """Texts of files as the ideas since the last kept one leave them."""
    waiting: list[Idea] = []
    for idea in ideas:
        if looked != idea.endpoint:
            await seen.look(idea.endpoint)
            looked = idea.endpoint
        base = {file: await seen.text(file) for file in idea.patch.files if file in seen.named}
        missing = "" if waiting else await seen.missing(idea.patch)
        if missing:
            outcome.not_kept.append(f"{idea.name}: {missing}")
            say(f"{idea.name:36} not handed in: {missing}")
            continue
        for file in idea.patch.files:
            if file not in seen.texts:
                await seen.text(file)
        ahead |= patched({**seen.texts, **base, **ahead}, idea.patch)
        waiting.append(idea)
        joined = patch_between({file: seen.texts[file].encode() for file in ahead}, ahead)
        answer = await session.decided(
            title="; ".join(one.title for one in waiting),
            edits=[_edit(edit.model_dump()) for edit in joined.edits],
            endpoint=idea.endpoint,
            fewer_log_records=any(one.declares_fewer_records for one in waiting),
            batches=any(one.batches for one in waiting),
            may_touch=sorted({kind for one in waiting for kind in one.may_touch}),
        )
        names = " + ".join(one.name for one in waiting)
        said = "; ".join(answer.get("gain", ())[:3]) or f"{answer.get('gate')}: {answer.get('text')}"
        if "verdict" not in answer:
            said = f"{answer['problem']}; {answer.get('hint', '')}"
        say(f"{names:36} {answer.get('verdict', 'no trial')} {said[:160]}")
        if answer.get("verdict") == "kept":
            outcome.kept.append(names)
            seen.texts = {file: text for file, text in seen.texts.items() if file not in ahead}
            ahead, waiting = {}, []
            await seen.look(idea.endpoint)
        else:
            outcome.not_kept.append(f"{names}: {said}")
    return outcome


def with_server(
    arguments: Sequence[str], steps: Callable[[Session], Awaitable[None]], *, env: Mapping[str, str]
) -> Traffic:
    """Runs `steps` with the tools of an `auditor mcp` that is started for it, and ended after it."""
    from mcp import Client, StdioServerParameters  # noqa: PLC0415  over a second

    traffic = Traffic()

    async def run() -> None:
        server = StdioServerParameters(
            command=sys.executable, args=["-m", "auditor", "mcp", *arguments], env=dict(env)
        )
        async with Client(server, read_timeout_seconds=600) as client:
            await steps(Session(client.call_tool, traffic))

    asyncio.run(run())
    return traffic


def _edit(tree: Told) -> Told:
    if "search" in tree:
        return {"file": tree["file"], "search": tree["search"], "replace": tree["replace"]}
    return {"file": tree["file"], "create": tree["create"]}


def _file(place: str) -> str:
    return str(Path(place.rpartition(":")[0]))
