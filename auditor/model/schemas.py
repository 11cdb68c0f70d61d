"""The JSON Schemas of the formats that others read (`auditor schema NAME`)."""

import json
from typing import Final

from pydantic import BaseModel

from auditor.model.graph import Graph
from auditor.model.observation import Observation
from auditor.model.patch import Patch
from auditor.model.report import Report
from auditor.model.result import Result

_MODELS: Final[dict[str, type[BaseModel]]] = {
    "callgraph": Graph,
    "observation": Observation,
    "patch": Patch,
    "report": Report,
    "result": Result,
}


def schema_names() -> tuple[str, ...]:
    """The names that `schema_json` knows."""
    return tuple(sorted(_MODELS))


def schema_json(name: str) -> str:
    """The schema of one format as indented JSON with a final newline; KeyError for an unknown name."""
    schema = _MODELS[name].model_json_schema(mode="serialization", by_alias=True)
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
