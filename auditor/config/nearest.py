"""The name somebody probably meant."""

import difflib
from collections.abc import Iterable
from typing import Final

_LISTED: Final = 25
"""Names in a list that a person still reads."""


def nearest(wrong: str, known: Iterable[str], /) -> str | None:
    """The one of `known` most like `wrong`, whatever the case; None when nothing comes close."""
    by_fold = {name.casefold(): str(name) for name in sorted(known, reverse=True)}
    close = difflib.get_close_matches(wrong.casefold(), by_fold, n=1, cutoff=0.6)
    return by_fold[close[0]] if close else None


def did_you_mean(wrong: str, known: Iterable[str], /) -> str:
    """A hint for a person: the nearest name, or else the list, as far as anybody reads it."""
    names = sorted(known)
    close = nearest(wrong, names)
    if close is not None:
        return f"did you mean {close!r}?"
    more = f", and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"known: {', '.join(names[:_LISTED])}{more}" if names else "none is known"
