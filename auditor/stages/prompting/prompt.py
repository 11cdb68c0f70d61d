"""One prompt: front matter, static text, and a last part in which the inputs stand.

A file reads

    ---
    id: analyze
    version: 1
    purpose: what it asks, in one sentence
    inputs: [findings, measured]
    output: Analysis
    effort: high
    ---
    static text, the same for every target
    ===
    Findings of the rules:
    {{findings}}

There is no logic in it: what is a list is made a list by typed code. An input that the front matter lacks, one that it names and that stands
nowhere, one that is not given and one that nobody asked for are errors, and every input is `Shown`, so nothing of a target reaches a
prompt in any other way.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import yaml
from pydantic import Field, ValidationError

from auditor.llm.exchange import Block, Instruction
from auditor.model.fault import Fault
from auditor.model.value import Value
from auditor.stages.prompting.shown import Shown

Effort = Literal["low", "medium", "high"]

_VARIABLE: Final = re.compile(r"\{\{([^{}]*)\}\}")
_DIVIDER: Final = "\n===\n"


class PromptSpec(Value):
    """The front matter."""

    id: str = Field(pattern=r"^[a-z]+(-[a-z]+)*$")
    version: int = Field(ge=1)
    purpose: str = Field(min_length=1)
    inputs: tuple[str, ...] = ()
    output: str | None = Field(default=None, pattern=r"^[A-Z][A-Za-z]+$")
    """Name of the model of its answers (`auditor.stages.answers`); None for text that asks nothing by itself."""
    effort: Effort = "medium"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A prompt that has been checked."""

    spec: PromptSpec
    static: str
    """Byte-stable; ends in a line feed."""
    last: str
    """With `{{name}}` for each input; empty where there are none."""
    sha256: str
    """Of the whole file."""

    @property
    def name(self) -> str:
        """`analyze@1`."""
        return f"{self.spec.id}@{self.spec.version}"

    def blocks(self, given: Mapping[str, Shown], /) -> tuple[Block, ...]:
        """Static part and inputs; each input as a block of its own.

        Raises:
            ValueError: an input is missing, or one is given that the prompt does not have.
        """
        wanted, have = set(self.spec.inputs), set(given)
        if wanted != have:
            missing, extra = sorted(wanted - have), sorted(have - wanted)
            raise ValueError(f"{self.name}: missing inputs {missing}, inputs that it does not have {extra}")
        words, *rest = _VARIABLE.split(self.last)
        made: list[Block] = [Instruction(text=self.static + words)]
        for name, following in zip(rest[::2], rest[1::2], strict=True):
            made.append(given[name].block())
            if following.strip():
                made.append(Instruction(text=following))
        return tuple(made)


def read_prompt(path: Path, /) -> Prompt:
    """The prompt in the file; `Fault` for anything that is not as it must be."""
    try:
        content = path.read_bytes()
        return parse_prompt(content, where=path.name)
    except OSError as error:
        raise Fault(f"can't be read: {error.strerror or error}", where=str(path)) from error


def parse_prompt(content: bytes, /, *, where: str) -> Prompt:
    """As `read_prompt`, from the file's bytes; `where` names it."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise Fault("is not UTF-8", where=where) from error
    if "\r" in text or not text.startswith("---\n"):
        raise Fault("does not begin with a front matter, or has line ends other than \\n", where=where)
    front, divider, body = text[4:].partition("\n---\n")
    if not divider:
        raise Fault("has a front matter that does not end", where=where)
    spec = _spec(front, where)
    static, _, last = body.partition(_DIVIDER)
    static = static.rstrip("\n") + "\n"
    if _VARIABLE.search(static):
        raise Fault("has a variable in its static part", where=where)
    used = _VARIABLE.findall(last)
    if sorted(used) != sorted(spec.inputs):
        raise Fault(
            f"names the inputs {sorted(spec.inputs)} and uses {sorted(used)}",
            where=where,
            hint="each input stands once in the last part",
        )
    return Prompt(spec=spec, static=static, last=last, sha256=hashlib.sha256(content).hexdigest())


def _spec(front: str, where: str) -> PromptSpec:
    try:
        return PromptSpec.model_validate(yaml.safe_load(front))
    except yaml.YAMLError as error:
        raise Fault(f"has a front matter that is no YAML: {error}", where=where) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "front matter"
        raise Fault(f"{place}: {first['msg']}", where=where) from error
