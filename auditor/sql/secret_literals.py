"""What must not be shown of a statement: passwords and keys that somebody wrote into it.

A statement that speaks of a password or a key shows none of its literals, because which of them is the secret depends on its grammar
(`VALUES ('ada', '…')`, `IDENTIFIED BY '…'`, `crypt('…', salt)`). In others only what looks like a key is hidden. What is hidden
becomes `'…'`; placeholders and empty strings stay, so that the shape of the statement can still be read.
"""

import math
import re
from collections import Counter
from typing import Final

HIDDEN: Final = "…"
MOST: Final = 8_000
"""Characters of a statement that are shown at all; what is over is cut, with an ellipsis."""

_TELLING: Final = re.compile(
    r"pass(?:word|wd|phrase|code)|\bpass\b|pwd|secret|token|api_?key|access_?key|private_?key|auth_?key|credential|"
    r"identified\s+(?:by|with)|encrypt|decrypt|\bcrypt\s*\(|hmac|salt|\bdsn\b|otp|\bpin\b",
    re.IGNORECASE,
)
_LITERAL: Final = re.compile(r"'((?:[^']|'')*)('|$)|\$(\w*)\$(.*?)(?:\$\3\$|$)", re.DOTALL)
_DOUBLE_QUOTED: Final = re.compile(
    r'(=\s*|(?<!["\x27.])\b(?:BY|PASSWORD|LIKE)\s+)"([^"]*)("|$)(?!\s*\.)', re.IGNORECASE
)
_PLACEHOLDERS: Final = re.compile(r"(?:%\(\w+\)s|%s|\{[^{}]*\}|[:$@]\w+|\?|%|\*|\s)*")
_KEY: Final = re.compile(r"[A-Za-z0-9+/_\-=.~]{20,}")
_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_PLAIN_WORDS: Final = re.compile(r"[A-Za-z]+(?:[_.\-/=][A-Za-z]+)*|[\d.\-]+")
_IN_ADDRESS: Final = re.compile(r"(://[^\s/:@'\"]*:)[^\s/@'\"]+(@)")
_BITS: Final = 3.0


def without_secrets(statement: str, /) -> str:
    """`statement` with `'…'` for the literals that may be secrets; also where its end was cut off."""
    told = statement if len(statement) <= MOST else f"{statement[: MOST - 1]}…"
    told = _IN_ADDRESS.sub(rf"\1{HIDDEN}\2", told) if "://" in told else told
    telling = _TELLING.search(told) is not None
    if not telling and _KEY.search(told) is None:
        return told

    def hidden(match: re.Match[str]) -> str:
        held = match[1] if match[1] is not None else match[4]
        if _PLACEHOLDERS.fullmatch(held) or not (telling or _is_key(held)):
            return match[0]
        return f"'{HIDDEN}'"

    told = _LITERAL.sub(hidden, told)
    if telling:
        told = _DOUBLE_QUOTED.sub(
            lambda match: match[0] if _PLACEHOLDERS.fullmatch(match[2]) else f'{match[1]}"{HIDDEN}"', told
        )
    return told


def _is_key(text: str) -> bool:
    """Whether a part of `text` has letters and digits without an order that a person would give them."""
    return any(
        _UUID.fullmatch(part) is None and _PLAIN_WORDS.fullmatch(part) is None and _bits(part) >= _BITS
        for part in _KEY.findall(text)
        if any(char.isdigit() for char in part)
    )


def _bits(text: str) -> float:
    """Bits a character, by how often each occurs."""
    counts = Counter(text)
    return -sum(many / len(text) * math.log2(many / len(text)) for many in counts.values())
