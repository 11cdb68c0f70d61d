"""One line of a workload: a request to send, and what later ones take from its answer."""

import base64
import binascii
import re
from typing import Any, Final, Literal

from pydantic import Field, JsonValue, field_validator, model_validator

from auditor.measure.json_path import parse_source
from auditor.measure.placeholders import names_in
from auditor.model.value import Value

Role = Literal["contract", "time"]
"""`contract`: its answer and its effects are compared. `time`: it is counted and timed."""

_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_NAME: Final = re.compile(r"[A-Za-z_]\w*")


class Request(Value):
    """What is sent, before values taken from earlier answers are put in for `${name}`."""

    id: str = Field(min_length=1)
    method: str = "GET"
    path: str
    """Begins with `/`. What is not ASCII is percent-encoded when it is sent; what is encoded stays so."""
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    """In a file an object is as good as a list of pairs."""
    body: JsonValue = None
    """A text is sent as it is, anything else but null as JSON."""
    body_base64: str | None = None
    identity: str | None = Field(default=None, alias="as")
    after: tuple[str, ...] = ()
    """Ids of requests that must have been answered before this one is sent."""
    take: dict[str, str] = Field(default_factory=dict)
    """Name and where its value stands in this request's answer; later ones write `${name}` for it.

    `$.items[0].id` (a small JSONPath), `header:Location` or `cookie:csrftoken`.
    """
    roles: tuple[Role, ...] = ("contract", "time")

    @field_validator("headers", mode="before")
    @classmethod
    def _pairs(cls, headers: Any) -> Any:
        if isinstance(headers, dict):
            return tuple(headers.items())
        if isinstance(headers, list):
            return tuple(tuple(pair) if isinstance(pair, list) else pair for pair in headers)
        return headers

    @field_validator("method")
    @classmethod
    def _is_method(cls, method: str) -> str:
        if not _TOKEN.fullmatch(method):
            message = f"{method!r} is not an HTTP method"
            raise ValueError(message)
        return method.upper()

    @field_validator("path")
    @classmethod
    def _is_path(cls, path: str) -> str:
        if not path.startswith("/"):
            raise ValueError("must begin with /")
        if "?" in path or "#" in path:
            raise ValueError("holds ? or #: parameters stand in `query`, a fragment is never sent")
        if any(char <= " " or char == "\x7f" for char in path):
            raise ValueError("holds a space or control character: percent-encode it")
        return path

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        for name, value in headers:
            if not _TOKEN.fullmatch(name):
                message = f"{name!r} is not the name of a header"
                raise ValueError(message)
            if any(char in "\r\n\0" for char in value):
                message = f"the value of {name} holds a line break"
                raise ValueError(message)
        return headers

    @field_validator("body_base64")
    @classmethod
    def _is_base64(cls, text: str | None) -> str | None:
        try:
            base64.b64decode(text or "", validate=True)
        except (binascii.Error, ValueError) as error:
            raise ValueError("is not base64") from error
        return text

    @field_validator("take")
    @classmethod
    def _can_be_taken(cls, take: dict[str, str]) -> dict[str, str]:
        for name, source in take.items():
            if not _NAME.fullmatch(name):
                message = f"{name!r} can't be a name: letters, digits and _ only"
                raise ValueError(message)
            parse_source(source)
        return take

    @model_validator(mode="after")
    def _one_body(self) -> "Request":
        if self.body is not None and self.body_base64 is not None:
            raise ValueError("has both `body` and `body_base64`")
        return self

    @property
    def needs(self) -> frozenset[str]:
        """Names of the values it waits for."""
        parts: list[JsonValue] = [self.path, self.body]
        parts += [text for pair in (*self.query, *self.headers) for text in pair]
        return frozenset().union(*(names_in(part) for part in parts))
