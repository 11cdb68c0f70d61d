"""Companions that the target needs beside it: a Redis, by what its compose file and its code name."""

import re
from collections.abc import Sequence
from typing import Final

from auditor.execution.detect.clue import Clue
from auditor.execution.detect.compose import Service
from auditor.execution.detect.reading import Read
from auditor.execution.detect.tree import Tree

_IMAGE: Final = re.compile(r"(?:^|/)(?P<name>redis|valkey|keydb|redis-stack(?:-server)?)(?:[:@]|$)")
_OTHER: Final = re.compile(
    r"(?:^|/)(?P<name>elasticsearch|opensearch|rabbitmq|memcached|minio|mongo|clickhouse[\w-]*)(?:[:@]|$)"
)

_REQUIRED: Final = re.compile(
    r"[\"']?(?:django-rq|django-redis|channels-redis|rq|celery\[redis\])(?![\w-])", re.IGNORECASE
)
"""Libraries that are of no use without one; `redis` itself may be an option."""


def needs_redis(tree: Tree, composed: Sequence[Service], found: Sequence[Read], /) -> Clue[str] | None:
    """Where a Redis is asked for; None where nothing asks."""
    for service in composed:
        if _IMAGE.search(service.image):
            return Clue("redis", service.place, 0.85)
    for read in found:
        if "REDIS" in read.name and read.at_start:
            return Clue("redis", read.place, 0.6)
    for file in tree.named("requirements.txt", "base_requirements.txt", "Pipfile"):
        for number, line in enumerate(tree.read(file).splitlines(), start=1):
            if _REQUIRED.match(line):
                return Clue("redis", f"{file}:{number}", 0.6)
    return None


def other_companions(composed: Sequence[Service], /) -> tuple[Clue[str], ...]:
    """Images of services that nothing here can start by itself."""
    clues: dict[str, Clue[str]] = {}
    for service in composed:
        match = _OTHER.search(service.image)
        if match:
            clues.setdefault(match["name"], Clue(match["name"], service.place, 0.8))
    return tuple(clues.values())
