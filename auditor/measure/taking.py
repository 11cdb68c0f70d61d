"""Values out of an answer for the requests that come after it."""

import json

from pydantic import JsonValue

from auditor.measure.answer import Answer
from auditor.measure.json_path import Source, parse_source, value_at
from auditor.measure.request import Request


def take_from(request: Request, answer: Answer, /) -> tuple[dict[str, JsonValue], tuple[str, ...]]:
    """What `request.take` names, by name, and the names whose value the answer does not hold."""
    taken: dict[str, JsonValue] = {}
    missing: list[str] = []
    for name, place in request.take.items():
        try:
            taken[name] = _value(answer, parse_source(place))
        except LookupError:
            missing.append(name)
    return taken, tuple(missing)


def _value(answer: Answer, source: Source) -> JsonValue:
    if source.kind == "cookie":
        return answer.cookies()[source.name]
    if source.kind == "header":
        value = answer.header(source.name.lower())
        if value is None:
            raise LookupError(source.name)
        return value
    try:
        tree: JsonValue = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise LookupError("the body is no JSON") from error
    return value_at(tree, source.steps)
