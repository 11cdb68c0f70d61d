"""The JSON Schema of an output model, in the part of the language that every service takes.

Bounds are told in words, because no service enforces them all; the answer is validated against the model itself
(`auditor.llm.reading`). `unfit_for_services` says what must not stand in an output model at all.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel

MAX_DEPTH: Final = 4
"""Objects inside objects; deeper ones are answered badly, and refused by some services."""

_BOUNDS: Final[Mapping[str, str]] = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "pattern": "matching the regular expression {}",
    "format": "in the format {}",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
}
_DROPPED: Final = frozenset({"title", "default", "discriminator", "uniqueItems", "examples", "$defs"})


def schema_name(output: type[BaseModel], /) -> str:
    """What a service may call the schema."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", output.__name__)[:64]


def sent_schema(output: type[BaseModel], /) -> dict[str, Any]:
    """The schema as it is sent: every object closed, every field required, nothing referred to."""
    schema = output.model_json_schema(mode="validation")
    return _plain(schema, schema.get("$defs", {}), ())


def _plain(
    node: Mapping[str, Any], definitions: Mapping[str, Any], parents: tuple[str, ...]
) -> dict[str, Any]:
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        if name in parents:
            raise TypeError(f"{name} contains itself, which no service takes")
        named = dict(definitions[name])
        if "enum" in named:
            named.pop("description", None)  # of the class: written for who reads our code
        own = {"description": node["description"]} if "description" in node else {}
        return _plain({**named, **own}, definitions, (*parents, name))
    made: dict[str, Any] = {}
    bounds = []
    for key, value in node.items():
        if key in _BOUNDS:
            bounds.append(_BOUNDS[key].format(value))
        elif key == "properties":
            made[key] = {name: _plain(one, definitions, parents) for name, one in value.items()}
        elif key == "items":
            made[key] = _plain(value, definitions, parents)
        elif key in {"anyOf", "oneOf"}:
            made["anyOf"] = [_plain(one, definitions, parents) for one in value]
        elif key == "const":
            made["enum"] = [value]
        elif key not in _DROPPED:
            made[key] = value
    if bounds:
        told = made.get("description")
        made["description"] = f"{told} ({', '.join(bounds)})" if told else ", ".join(bounds)
    if made.get("type") == "object":
        made["additionalProperties"] = False
        made["required"] = list(made.get("properties", {}))
    return made


def unfit_for_services(output: type[BaseModel], /) -> tuple[str, ...]:
    """What a service would refuse or silently bend in an output model; empty when it is fit.

    Mappings vanish from strict schemas, defaults make fields optional, open objects are refused, tuples of fixed
    length and recursion are not part of what services take.
    """
    schema = output.model_json_schema(mode="validation")
    return tuple(_unfit(schema, schema.get("$defs", {}), output.__name__, ()))


def _unfit(
    node: Mapping[str, Any], definitions: Mapping[str, Any], where: str, parents: tuple[str, ...]
) -> Iterator[str]:
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        if name in parents:
            yield f"{where}: contains itself"
        else:
            yield from _unfit(definitions[name], definitions, where, (*parents, name))
        return
    if node.get("type") == "object":
        yield from _unfit_object(node, where, parents)
    if "prefixItems" in node:
        yield f"{where}: a tuple of fixed length; use an object"
    if not any(key in node for key in ("type", "enum", "const", "anyOf", "oneOf")):
        yield f"{where}: takes anything"
    inner = {**{f"{where}.{name}": one for name, one in node.get("properties", {}).items()}}
    if "items" in node:
        inner[f"{where}[]"] = node["items"]
    for key in ("anyOf", "oneOf"):
        inner |= {f"{where}|{number}": one for number, one in enumerate(node.get(key, ()))}
    for place, one in inner.items():
        yield from _unfit(one, definitions, place, parents)


def _unfit_object(node: Mapping[str, Any], where: str, parents: tuple[str, ...]) -> Iterator[str]:
    properties = node.get("properties", {})
    if not properties:
        yield f"{where}: a mapping with free keys; use a list of key and value"
    elif node.get("additionalProperties") is not False:
        yield f'{where}: open; it needs extra="forbid"'
    optional = [name for name in properties if name not in node.get("required", ())]
    yield from (f"{where}.{name}: has a default; use `X | None` without one" for name in optional)
    if len(parents) > MAX_DEPTH:
        yield f"{where}: more than {MAX_DEPTH} objects deep"
