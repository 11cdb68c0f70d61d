"""What tokens cost: by the public list of `genai-prices`, or by the user's own figures."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from auditor.llm.usage import Usage

Price = Callable[[Usage], Decimal | None]
"""Dollars for tokens; None when nobody knows, never 0 for that."""

_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPrice:
    """The user's figures, in dollars per million tokens."""

    input_usd: Decimal
    output_usd: Decimal
    cache_read_usd: Decimal | None = None
    """None is the same as for other input, as for writing."""
    cache_write_usd: Decimal | None = None

    def __call__(self, usage: Usage, /) -> Decimal:
        """As `Price`."""
        read = self.input_usd if self.cache_read_usd is None else self.cache_read_usd
        write = self.input_usd if self.cache_write_usd is None else self.cache_write_usd
        fresh = max(usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens, 0)
        parts = (
            fresh * self.input_usd,
            usage.cache_read_tokens * read,
            usage.cache_write_tokens * write,
            usage.output_tokens * self.output_usd,
        )
        return sum(parts, Decimal(0)) / _MILLION


def listed_price(model: str, /) -> Price:
    """The list's price for `provider:NAME`."""
    provider, _, name = model.partition(":")

    def price(usage: Usage) -> Decimal | None:
        import genai_prices  # noqa: PLC0415  a sixth of a second

        read = min(usage.cache_read_tokens, usage.input_tokens)
        write = min(usage.cache_write_tokens, usage.input_tokens - read)
        counted = genai_prices.Usage(
            input_tokens=usage.input_tokens,
            cache_read_tokens=read,
            cache_write_tokens=write,
            cache_write_1h_tokens=min(usage.cache_write_long_tokens, write),
            output_tokens=usage.output_tokens,
        )
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return genai_prices.calc_price(counted, name, provider_id=provider).total_price
        except (LookupError, ValueError):
            return None

    return price


def free(_: Usage, /) -> Decimal:
    """For what answers on this machine without a service: scripts and replays."""
    return Decimal(0)


def at_most(price: Price, *, read: int, written: int) -> Decimal | None:
    """The most that a call can cost, however much of its input the service puts into its cache."""
    kinds = (
        Usage(input_tokens=read, output_tokens=written),
        Usage(input_tokens=read, cache_write_tokens=read, output_tokens=written),
        Usage(
            input_tokens=read,
            cache_write_tokens=read,
            cache_write_long_tokens=read,
            output_tokens=written,
        ),
    )
    prices = [price(kind) for kind in kinds]
    known = [one for one in prices if one is not None]
    return max(known) if len(known) == len(prices) else None
