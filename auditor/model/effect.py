"""What a request can wait for outside its own CPU: the kinds of effect, in the order of reports."""

from typing import Final, Literal, get_args

EffectKind = Literal[
    "sql",
    "session",
    "transaction",
    "http",
    "cache",
    "log",
    "mail",
    "task",
    "file",
    "sleep",
    "lock",
    "llm",
    "subprocess",
]
EFFECT_KINDS: Final[tuple[EffectKind, ...]] = get_args(EffectKind)

Status = Literal["confirmed", "suspected", "refuted"]
"""What observation says of a static claim: seen, not exercised yet, or exercised and not seen."""

UNKNOWN_SIZE: Final = "?"
"""Name of a size in a cost term when nothing says how many times a loop turns."""

RECURSION_DEPTH: Final = "depth?"
"""Name of a size in a cost term when a chain passes through a recursion: nothing bounds the depth."""
