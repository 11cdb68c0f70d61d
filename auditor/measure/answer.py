"""What came back for a request, or how nothing did."""

from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Literal

Ending = Literal["answered", "timeout", "refused", "broken", "not-sent"]
"""`timeout` past the deadline, also in the middle of a body; `refused` no connection; `broken` the connection
ended or what came was no HTTP; `not-sent` a value it needs was in no earlier answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer as it came over the wire."""

    ending: Ending
    status: int | None = None
    """None unless a status line came."""
    headers: tuple[tuple[str, str], ...] = ()
    """Names in lower case, in the order they came, repeated where they were."""
    body: bytes = b""
    """The beginning of it, not decoded; all of it unless `cut`."""
    body_bytes: int = 0
    """The length of the whole body as far as it was read."""
    sha256: str = ""
    """Of the whole body."""
    error: str = ""
    """In words, where `ending` is not `answered`."""
    ttfb_ms: float = 0.0
    """From sending until the status and headers were there."""
    total_ms: float = 0.0

    @property
    def cut(self) -> bool:
        """Whether only the beginning of the body was kept."""
        return self.body_bytes > len(self.body)

    def values_of(self, header: str, /) -> tuple[str, ...]:
        """Every value of a header, its name in lower case."""
        return tuple(value for name, value in self.headers if name == header)

    def header(self, name: str, /) -> str | None:
        """The first value of a header, its name in lower case."""
        return next(iter(self.values_of(name)), None)

    def cookies(self) -> dict[str, str]:
        """Cookies that it sets, by name; those it deletes have an empty value."""
        found: dict[str, str] = {}
        for line in self.values_of("set-cookie"):
            jar: SimpleCookie = SimpleCookie()
            try:
                jar.load(line)
            except CookieError:
                continue
            for name, morsel in jar.items():
                found[name] = "" if morsel["max-age"] == "0" else morsel.value
        return found
