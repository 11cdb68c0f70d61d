"""What a remedy is: how findings share it, and the words that a change made of it is written in."""

from dataclasses import dataclass
from typing import Literal

from auditor.model.plan import Effort
from auditor.model.value import Value

Sharing = Literal["origin", "function", "subject"]
"""What makes two findings one change, given the same remedy.

`origin`: the same query that the rows come from (else the same function): the edit is made there.
`function`: the same function: the edit is made inside it.
`subject`: the same thing whoever uses it, such as a column without an index.
"""

After = Literal["once", "one-each", "per-outer", "same"]
"""What is left of a cost: one operation a request, one a turn of every loop, one a turn of all loops but the
innermost, or as many as before."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """The fields of the templates, each already fit for a sentence (names between backticks)."""

    subjects: str
    """The things at fault: `author` and `tags`; where they have no names, what the remedy's `unnamed` says."""
    operations: str
    """What is done too often, by its kind: "outside calls"."""
    function: str
    """The function that is edited."""
    rows: str
    """What the innermost loop goes over: `reviews`, or "rows" where it has no name."""
    endpoint: str
    """The endpoint that pays most: `GET /books/{id}`."""
    ask: str
    """How it is brought about: "Request `GET /books/{id}`", "Run `COMMAND reindex`"."""
    on: str
    """The same as the end of a title: " for `GET /books/{id}` and 4 more endpoints"."""
    of: str
    """The same with another word: " of `GET /books/{id}` and 4 more endpoints"."""


class Remedy(Value):
    """One way to treat findings; its sentences are templates over `Words`."""

    name: str
    rules: tuple[str, ...]
    sharing: Sharing
    after: After
    after_low: int = 1
    """The least that is left where one operation is left: 0 when a join can take its place."""
    after_each: bool = False
    """Whether one is left for each operation that a turn had: a query for every relation that is loaded, for every statement."""
    after_words: str = ""
    """What remains of rows or of time, where no number of operations says it."""
    edits_loops: bool = False
    """Whether the edit is made at each loop, and not only where the rows come from."""
    effort: Effort
    needs: tuple[str, ...] = ()
    """Names of remedies that must be in place first when they treat the same function."""
    title: str
    unnamed: str = "what {function} does"
    """A template over `function` alone: what stands for the subjects where findings name none."""
    steps: tuple[str, ...]
    verify: tuple[str, ...]
    risk: str
    wrong: str
    rollback: str = "Revert the commit; nothing stored changes."
