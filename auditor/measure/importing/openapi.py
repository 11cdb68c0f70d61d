"""Requests out of an OpenAPI document (3.x as JSON): for each operation what it must have, and all it may have.

Values are those the document gives (`example`, `default`, the first of an `enum`); where it gives none, the
smallest that its schema allows. Unusual values are made by Schemathesis where they are asked for, and elsewhere from
what the code reads and compares with.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlsplit

from pydantic import JsonValue, ValidationError

from auditor.measure.importing.generated import Generated, generator
from auditor.measure.importing.imported import SECRETS, Imported, counted, numbered
from auditor.measure.importing.schema_values import Schemas, value_for
from auditor.measure.request import Request
from auditor.model.fault import Fault

_METHODS: Final = ("get", "head", "post", "put", "patch", "delete")
_LARGEST: Final = 64 << 20


def import_openapi(
    content: bytes,
    /,
    *,
    name: str,
    known: Mapping[str, str] | None = None,
    identity: str | None = None,
    generated: int = 0,
) -> Imported:
    """Reads a document's bytes.

    Args:
        content: of the file.
        name: of the file, for messages.
        known: values for path parameters by name, such as a key that is in the fixture database.
        identity: sends what the document calls secured as this identity.
        generated: so many more requests an operation, half of them such as its schema forbids.

    Raises:
        Fault: it is no OpenAPI document of version 3, or values are to be generated and can't be.
    """
    document = _document(content, name)
    makes = generator(document, name=name) if generated else None
    schemas = Schemas(document)
    skipped: Counter[str] = Counter()
    requests: list[Request] = []
    for path, method, operation, shared in _operations(document, schemas):
        parameters = [schemas.followed(each) for each in (*shared, *_list(operation.get("parameters")))]
        secured = bool(operation.get("security", document.get("security")))
        usual: list[Request] = []
        for every in (False, True):
            try:
                usual.append(
                    _request(
                        _base(document) + path, method, operation, parameters, schemas, known or {}, every
                    )
                )
            except (ValidationError, UnicodeError):
                skipped["can't be sent as it is"] += 1
        unusual = makes.values(path, method, each=generated // 2) if makes and usual else ()
        for values in unusual:
            try:
                usual.append(_with(usual[0], values))
            except (ValidationError, UnicodeError):
                skipped["can't be sent as it is"] += 1
        for made in usual:
            request = made.model_copy(update={"identity": identity}) if secured and identity else made
            if request not in requests:
                requests.append(request)
    return Imported(requests=numbered(requests), skipped=counted(skipped))


def _request(
    path: str,
    method: str,
    operation: Mapping[str, Any],
    parameters: Sequence[Mapping[str, Any]],
    schemas: Schemas,
    known: Mapping[str, str],
    every: bool,  # noqa: FBT001  private, and named where it is called
) -> Request:
    query: list[tuple[str, str]] = []
    headers: list[tuple[str, str]] = []
    for parameter in parameters:
        name, place = str(parameter.get("name", "")), parameter.get("in")
        if place == "path":
            text = known.get(name) or _text(_value(parameter, schemas))
            path = path.replace(f"{{{name}}}", quote(text, safe=""))
        elif not (every or parameter.get("required")):
            continue
        elif place == "query":
            value = _value(parameter, schemas)
            query += [(name, _text(item)) for item in (value if isinstance(value, list) else [value])]
        elif place == "header" and name.lower() not in SECRETS:
            headers.append((name, _text(_value(parameter, schemas))))
    body, kind = _body(operation, schemas, every=every)
    if kind is not None:
        headers.append(("content-type", kind))
    return Request(
        id="new", method=method, path=path, query=tuple(query), headers=tuple(headers), body=_literal(body)
    )


def _with(usual: Request, values: Generated) -> Request:
    """The same path, whose keys are there, with generated values for all else."""
    kept = [pair for pair in usual.headers if values.has_body and pair[0] == "content-type"]
    headers = [(name, _text(value)) for name, value in values.headers if name.lower() not in SECRETS]
    query = [(_text(name), _text(value)) for name, value in values.query]
    return Request(
        id="new",
        method=usual.method,
        path=usual.path,
        query=tuple(query),
        headers=(*headers, *kept),
        body=_literal(values.body),
        roles=("contract",),
    )


def _body(operation: Mapping[str, Any], schemas: Schemas, *, every: bool) -> tuple[JsonValue, str | None]:
    described = schemas.followed(operation.get("requestBody"))
    contents = described.get("content")
    for kind, media in contents.items() if isinstance(contents, dict) else ():
        if kind.partition(";")[0].endswith("json") and isinstance(media, dict):
            return _value(media, schemas, every=every), kind
    return None, None


def _value(described: Mapping[str, Any], schemas: Schemas, *, every: bool = True) -> JsonValue:
    """The example that stands beside a schema, or a value for the schema."""
    if "example" in described:
        given: JsonValue = described["example"]
        return given
    examples = described.get("examples")
    if isinstance(examples, dict):
        for example in examples.values():
            held = schemas.followed(example)
            if "value" in held:
                first: JsonValue = held["value"]
                return first
    return value_for(described.get("schema"), schemas, every=every)


def _operations(
    document: Mapping[str, Any], schemas: Schemas
) -> Iterator[tuple[str, str, Mapping[str, Any], list[Any]]]:
    for path, item in sorted(document["paths"].items()):
        operations = schemas.followed(item)
        for method in _METHODS:
            if isinstance(operations.get(method), dict) and str(path).startswith("/"):
                yield path, method, operations[method], _list(operations.get("parameters"))


def _base(document: Mapping[str, Any]) -> str:
    """The path below which everything is, by the first of its servers."""
    servers = _list(document.get("servers"))
    url = servers[0].get("url") if servers and isinstance(servers[0], dict) else ""
    return urlsplit(url).path.rstrip("/") if isinstance(url, str) and "{" not in url else ""


def _document(content: bytes, name: str) -> Mapping[str, Any]:
    hint = "version 3 as JSON, as most frameworks serve it under /openapi.json"
    if len(content) > _LARGEST:
        raise Fault(f"has {len(content):,} bytes, over the limit of {_LARGEST:,}", where=name)
    try:
        tree = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise Fault("is no JSON", where=name, hint=hint) from error
    version = tree.get("openapi") if isinstance(tree, dict) else None
    if not (isinstance(version, str) and version.startswith("3.") and isinstance(tree.get("paths"), dict)):
        raise Fault("is no OpenAPI document", where=name, hint=hint)
    found: Mapping[str, Any] = tree
    return found


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: JsonValue) -> str:
    if isinstance(value, str):
        return value.replace("${", "$${")
    return json.dumps(value, ensure_ascii=False)


def _literal(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return value.replace("${", "$${")
    if isinstance(value, list):
        return [_literal(item) for item in value]
    if isinstance(value, dict):
        return {key.replace("${", "$${"): _literal(item) for key, item in value.items()}
    return value
