"""Edge requests: an ordinary request with one thing changed."""

from collections.abc import Iterable, Iterator, Mapping

from pydantic import JsonValue

from auditor.execution.databases.database import Rows
from auditor.measure.edges.parameters import Parameter
from auditor.measure.edges.stored import is_window, stored_values
from auditor.measure.edges.values import WINDOW, edges_of
from auditor.measure.request import Request


def edge_requests(
    usual: Request, parameters: Iterable[Parameter], rows: Rows | None = None, /
) -> tuple[Request, ...]:
    """One request for each edge of each parameter; the rest stays as in `usual`. Edges are for the contract, not for timing.

    With `rows`, the data, filters are asked with what it holds, too, and pages of what they leave.
    """
    made: list[Request] = []
    known = tuple(parameters)
    stored = {
        one.name: stored_values(one, usual.path, rows or {}) if one.where == "query" else () for one in known
    }
    for parameter in known:
        present = _present(usual, parameter)
        edges = edges_of(parameter, usual=present, stored=stored[parameter.name])
        for number, (_, values) in enumerate(edges, 1):
            changed = _with(usual, parameter, values)
            if changed is not None and changed != usual:
                made.append(_for_the_contract(changed, f"{usual.id}~{parameter.name}-{number}"))
    if rows:
        made += _together(usual, known, stored)
    return tuple(made)


def _together(
    usual: Request, parameters: tuple[Parameter, ...], stored: Mapping[str, tuple[str, ...]]
) -> Iterator[Request]:
    """Filters and windows of a list in one request: which of them comes first shows nowhere else."""
    asked = [one for one in parameters if one.where == "query"]
    for number, window in enumerate(WINDOW[:2], 1):
        chosen = {
            one.name: values[0]
            for one in asked
            if (values := (window,) if is_window(one) else stored[one.name] or one.literals)
        }
        if len(chosen) > 1 and any(map(is_window, asked)):
            others = tuple(pair for pair in usual.query if pair[0] not in chosen)
            changed = usual.model_copy(update={"query": (*others, *chosen.items())})
            yield _for_the_contract(changed, f"{usual.id}~together-{number}")


def _for_the_contract(request: Request, name: str) -> Request:
    return request.model_copy(update={"id": name, "roles": ("contract",), "take": {}})


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
