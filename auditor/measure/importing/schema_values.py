"""A value for a JSON Schema as OpenAPI documents write them: what it gives as an example, else the smallest it allows."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import JsonValue

MOST_LEVELS: Final = 5
"""Deeper down, an optional part is left out and a required one is null: schemas may contain themselves."""
_MOST_REFERENCES: Final = 32
_TEXTS: Final = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00",
    "email": "someone@example.com",
    "uuid": "00000000-0000-4000-8000-000000000001",
    "uri": "https://example.com/",
    "ipv4": "192.0.2.1",
}


class Schemas:
    """A document whose references can be followed."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def followed(self, part: Any) -> Mapping[str, Any]:
        """`part`, or what it refers to inside the document; empty where that is not there."""
        for _ in range(_MOST_REFERENCES):
            if not isinstance(part, dict):
                return {}
            reference = part.get("$ref")
            if not isinstance(reference, str):
                return part
            part = self._at(reference)
        return {}

    def _at(self, reference: str) -> Any:
        here: Any = self._document
        for step in reference.removeprefix("#/").split("/") if reference.startswith("#/") else [""]:
            key = step.replace("~1", "/").replace("~0", "~")
            here = here.get(key) if isinstance(here, dict) else None
        return here


def value_for(schema: Any, schemas: Schemas, /, *, every: bool, level: int = 0) -> JsonValue:
    """A value of the schema, with all its fields (`every`) or only those it requires."""
    described = schemas.followed(schema)
    for given in ("example", "default", "const"):
        if given in described:
            value: JsonValue = described[given]
            return value
    for listed in ("examples", "enum"):
        choices = described.get(listed)
        if isinstance(choices, list) and choices:
            first: JsonValue = choices[0]
            return first
    for alternatives in ("oneOf", "anyOf"):
        options = described.get(alternatives)
        if isinstance(options, list) and options:
            wanted = next(
                (each for each in options if schemas.followed(each).get("type") != "null"), options[0]
            )
            return None if level > MOST_LEVELS else value_for(wanted, schemas, every=every, level=level + 1)
    if isinstance(described.get("allOf"), list):
        return _all_of(described, schemas, every=every, level=level)
    return _by_type(described, schemas, every=every, level=level)


def _all_of(described: Mapping[str, Any], schemas: Schemas, *, every: bool, level: int) -> JsonValue:
    if level > MOST_LEVELS:
        return None
    merged: dict[str, JsonValue] = {}
    value: JsonValue = None
    for part in described["allOf"]:
        value = value_for(part, schemas, every=every, level=level + 1)
        if isinstance(value, dict):
            merged |= value
    return merged or value


def _by_type(described: Mapping[str, Any], schemas: Schemas, *, every: bool, level: int) -> JsonValue:
    kind = described.get("type")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    kind = kind if isinstance(kind, str) else None
    if kind == "object" or isinstance(described.get("properties"), dict):
        return _object(described, schemas, every=every, level=level)
    if kind == "array":
        if level > MOST_LEVELS or not (every or described.get("minItems")):
            return []
        return [value_for(described.get("items"), schemas, every=every, level=level + 1)]
    if kind in {"integer", "number"}:
        return _number(described, whole=kind == "integer")
    if kind == "boolean":
        return True
    return _text(described) if kind == "string" or kind is None else None


def _object(described: Mapping[str, Any], schemas: Schemas, *, every: bool, level: int) -> JsonValue:
    if level > MOST_LEVELS:
        return None
    properties = described.get("properties")
    required = described.get("required")
    needed = {name for name in required if isinstance(name, str)} if isinstance(required, list) else set()
    return {
        name: value_for(part, schemas, every=every, level=level + 1)
        for name, part in (properties if isinstance(properties, dict) else {}).items()
        if (every or name in needed) and not schemas.followed(part).get("readOnly")
    }


def _number(described: Mapping[str, Any], *, whole: bool) -> JsonValue:
    low, over = described.get("minimum"), described.get("exclusiveMinimum")
    value = low if isinstance(low, (int, float)) and not isinstance(low, bool) else 1
    if isinstance(over, (int, float)) and not isinstance(over, bool):
        value = over + 1
    high = described.get("maximum")
    if isinstance(high, (int, float)) and value > high:
        value = high
    return int(value) if whole else value


def _text(described: Mapping[str, Any]) -> str:
    known = _TEXTS.get(str(described.get("format")))
    if known is not None:
        return known
    least, most = described.get("minLength"), described.get("maxLength")
    length = max(1, least) if isinstance(least, int) and least < 10_000 else 1
    return "a" * (min(length, most) if isinstance(most, int) else length)
