"""What a little application of a test gets and gives."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass
class Got:
    """A request as the application sees it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Reply:
    """What it answers: chunks are written one by one."""

    status: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes | Iterator[bytes] = b""
    cut_short: bool = False


App = Callable[[Got], Reply]


def as_json(tree: object, status: int = 200, *headers: tuple[str, str]) -> Reply:
    return Reply(status, [("Content-Type", "application/json"), *headers], json.dumps(tree).encode())
