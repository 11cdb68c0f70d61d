"""Lengths of time as people write them."""

import re
from typing import Final

from auditor.model.fault import Fault

_FORM: Final = re.compile(r"(?P<number>\d{1,9}(?:\.\d{1,6})?)\s*(?P<unit>ms|s)?", re.ASCII)
_UNITS_MS: Final = {"ms": 1, "s": 1000, None: 1}


def parse_duration_ms(text: str, /) -> int:
    """Whole milliseconds of `500ms`, `0.5s` or a bare `500`; `Fault` for anything else, zero included."""
    form = _FORM.fullmatch(text.strip())
    duration_ms = round(float(form["number"]) * _UNITS_MS[form["unit"]]) if form else 0
    if duration_ms < 1:
        raise Fault(f"{text!r} is no length of time", hint="write it like 500ms or 1.5s")
    return duration_ms


def duration_ms_of(value: str | int, /, *, where: str) -> int:
    """As `parse_duration_ms`, for a value out of a settings file; `where` names its key in messages."""
    try:
        return parse_duration_ms(str(value))
    except Fault as fault:
        raise Fault(fault.what, where=where, hint=fault.hint) from fault
