"""Edge requests: an ordinary request with one thing changed."""

from collections.abc import Iterable

from pydantic import JsonValue

from auditor.measure.edges.parameters import Parameter
from auditor.measure.edges.values import edges_of
from auditor.measure.request import Request


def edge_requests(usual: Request, parameters: Iterable[Parameter], /) -> tuple[Request, ...]:
    """One request for each edge of each parameter; the rest stays as in `usual`. Edges are for the contract, not for timing."""
    made: list[Request] = []
    for parameter in parameters:
        present = _present(usual, parameter)
        for number, (_, values) in enumerate(edges_of(parameter, usual=present), 1):
            changed = _with(usual, parameter, values)
            if changed is not None and changed != usual:
                identifier = f"{usual.id}~{parameter.name}-{number}"
                made.append(changed.model_copy(update={"id": identifier, "roles": ("contract",), "take": {}}))
    return tuple(made)


def _present(usual: Request, parameter: Parameter) -> str | None:
    match parameter.where:
        case "query":
            return next((value for key, value in usual.query if key == parameter.name), None)
        case "header":
            return next((v for k, v in usual.headers if k.lower() == parameter.name.lower()), None)
        case "body" if isinstance(usual.body, dict):
            value = usual.body.get(parameter.name)
            return value if isinstance(value, str) else None
        case _:
            return None


def _with(usual: Request, parameter: Parameter, values: tuple[str, ...]) -> Request | None:
    """None where this kind of edge can't be put there."""
    name = parameter.name
    match parameter.where:
        case "query":
            others = tuple(pair for pair in usual.query if pair[0] != name)
            return usual.model_copy(update={"query": (*others, *((name, value) for value in values))})
        case "header":
            if len(values) > 1 or any(not value.isascii() or value != value.strip() for value in values):
                return None
            kept = tuple(pair for pair in usual.headers if pair[0].lower() != name.lower())
            return usual.model_copy(update={"headers": (*kept, *((name, value) for value in values))})
        case "body" if isinstance(usual.body, dict):
            body: dict[str, JsonValue] = {key: value for key, value in usual.body.items() if key != name}
            if values:
                body[name] = values[0] if len(values) == 1 else list(values)
            return usual.model_copy(update={"body": body})
        case _:
            return None


def typed_body_edges(usual: Request, /) -> tuple[Request, ...]:
    """For a JSON body: each field null, absent, of each other type, and an unknown field beside them."""
    if not isinstance(usual.body, dict):
        return ()
    made: list[Request] = []
    others: tuple[JsonValue, ...] = (None, 0, -1, "", "text", False, True, [], {}, 1.5)
    for name, value in usual.body.items():
        rest = {key: kept for key, kept in usual.body.items() if key != name}
        variants: list[dict[str, JsonValue]] = [rest]
        variants += [
            {**usual.body, name: other} for other in others if (type(other), other) != (type(value), value)
        ]
        made += [
            usual.model_copy(
                update={
                    "id": f"{usual.id}~{name}-t{number}",
                    "body": body,
                    "roles": ("contract",),
                    "take": {},
                }
            )
            for number, body in enumerate(variants, 1)
        ]
    extra: dict[str, JsonValue] = {**usual.body, "unknown_field": 1}
    made.append(
        usual.model_copy(
            update={"id": f"{usual.id}~extra", "body": extra, "roles": ("contract",), "take": {}}
        )
    )
    return tuple(made)
