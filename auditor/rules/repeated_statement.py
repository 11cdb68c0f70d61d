"""A statement that one request was seen to run again and again

## What it finds
Of requests that were measured: the same statement, with other values, run five times or more by one request from one
place, where reading the code had found no loop over the data. Only `audit --measured` says it, and what it says was seen.

## Why it is slow
Each run is a round trip to the database. What is asked once per row of a list grows with the list, and the list
grows with the data.

## When it does not matter
The number is that of a fixed list, and stays the same with more rows: `measure --growth 1,4,16` tells.

## Example
```py
class PostSchema(ma.SQLAlchemySchema):
    author = ma.Nested(UserSchema)  # one SELECT per post, sent by the library that writes the answer
```

## Instead
Ask once for all rows: load the relation with the rows (`selectinload`, `joinedload`, `select_related`,
`prefetch_related`), or collect the keys first and ask with `IN`.

## How to verify
`measure --growth 1,4`: the number of statements of one request must be the same at both sizes, the answers equal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.rules.claim import Claim
    from auditor.rules.scene import Scene

RULE = RuleInfo(
    id="repeated-statement",
    group="queries",
    phase=2,
    severity=Severity.HIGH,
    title="statement seen to repeat",
    docs=__doc__,
)


def find(scene: Scene) -> Iterator[Claim]:
    """Nothing: what reading finds of this is `query-in-loop` and its like. `measure.reconciling.repeated` finds the rest."""
    del scene
    yield from ()
