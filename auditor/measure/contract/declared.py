"""What a change says beforehand that it will alter. Nothing here is ever guessed."""

from pydantic import Field

from auditor.model.value import Value


class Unordered(Value):
    """A list whose order means nothing, for no ORDER BY stands behind it."""

    request: str = "*"
    """Id in the workload, or `*` for any."""
    place: str
    """In the body: `$.items`."""


class Declared(Value):
    """What may differ. It is shown among the differences all the same, as declared."""

    unordered: tuple[Unordered, ...] = Field(default=())
    fewer_records: bool = False
    """Records below WARNING may be fewer and tell of several at once, as long as every message template is still met somewhere,
    from the same logger at the same level. Never those of audit loggers."""
    fewer_reads: bool = False
    """Likewise GET calls to other hosts."""

    def also(self, other: "Declared", /) -> "Declared":
        """Both together."""
        return Declared(
            unordered=tuple(dict.fromkeys((*self.unordered, *other.unordered))),
            fewer_records=self.fewer_records or other.fewer_records,
            fewer_reads=self.fewer_reads or other.fewer_reads,
        )

    def orderless(self, request: str, /) -> tuple[str, ...]:
        """Places in the body of a request whose order is free."""
        return tuple(each.place for each in self.unordered if each.request in {"*", request})


NOTHING_DECLARED = Declared()
