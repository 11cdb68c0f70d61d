"""A failed trial as a model is told of it: gate, root error, the part at fault, the exact request."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from auditor.measure.request import Request
from auditor.model.patch import Create, Patch
from auditor.model.trial import Verdict
from auditor.stages.prompting.shown import Shown

_REQUEST: Final = re.compile(r"^`([^`]+)`: ", re.MULTILINE)
_SECRET_HEADERS: Final = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})
MOST_REQUESTS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a patch was not kept."""

    verdict: Verdict
    patch: Patch
    requests: tuple[Request, ...] = ()
    """Of the workload, those that were answered otherwise."""
    thought: str = ""
    """What the model made of it when it was asked for what it teaches."""

    @property
    def inputs(self) -> dict[str, Shown]:
        """What prompts about a failure take: `failure`, `request`."""
        return {
            "failure": Shown(kind="failure", text=failure_text(self.verdict)),
            "request": Shown(kind="request", text=requests_text(self.requests)),
        }


def failing_requests(verdict: Verdict, workload: Mapping[str, Request], /) -> tuple[Request, ...]:
    """The requests that the evidence names, in its order; those first that each differ in another way."""
    said: dict[str, str] = {}
    for line in f"{verdict.text}\n{verdict.root_error}".splitlines():
        named = _REQUEST.match(line)
        if named is not None and named[1] in workload:
            said.setdefault(named[1], line[named.end() :])
    first_of = {difference: name for name, difference in reversed(said.items())}
    telling = [name for name, difference in said.items() if first_of[difference] == name]
    names = dict.fromkeys([*telling, *said])
    return tuple(workload[name] for name in names)[:MOST_REQUESTS]


def failure_text(verdict: Verdict, /) -> str:
    """The gate, what it said, and the root error."""
    lines = [f"gate: {verdict.gate or 'none'}", f"it said: {verdict.text}"]
    if verdict.root_error:
        lines += ["root error, or the differences:", verdict.root_error]
    return "\n".join(lines)


def culprit_text(verdict: Verdict, /) -> str:
    """The smallest part that was seen to fail, as units of the patch."""
    return "\n".join(verdict.culprit)


def requests_text(requests: Iterable[Request], /) -> str:
    """Each request as it is sent, without what identifies anybody."""
    told = []
    for one in requests:
        headers = [f"{name}: {_header(name, value)}" for name, value in one.headers]
        lines = [f"{one.id}: {one.method} {one.path}"]
        lines += [f"  query {name} = {value!r}" for name, value in one.query]
        lines += [f"  {header}" for header in headers]
        if one.identity:
            lines.append(f"  as {one.identity}")
        if one.body is not None:
            lines.append(f"  body {json.dumps(one.body, ensure_ascii=False)}")
        told.append("\n".join(lines))
    return "\n".join(told) or "no single request is known to be at fault"


def patch_text(patch: Patch, /) -> str:
    """The edits, each with what it takes out and what it puts in."""
    told = []
    for edit in patch.edits:
        if isinstance(edit, Create):
            told.append(f"{edit.file} is made:\n{edit.create}")
        else:
            told.append(f"in {edit.file}, this:\n{edit.search}\nbecomes this:\n{edit.replace}")
    return "\n".join(told)


def _header(name: str, value: str) -> str:
    return "(left out)" if name.casefold() in _SECRET_HEADERS else value
