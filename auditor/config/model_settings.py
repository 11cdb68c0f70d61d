"""``[model]`` of the user's settings: which model is asked, where, and what it costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from auditor.config.duration import duration_ms_of
from auditor.config.shape import AMOUNT, DURATION, TEXT, Key, one_of, table
from auditor.model.fault import Fault

_PRICE: Final[Mapping[str, Key]] = {
    "input": AMOUNT,
    "output": AMOUNT,
    "cache_read": AMOUNT,
    "cache_write": AMOUNT,
}

MODEL_KEYS: Final[Mapping[str, Key]] = {
    "name": TEXT,
    "base_url": TEXT,
    "api": one_of("responses", "chat"),
    "schema": one_of("parameter", "words"),
    "key_variable": TEXT,
    "deadline": DURATION,
    "price": table(_PRICE),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSettings:
    """The user's figures, in dollars per million tokens; None is the same as for other input."""

    input_usd: float
    output_usd: float
    cache_read_usd: float | None = None
    cache_write_usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """Which model is asked. Without a name none is, whatever keys there are in the environment."""

    name: str | None = None
    """`anthropic:NAME`, `openai:NAME`, or `offline`."""
    base_url: str | None = None
    """A server that speaks the provider's protocol; None is the provider's own."""
    api: Literal["responses", "chat"] | None = None
    """Which protocol of OpenAI's a server speaks; None finds out."""
    schema: Literal["parameter", "words"] = "parameter"
    """How the form of an answer is told: as a parameter, or in words behind what a service may cache."""
    key_variable: str | None = None
    """The variable that holds the key; None is the one that the provider's own tools use."""
    deadline_s: float | None = None
    """For one question, its repetitions included."""
    price: PriceSettings | None = None


def parse_model(values: Mapping[str, Any], env: Mapping[str, str], /, *, name: str) -> ModelSettings:
    """The section's values, whose shape was checked; `AUDITOR_MODEL` and `AUDITOR_BASE_URL` win over them."""
    deadline = values.get("deadline")
    return ModelSettings(
        name=env.get("AUDITOR_MODEL") or values.get("name"),
        base_url=env.get("AUDITOR_BASE_URL") or values.get("base_url"),
        api=values.get("api"),
        schema=values.get("schema", "parameter"),
        key_variable=values.get("key_variable"),
        deadline_s=None
        if deadline is None
        else duration_ms_of(deadline, where=f"{name}: model.deadline") / 1000,
        price=_price(values["price"], name) if "price" in values else None,
    )


def _price(values: Mapping[str, Any], name: str) -> PriceSettings:
    missing = [key for key in ("input", "output") if key not in values]
    if missing:
        raise Fault(f"model.price lacks {missing[0]!r}", where=name, hint="in dollars per million tokens")
    return PriceSettings(**{f"{key}_usd": float(value) for key, value in values.items()})
