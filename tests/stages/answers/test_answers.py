"""What services can say of a schema: no defaults, no tables with free keys, nothing left open, not deep."""

import importlib
import inspect
import pkgutil
import types
import typing
from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from auditor.llm.schema import sent_schema
from auditor.model.value import Value
from auditor.stages import answers
from auditor.stages.answers.analysis import Analysis
from auditor.stages.answers.told import Told
from auditor.stages.prompting.library import prompts


def every_model() -> Iterator[type[BaseModel]]:
    for info in pkgutil.iter_modules(answers.__path__):
        for value in vars(importlib.import_module(f"{answers.__name__}.{info.name}")).values():
            if inspect.isclass(value) and issubclass(value, BaseModel) and value not in {Value, Told}:
                yield value


MODELS = sorted(set(every_model()), key=lambda model: model.__name__)
ASKED = {prompt.spec.output for prompt in prompts().values()} - {None}


def parts(annotation: object) -> Iterator[object]:
    yield annotation
    for part in typing.get_args(annotation):
        yield from parts(part)


def depth(model: type[BaseModel]) -> int:
    below = [
        depth(part)
        for field in model.model_fields.values()
        for part in parts(field.annotation)
        if inspect.isclass(part) and issubclass(part, BaseModel)
    ]
    return 1 + max(below, default=0)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_field_is_required_closed_and_has_no_free_keys(model: type[BaseModel]) -> None:
    assert model.model_config["extra"] == "forbid"
    for name, field in model.model_fields.items():
        assert field.is_required(), f"{model.__name__}.{name} has a default"
        origins = {typing.get_origin(part) or part for part in parts(field.annotation)}
        assert dict not in origins, f"{model.__name__}.{name} has free keys"
        assert typing.Any not in origins
        if types.NoneType in origins:
            assert types.UnionType in origins or typing.Union in origins


@pytest.mark.parametrize("name", sorted(filter(None, ASKED)))
def test_answers_are_not_deep(name: str) -> None:
    model = next(model for model in MODELS if model.__name__ == name)
    assert depth(model) <= 3


def test_what_stands_behind_a_field_is_sent_with_it_and_nothing_of_our_own_code() -> None:
    sent = sent_schema(Analysis)
    claim = sent["properties"]["claims"]["items"]["properties"]
    assert sent["properties"]["design"]["description"].endswith("at most six\nsentences.")
    assert claim["citations"]["description"] == "The statement at fault first."
    assert "description" not in claim["severity"], "it is about how the enumeration is to be compared"
