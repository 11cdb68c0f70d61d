"""What is not there any more: a request, its answer, or what was seen of it. Each is a failure."""

from collections.abc import Iterator

from auditor.measure.answer import Answer
from auditor.measure.contract.difference import Difference
from auditor.measure.contract.recording import Recording


def vanished(baseline: Recording, candidate: Recording, /) -> Iterator[Difference]:
    """In the order of the baseline's requests."""
    for id_, was in baseline.heard.items():
        now = candidate.heard.get(id_)
        if now is None:
            yield Difference(
                request=id_,
                part="request",
                what="vanished",
                before=_said(was.answer),
                after="it was not sent at all",
            )
            continue
        if was.answer.ending == "answered" and now.answer.ending != "answered":
            yield Difference(
                request=id_, part="request", what="ending", before=_said(was.answer), after=_said(now.answer)
            )
        if was.observed and not now.observed:
            yield Difference(
                request=id_,
                part="request",
                what="vanished",
                before="the probe saw it",
                after="its record did not come",
            )
    for id_, now in candidate.heard.items():
        if id_ not in baseline.heard:
            yield Difference(request=id_, part="request", what="extra", after=_said(now.answer), place=id_)


def _said(answer: Answer) -> str:
    if answer.ending == "answered":
        return f"it was answered with {answer.status}"
    return f"{answer.ending}: {answer.error}" if answer.error else answer.ending
