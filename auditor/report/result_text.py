"""The result of a run, for a terminal: what was kept, what was not and why, and at the end what it all came to."""

from collections import Counter
from typing import Final

from auditor.model.judged import ModelPart
from auditor.model.result import UNTREATED, ChangeResult, Result, TransferResult
from auditor.model.text import clean
from auditor.model.trial import Gain
from auditor.model.vector import VECTOR_KEYS, Vector
from auditor.report.figures import count

MOST_REASONS: Final = 5
"""Why statements of a model were dropped: all are in the JSON."""


def result_text(result: Result, /) -> str:
    """Verdicts first; what each endpoint cost and costs comes last, where it is seen."""
    verdicts = Counter(change.verdict for change in result.changes)
    told = ", ".join(f"{number} {name}" for name, number in sorted(verdicts.items())) or "nothing to try"
    lines = [f"{count(len(result.changes), 'change')}: {told}", ""] if not result.proposed else []
    if result.proposed:
        lines += [f"{count(len(result.proposed), 'change')} would be tried:"]
    for proposed in result.proposed:
        about = "; ".join(filter(None, (proposed.codemod, ", ".join(proposed.patch.files))))
        lines.append(f"  {proposed.id}  {clean(proposed.title)} ({clean(about)})")
    for change in result.changes:
        gate = f" at {change.gate}" if change.gate else ""
        lines.append(f"{change.verdict:<9} {change.id}  {clean(change.title)}")
        if change.verdict != "kept":
            lines.append(f"          {gate.strip()}{': ' if gate else ''}{clean(change.text)}")
        lines += [f"          {_gain(gain)}{_so_far(gain, change)}" for gain in change.gain]
        lines += [f"          culprit: {clean(line)}" for line in change.culprit]
        lines += [f"          look at it: {clean(line)}" for line in change.shown]
    if result.constraints:
        lines += ["", "learnt:"]
        lines += [f"  {one.id}  {one.rule.kind}: {clean(one.because)}" for one in result.constraints]
    lines += [line for transfer in result.transfers for line in _transfer(transfer)]
    if result.declined:
        lines += ["", f"{count(len(result.declined), 'finding')} without a patch:"]
        lines += _declined(result)
    lines += _model(result)
    lines += [f"note: {clean(note)}" for note in result.notes]
    lines += _endpoints(result)
    lines += _target(result)
    return "\n".join(lines).rstrip() + "\n"


_NAMES: Final = {
    "sql": "statements",
    "rows": "rows fetched",
    "rows_read": "rows read",
    "http": "calls to others",
    "cache": "cache calls",
    "log": "log records",
    "mail": "mails",
    "cpu_ms": "ms of CPU",
    "latency_ms": "ms to the answer",
}
"""Of components whose key is no word that everybody knows."""
_UNSHOWN: Final = "ttfb_ms"
"""Nearly always the same as the time to the answer; the JSON has both."""


def _endpoints(result: Result) -> list[str]:
    changed = [one for one in result.endpoints if _differs(one.before, one.after)]
    if not changed:
        return []
    lines = ["", f"what it came to{f', on {result.engine}' if result.engine else ''}:"]
    for endpoint in changed:
        lines.append(f"  {clean(endpoint.id)}")
        for key in VECTOR_KEYS:
            if key != _UNSHOWN and _value(endpoint.before, key) != _value(endpoint.after, key):
                was, is_now = _figure(endpoint.before, key), _figure(endpoint.after, key)
                lines.append(
                    f"    {_NAMES.get(key, key):<17}{was:>9} → {is_now}{_how_timed(endpoint.after, key)}"
                )
    return lines


def _how_timed(vector: Vector, key: str) -> str:
    return f"  (cold: {clean(vector.latency_ms.basis)})" if key == "latency_ms" else ""


def _declined(result: Result) -> list[str]:
    """Why, for those that a codemod looked at; the rules that none treats on one line."""
    looked_at = [(id_, reason) for id_, reason in result.declined if not reason.startswith(UNTREATED)]
    rules = sorted(
        {reason.removeprefix(UNTREATED) for _, reason in result.declined}
        - {reason for _, reason in looked_at}
    )
    lines = [f"  {UNTREATED}{', '.join(rules)}"] if rules else []
    return [*lines, *(f"  {id_}: {clean(reason)}" for id_, reason in looked_at[:20])]


def _dropped(part: ModelPart) -> list[str]:
    """Why statements were dropped, the most frequent reasons first; no word of theirs."""
    why = Counter(f"{one.what}: {one.reason}" for one in part.dropped)
    told = [reason if often == 1 else f"{reason} ({often} times)" for reason, often in why.most_common()]
    return (
        told
        if len(told) <= MOST_REASONS
        else [*told[:MOST_REASONS], f"and {len(told) - MOST_REASONS} more reasons"]
    )


def _model(result: Result) -> list[str]:
    """Who was asked, and how much of what it said did not hold."""
    part = result.model
    if part is None or not part.calls:
        return []
    cost = f"${part.usd}" if part.usd is not None else "price unknown"
    tokens = f"{part.input_tokens:,} tokens read, {part.output_tokens:,} written, {cost}"
    claims = sum(one.claims for one in part.endpoints)
    return [
        "",
        f"{clean(part.model)}: {count(part.calls, 'call')}, {tokens}",
        f"  {count(claims, 'claim')} held, {count(len(part.dropped), 'statement')} did not and were dropped",
        *(f"    {clean(why)}" for why in _dropped(part)),
        f"  prompts: {', '.join(f'{one.id}@{one.version}' for one in part.prompts)}",
    ]


def _target(result: Result) -> list[str]:
    """What was aimed at, and each endpoint that was held to it."""
    if result.target_ms is None:
        return []
    words = {True: "met", False: "not met", None: "not judged"}
    lines = ["", f"target {result.target_ms} ms, cold: {words[result.target_met]}"]
    for endpoint in result.endpoints:
        if endpoint.target_met is not None:
            before, after = (_figure(vector, "latency_ms") for vector in (endpoint.before, endpoint.after))
            warm = _figure(endpoint.after_warm, "latency_ms") if endpoint.after_warm else "?"
            lines.append(
                f"  {words[endpoint.target_met]}: {clean(endpoint.id)}: {before} → {after} ms (warm {warm} ms; "
                f"{endpoint.after.latency_ms.basis})"
            )
    return lines


def _transfer(transfer: TransferResult) -> list[str]:
    """What the later endpoint owed to the first."""
    share = "" if transfer.share is None else f" ({transfer.share:.0%} of those tried again)"
    lines = ["", f"carried from {clean(transfer.first.endpoint)} to {clean(transfer.later.endpoint)}:"]
    lines.append(f"  kept on both: {', '.join(transfer.carried) or 'nothing'}{share}")
    if transfer.refused:
        lines.append(f"  kept there, not here: {', '.join(transfer.refused)}")
    for effort in (transfer.first, transfer.later):
        each = "" if effort.seconds_per_gain is None else f", {effort.seconds_per_gain:,.1f} s a statement"
        lines.append(
            f"  {clean(effort.endpoint)}: {count(effort.tried, 'change')} tried, {effort.kept} kept, "
            f"{count(effort.runs, 'run')}, {effort.seconds:,.0f} s for {effort.gain:,.1f} statements{each}"
        )
    return lines


def _gain(gain: Gain) -> str:
    """One component; with the interval of the difference where it was estimated."""
    text = f"{gain.kind} of {clean(gain.endpoint)}: {gain.before:,.1f} → {gain.after:,.1f}"
    text = text.replace(".0 ", " ").removesuffix(".0")
    if gain.low is None or gain.high is None:
        return text
    return f"{text} (by {-gain.high:,.1f} to {-gain.low:,.1f})"


def _so_far(gain: Gain, change: ChangeResult) -> str:
    """Where it began, if that was before this change."""
    total = next((t for t in change.total if (t.endpoint, t.kind) == (gain.endpoint, gain.kind)), gain)
    began, alone = f"{total.before:,.1f}".removesuffix(".0"), total.before == gain.before
    return "" if alone else f"; with those before it from {began}"


def _value(vector: Vector, key: str) -> float | None:
    value: float | None = getattr(vector, key).value
    return value


def _figure(vector: Vector, key: str) -> str:
    value = _value(vector, key)
    return "?" if value is None else f"{value:,.1f}".removesuffix(".0")


def _differs(before: Vector, after: Vector) -> bool:
    return any(_value(before, key) != _value(after, key) for key in VECTOR_KEYS)
