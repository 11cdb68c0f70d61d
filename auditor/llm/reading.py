"""Takes the data out of an answer, or says what is wrong with it in words that a model can act on."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any, Final, cast, final, get_args

from pydantic import BaseModel, ValidationError

from auditor.llm.exchange import OutputT, PlainText
from auditor.model.text import clean, shorten

LONGEST_ANSWER: Final = 4 << 20
"""Characters; a patch of `auditor.model.patch.MAX_TEXT` fits, with room to escape it."""
_LISTED: Final = 20
"""Problems told at once; a model that made more of them is better served by the first."""
_THOUGHT: Final = re.compile(r"\A\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)
"""Some servers leave a model's thinking in its text."""
_FENCE: Final = re.compile(r"\A\s*```[\w-]*[ \t]*\n(?P<inside>.*?)\n?[ \t]*(?:```\s*)?\Z", re.DOTALL)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


@final
@dataclass(frozen=True, slots=True)
class Invalid:
    """Why an answer can't be used: one sentence a problem."""

    problems: tuple[str, ...]


def read_answer(text: str, output: type[OutputT], /) -> OutputT | Invalid:
    """The data that `text` holds.

    Prose or a fence around the one object is forgiven, because it leaves no doubt about what is meant; line
    breaks inside its strings too, and a field that is not there and may be null. Anything that leaves a doubt is
    not: two objects, a key given twice, a list that is missing.
    """
    if issubclass(output, PlainText):
        return output(text=text) if text.strip() else Invalid(("the answer is empty",))
    if len(text) > LONGEST_ANSWER:
        return Invalid((f"the answer has {len(text):,} characters, over the limit of {LONGEST_ANSWER:,}",))
    tree = json_of(text)
    if isinstance(tree, Invalid):
        return tree
    try:
        return output.model_validate_json(json.dumps(_with_nulls(tree, output)))
    except ValidationError as error:
        return Invalid(_listed(error))


def json_of(text: str, /) -> dict[str, Any] | Invalid:
    """The one JSON object in `text`, of whatever form."""
    return _tree(_unwrapped(text))


def _with_nulls(tree: object, output: type[BaseModel], /) -> object:
    """`tree` with null for what may be null and is missing, in it and in the objects below."""
    if not isinstance(tree, dict):
        return tree
    made = dict(tree)
    for name, field in output.model_fields.items():
        within = [part for part in _parts(field.annotation) if isinstance(part, type)]
        if name not in made and NoneType in within:
            made[name] = None
        inner = next((part for part in within if issubclass(part, BaseModel)), None)
        if inner is not None and isinstance(made.get(name), list):
            made[name] = [_with_nulls(one, inner) for one in made[name]]
        elif inner is not None and name in made:
            made[name] = _with_nulls(made[name], inner)
    return made


def _parts(annotation: object) -> Iterator[object]:
    yield annotation
    for part in get_args(annotation):
        yield from _parts(part)


def _unwrapped(text: str) -> str:
    bare = _THOUGHT.sub("", text.removeprefix("\ufeff"))
    fenced = _FENCE.match(bare)
    return (fenced["inside"] if fenced else bare).strip()


def _tree(text: str) -> dict[str, Any] | Invalid:
    if not text:
        return Invalid(("the answer is empty",))
    start = text.find("{")
    if start < 0:
        return Invalid(("the answer holds no JSON object",))
    if (control := _CONTROL.search(text)) is not None:
        return Invalid((f"the answer holds the control character U+{ord(control[0]):04X}; escape it",))
    try:
        tree, end = _DECODER.raw_decode(text, start)
    except RecursionError:
        return Invalid(("the JSON is nested too deeply",))
    except json.JSONDecodeError as error:
        return Invalid((f"not valid JSON: {error.msg} at character {error.pos - start + 1} of the object",))
    except ValueError as error:
        return Invalid((f"not valid JSON: {error}",))
    if _holds_object(text[end:]):
        return Invalid(("the answer holds more than one JSON object; give one",))
    return cast("dict[str, Any]", tree)  # what begins with a brace decodes to an object


def _holds_object(rest: str) -> bool:
    start = rest.find("{")
    while start >= 0:
        try:
            tree, _ = _DECODER.raw_decode(rest, start)
        except (ValueError, RecursionError):
            start = rest.find("{", start + 1)
        else:
            return bool(tree)
    return False


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    tree = dict(pairs)
    if len(tree) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {shorten(twice)!r} is given twice")
    return tree


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant, strict=False)


def _listed(error: ValidationError) -> tuple[str, ...]:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    told = [f"{_place(one['loc'])}: {clean(one['msg'])}" for one in found[:_LISTED]]
    more = len(found) - _LISTED
    return (*told, f"and {more} more like these") if more > 0 else tuple(told)


def _place(location: Sequence[str | int]) -> str:
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return shorten(clean(place.removeprefix("."))) or "the object"
