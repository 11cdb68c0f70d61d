"""Whether a model can be asked: its key, its address, its name. Costs nothing, sends nothing of a target."""

import asyncio
from collections.abc import Mapping
from typing import Final, Protocol, runtime_checkable

from auditor.config.user import UserSettings
from auditor.llm.failure import FailureKind, ServiceFailure
from auditor.llm.fault_of import fault_of
from auditor.llm.naming import is_open_to_listeners, provider_of
from auditor.llm.opening import price_of
from auditor.llm.usage import Usage

_PATIENCE_S: Final = 20.0


@runtime_checkable
class Checkable(Protocol):
    """A provider that can ask its service whether it knows the model."""

    async def check(self) -> str:
        """What the service calls the model; `ServiceFailure` when it can't be asked."""
        ...


def check_model(user: UserSettings, env: Mapping[str, str], /) -> str | None:
    """What would be asked, and that it can be; None when no model is named.

    `Fault` when it can't be asked, with why and what to do.
    """
    provider = provider_of(user.model, env)
    if provider is None:
        return None
    if not isinstance(provider, Checkable):
        return f"{provider.model}, on this machine"
    try:
        found = asyncio.run(_within(provider))
    except ServiceFailure as failure:
        raise fault_of(failure, provider, tried=1, accepted=False) from failure
    price = price_of(user, provider)
    read, written = price(Usage(input_tokens=1000)), price(Usage(output_tokens=1000))
    told = "nobody knows its price: --max-cost can't be kept"
    if read is not None and written is not None:
        told = f"${1000 * read:.2f} and ${1000 * written:.2f} for a million tokens in and out"
    note = ", not encrypted on the way" if is_open_to_listeners(provider.destination) else ""
    return f"{provider.model} answers at {provider.destination} as {found}{note}; {told}"


async def _within(provider: Checkable) -> str:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return await provider.check()
    except TimeoutError as error:
        what = f"nothing came for {_PATIENCE_S:.0f} s"
        raise ServiceFailure(FailureKind.TOO_SLOW, what) from error
