"""Schemas that every service takes, and output models that none does."""

import json
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from auditor.llm.schema import schema_name, sent_schema, unfit_for_services


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Status(StrEnum):
    OPEN = "open"
    SHUT = "shut"


class Place(Closed):
    """Where."""

    file: str = Field(min_length=1, max_length=200)
    line: int = Field(ge=1)


class ByName(Closed):
    kind: Literal["name"]
    name: str


class ByPlace(Closed):
    kind: Literal["place"]
    place: Place


class Good(Closed):
    title: str = Field(pattern="^[a-z]+$", description="In a few words.")
    status: Status
    note: str | None
    places: list[Place] = Field(max_length=4)
    target: Annotated[ByName | ByPlace, Field(discriminator="kind")]


def objects(tree: Any) -> list[dict[str, Any]]:
    found = [tree] if isinstance(tree, dict) and tree.get("type") == "object" else []
    inside = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return found + [one for part in inside for one in objects(part)]


def test_every_object_is_closed_and_every_field_required() -> None:
    found = objects(sent_schema(Good))
    assert len(found) == 5
    for one in found:
        assert one["additionalProperties"] is False
        assert one["required"] == list(one["properties"])


def test_nothing_stands_in_it_that_services_refuse() -> None:
    text = json.dumps(sent_schema(Good))
    for word in (
        "$ref",
        "$defs",
        "oneOf",
        "discriminator",
        "minLength",
        "pattern",
        "maxItems",
        "minimum",
        '"title":',
        "const",
    ):
        assert word not in text.replace('"title": {', "")


def test_bounds_are_told_in_words() -> None:
    properties = sent_schema(Good)["properties"]
    assert properties["title"]["description"] == "In a few words. (matching the regular expression ^[a-z]+$)"
    assert properties["places"]["description"] == "at most 4 items"
    assert properties["places"]["items"]["properties"]["line"]["description"] == "at least 1"


def test_a_good_model_is_fit() -> None:
    assert unfit_for_services(Good) == ()


class Open(BaseModel):
    a: int


class Defaulted(Closed):
    a: int = 3


class Mapped(Closed):
    a: dict[str, str]


class Fixed(Closed):
    a: tuple[int, str]


class Anything(Closed):
    a: Any


class Recursive(Closed):
    inner: list["Recursive"]


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        (Open, "Open: open"),
        (Defaulted, "Defaulted.a: has a default"),
        (Mapped, "Mapped.a: a mapping with free keys"),
        (Fixed, "Fixed.a: a tuple of fixed length"),
        (Anything, "Anything.a: takes anything"),
        (Recursive, "contains itself"),
    ],
)
def test_what_a_service_would_refuse_or_bend_is_named(model: type[BaseModel], problem: str) -> None:
    assert any(problem in one for one in unfit_for_services(model))


def test_recursion_is_refused_before_it_is_sent() -> None:
    with pytest.raises(TypeError, match="contains itself"):
        sent_schema(Recursive)


def test_a_name_is_one_a_service_takes() -> None:
    assert schema_name(type("Größe[int]", (Closed,), {})) == "Gr__e_int_"
