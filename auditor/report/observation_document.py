"""An observation as markdown, for a person who wants to know where the time goes."""

from collections import defaultdict
from typing import Final

from auditor.model.numbers import Number
from auditor.model.observation import (
    Observation,
    ObservedEffect,
    ObservedEndpoint,
    ObservedRequest,
    loaded_by,
)
from auditor.model.text import code
from auditor.report.figures import count
from auditor.sql.short_statement import short_statement

_COUNTS: Final = ("sql", "sessions", "http", "cache", "log", "mail", "tasks")
_SHOWN: Final = 8


def observation_document(observation: Observation, /, *, notice: str = "") -> str:
    """The endpoints in a table, the slowest first; below it what each does most often, with its line."""
    lines = ["# What was measured", ""]
    if notice:
        lines += [f"**{notice[0].upper()}{notice[1:]}.**", ""]
    lines += [
        f"{count(len(observation.requests), 'request')} on {count(len(observation.endpoints), 'endpoint')}.",
        "",
    ]
    kinds = [kind for kind in _COUNTS if any(getattr(one.worst, kind).value for one in observation.endpoints)]
    lines += _table(observation, kinds)
    lines += ["", *(f"- {name}: {value}" for name, value in sorted(observation.environment.items()))]
    witness = (
        "the statements agree with what the database's side saw"
        if observation.witnessed
        else "probe only: nothing beside the probe counted statements"
    )
    lines += [f"- counts: {witness}", ""]
    lines += [f"> {note}" for note in observation.notes]
    apart = {one.endpoint for one in observation.requests if not one.turned_away}
    for request in observation.requests:
        if request.turned_away and request.endpoint in apart:
            continue  # said by a note, and in no mean
        if request.turned_away or (request.status is not None and request.status >= 400):
            lines.append(
                f"> {code(request.id)} was answered {request.status}: its figures are those of a refusal."
            )
    by_endpoint: dict[str, list[ObservedRequest]] = defaultdict(list)
    for request in observation.requests:
        if not request.void:
            by_endpoint[request.endpoint].append(request)
    for endpoint in _slowest_first(observation):
        lines += _endpoint(endpoint, by_endpoint[endpoint.id])
    if observation.unreached:
        lines += ["", "## Not asked", "", *(f"- {code(name)}" for name in observation.unreached)]
    return "\n".join(lines).rstrip() + "\n"


def _table(observation: Observation, kinds: list[str]) -> list[str]:
    timed = any(one.vector.latency_ms.value is not None for one in observation.endpoints)
    head = ["endpoint", *(["cold ms", "warm ms"] if timed else []), *kinds, "kB"]
    rows = [f"| {' | '.join(head)} |", f"|---|{'---:|' * (len(head) - 1)}"]
    for endpoint in _slowest_first(observation):
        warm = endpoint.vector_warm
        cells = [
            code(endpoint.id),
            *([_ms(endpoint.vector.latency_ms), _ms(warm.latency_ms) if warm else ""] if timed else []),
            *(_counted(getattr(endpoint.vector, kind), getattr(endpoint.worst, kind)) for kind in kinds),
            _kilobytes(endpoint.vector.bytes),
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def _slowest_first(observation: Observation) -> list[ObservedEndpoint]:
    return sorted(
        observation.endpoints,
        key=lambda one: (-(one.vector.latency_ms.value or 0), -(one.vector.sql.value or 0), one.id),
    )


def _endpoint(endpoint: ObservedEndpoint, requests: list[ObservedRequest]) -> list[str]:
    worst = max(requests, key=lambda one: (one.vector.sql.value or 0, one.id), default=None)
    effects = sorted(worst.effects, key=lambda one: (-one.count, one.kind, one.text)) if worst else []
    repeated = [effect for effect in effects if effect.kind not in {"transaction", "session", "lazy-load"}][
        :_SHOWN
    ]
    if not worst or not repeated:
        return []
    lines = ["", f"## {code(endpoint.id)}", "", f"As {code(worst.id)} saw it:", ""]
    rows = [_effect(effect, loaded_by(effect, effects)) for effect in repeated]
    lines += ["| times | what | where |", "|---:|---|---|", *rows]
    rest = len(effects) - len(repeated)
    return [*lines, *([f"| | and {rest} more | |"] if rest > 0 else [])]


def _effect(effect: ObservedEffect, loaded: str) -> str:
    """`loaded` is the relation that an ORM loads by it, if any."""
    where = (
        f"{code(f'{effect.stack[-1].file}:{effect.stack[-1].line}')} in {code(effect.stack[-1].function)}"
        if effect.stack
        else "a library, outside your lines"
    )
    if loaded and effect.kind == "sql":
        where += f", loading {code(loaded)}"
    if effect.late:
        where += " after the answer" if effect.late == effect.count else f", {effect.late} after the answer"
    short = short_statement(effect.text if effect.kind == "sql" else f"{effect.op} {effect.text}")
    return f"| {effect.count} | {code(short.replace('|', '¦'))} | {where} |"


def _ms(number: Number) -> str:
    if number.value is None:
        return "?"
    spread = (
        ""
        if number.low is None or number.high is None or number.n < 2
        else f" ({number.low:,.0f}–{number.high:,.0f})"
    )
    return f"{number.value:,.0f}{spread}"


def _counted(mean: Number, worst: Number) -> str:
    if mean.value is None:
        return "?"
    top = "" if worst.value is None or worst.value == mean.value else f" (≤ {worst.value:,.0f})"
    return f"{mean.value:,.1f}".removesuffix(".0") + top


def _kilobytes(number: Number) -> str:
    return "?" if number.value is None else f"{number.value / 1000:,.1f}"
