"""Every exchange with a model, in a file: what was sent, with its secrets taken out, and what came back.

A text is written once, however often it is sent. There is no time in it and no key, so that the same run writes
the same bytes.
"""

import hashlib
import json
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import auditor
from auditor.llm.append_only import AppendOnly
from auditor.llm.exchange import Block, Data, Instruction, Reply, Request, Turn
from auditor.llm.failure import ServiceFailure
from auditor.llm.schema import sent_schema
from auditor.llm.usage import Usage
from auditor.model.fault import Fault

SCHEMA: Final = "auditor/transcript@1"
_LONG: Final = 200
"""Characters; shorter texts stand where they are used."""


def question_id(request: Request[Any], /) -> str:
    """The same for questions that are sent as the same bytes, whichever model they are put to."""
    tree = json.dumps(_asked(request), ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(tree.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One call, as it is in the file."""

    number: int
    question: str
    """As `question_id`."""
    task: str
    model: str
    request: Mapping[str, Any]
    """Its texts in their places."""
    reply: Reply | None
    failure: str
    """Why there is no reply; empty where there is one, or where nobody lived to see it."""


class Transcript:
    """The file of one run, to be gone on with."""

    def __init__(self, path: Path, /, *, model: str) -> None:
        """`Fault` when the file is of another version or damaged."""
        self._file = AppendOnly(path)
        self._model = model
        records, _ = self._file.read()
        self._texts = {record["id"] for record in records if "id" in record}
        self._next = 1 + max((record["call"] for record in records if "call" in record), default=0)
        self._headed = bool(records)
        if records:
            _check_version(records[0], path)

    def sent(self, request: Request[Any], /) -> int:
        """Writes what is about to be sent; the number of the call."""
        if not self._headed:
            self._file.append({"schema": SCHEMA, "auditor": auditor.__version__})
            self._headed = True
        tree = _asked(request)
        number = self._next
        referred = _each_text(tree, self._keep)
        self._file.append(
            {
                "call": number,
                "question": question_id(request),
                "task": request.task,
                "model": self._model,
                "request": referred,
            }
        )
        self._next += 1
        return number

    def received(self, number: int, reply: Reply, /) -> None:
        """Writes what came back."""
        self._file.append({"reply": number, **asdict(reply)})

    def failed(self, number: int, failure: ServiceFailure, /) -> None:
        """Writes why nothing did."""
        self._file.append({"failure": number, "kind": failure.kind.value, "what": failure.what})

    def _keep(self, text: str) -> Any:
        if len(text) < _LONG:
            return text
        name = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        if name not in self._texts:
            self._file.append({"id": name, "text": text})
            self._texts.add(name)
        return {"text": name}


def read_transcript(path: Path, /) -> Iterator[Exchange]:
    """The exchanges of a file, in order; `Fault` when it is missing, of another version, or damaged."""
    records, _ = AppendOnly(path).read()
    if not records:
        raise Fault(
            "there is no transcript",
            where=str(path),
            hint="it lies in the folder of a run with --model, which the run names at its end",
        )
    _check_version(records[0], path)
    try:
        yield from _exchanges(records[1:])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Fault(f"is damaged: {type(error).__name__}: {error}", where=str(path)) from error


class Recorded:
    """The replies of transcripts, each to be given once, in order, to the question it answered."""

    def __init__(self, *paths: Path) -> None:
        self._replies: dict[str, deque[Reply]] = defaultdict(deque)
        self.unanswered: set[str] = set()
        """Questions that were sent and whose answer nobody lived to see."""
        for path in paths:
            for exchange in read_transcript(path):
                if exchange.reply is not None:
                    self._replies[exchange.question].append(exchange.reply)
                elif not exchange.failure:
                    self.unanswered.add(exchange.question)

    def take(self, question: str, /) -> Reply | None:
        """The next reply to `question`, if there is one left."""
        replies = self._replies.get(question)
        return replies.popleft() if replies else None


def _check_version(first: Mapping[str, Any], path: Path) -> None:
    found = first.get("schema")
    if found != SCHEMA:
        by = f", written by auditor {first['auditor']}" if isinstance(first.get("auditor"), str) else ""
        raise Fault(
            f"is no transcript that this version can read: {found!r}{by}, not {SCHEMA!r}",
            where=str(path),
            hint="read it with the version that wrote it, or record it again",
        )


def _asked(request: Request[Any]) -> dict[str, Any]:
    return {
        "system": request.system,
        "turns": [
            {"role": turn.role, "blocks": [_block(block) for block in turn.blocks]} for turn in request.turns
        ],
        "output": {"name": request.output.__name__, "schema": sent_schema(request.output)},
        "effort": request.effort,
        "max_tokens": request.max_tokens,
    }


def _block(block: Block) -> dict[str, Any]:
    named = {"data": block.name} if isinstance(block, Data) else {}
    return {**named, "keep": block.keep, "content": block.text}


def _each_text(tree: dict[str, Any], keep: Any) -> dict[str, Any]:
    """`tree` with its texts handed to `keep`."""
    turns = [
        {**turn, "blocks": [{**block, "content": keep(block["content"])} for block in turn["blocks"]]}
        for turn in tree["turns"]
    ]
    output = {**tree["output"], "schema": keep(json.dumps(tree["output"]["schema"]))}
    return {**tree, "system": keep(tree["system"]), "turns": turns, "output": output}


def _exchanges(records: list[dict[str, Any]]) -> Iterator[Exchange]:
    texts = {record["id"]: record["text"] for record in records if "id" in record}
    replies = {record["reply"]: _reply(record) for record in records if "reply" in record}
    failures = {record["failure"]: record["what"] for record in records if "failure" in record}
    for record in records:
        if "call" in record:
            number = record["call"]
            yield Exchange(
                number=number,
                question=record["question"],
                task=record["task"],
                model=record["model"],
                request=_each_text_back(record["request"], texts),
                reply=replies.get(number),
                failure=failures.get(number, ""),
            )


def _each_text_back(tree: dict[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    def back(value: Any) -> str:
        return value if isinstance(value, str) else texts[value["text"]]

    turns = [
        {**turn, "blocks": [{**block, "content": back(block["content"])} for block in turn["blocks"]]}
        for turn in tree["turns"]
    ]
    output = {**tree["output"], "schema": json.loads(back(tree["output"]["schema"]))}
    return {**tree, "system": back(tree["system"]), "turns": turns, "output": output}


def _reply(record: Mapping[str, Any]) -> Reply:
    fields = {name: record[name] for name in ("text", "stop", "model", "request_id", "detail")}
    return Reply(**fields, usage=Usage(**record["usage"]))


def turns_of(exchange: Exchange, /) -> tuple[Turn, ...]:
    """What was said before the reply."""
    return tuple(
        Turn(turn["role"], tuple(_block_back(block) for block in turn["blocks"]))
        for turn in exchange.request["turns"]
    )


def _block_back(tree: Mapping[str, Any]) -> Block:
    if "data" in tree:
        return Data(name=tree["data"], text=tree["content"], keep=tree["keep"])
    return Instruction(text=tree["content"], keep=tree["keep"])
