"""Anthropic, or whoever speaks its Messages."""

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, aclosing
from typing import TYPE_CHECKING, Any, Final

from auditor.config.model_settings import ModelSettings
from auditor.llm.exchange import Event, OutputT, Request
from auditor.llm.failure import FailureKind, ServiceFailure
from auditor.llm.naming import base_url_of, key_of
from auditor.llm.transport.optional import TOLD, OptionalParts, adapted, unwanted_part
from auditor.llm.wire import anthropic_messages as wire

if TYPE_CHECKING:  # the SDK takes over a second to import
    from anthropic import AsyncAnthropic

KEY_VARIABLE: Final = "ANTHROPIC_API_KEY"
BASE_URL: Final = "https://api.anthropic.com"
BASE_URL_VARIABLE: Final = "ANTHROPIC_BASE_URL"

_OPTIONAL: Final[OptionalParts] = {
    "format": re.compile(r"output_config\.format|output_format|structured output|json_schema", re.IGNORECASE),
    "effort": re.compile(r"effort|output_config", re.IGNORECASE),
    "cache": re.compile(r"cache_control|\bttl\b", re.IGNORECASE),
    "thinking": re.compile(r"thinking|adaptive", re.IGNORECASE),
}


class Anthropic:
    """A `Provider` by the official SDK, streamed, tried once."""

    def __init__(
        self, name: str, /, *, key: str, base_url: str, without: frozenset[str] = frozenset()
    ) -> None:
        self.model = f"anthropic:{name}"
        self.destination = base_url
        self._name = name
        self._key = key
        self._without = without
        """Optional parts that the model does not take."""

    async def stream(self, request: Request[OutputT], /) -> AsyncGenerator[Event, None]:
        """As `Provider.stream`; a request refused for an optional part is sent again without it."""
        async with aclosing(adapted(lambda: self._once(request), self._another_way)) as events:
            async for event in events:
                yield event

    def _another_way(self, failure: ServiceFailure) -> str | None:
        part = unwanted_part(failure, _OPTIONAL, self._without)
        if part is None:
            return None
        self._without |= {part}
        return f"{self.model} is asked with {TOLD[part]}, because it refuses that"

    async def _once(self, request: Request[Any]) -> AsyncGenerator[Event, None]:
        from auditor.llm.transport.as_trees import as_trees  # noqa: PLC0415  brings the HTTP client along
        from auditor.llm.transport.sdk_failure import explained  # noqa: PLC0415

        asked = wire.parameters(request, self._name, without=self._without)
        async with AsyncExitStack() as stack:
            client = await self._client(stack)
            with explained():
                events = await client.messages.create(**asked)
                trees = await stack.enter_async_context(aclosing(as_trees(events)))
                meant = await stack.enter_async_context(aclosing(wire.read_events(trees, request)))
                async for event in meant:
                    yield event

    async def check(self) -> str:
        """Asks the service for the model, which costs nothing; what it calls it. `ServiceFailure` as in `stream`."""
        from auditor.llm.transport.sdk_failure import explained  # noqa: PLC0415  as above

        async with AsyncExitStack() as stack:
            client = await self._client(stack)
            with explained():
                known = getattr(await client.models.retrieve(self._name), "id", None)
        if not isinstance(known, str):  # the SDK hands on whatever it was sent
            raise ServiceFailure(FailureKind.NOT_THE_SERVICE, "what it says of the model names none")
        return known

    async def _client(self, stack: AsyncExitStack) -> "AsyncAnthropic":
        import anthropic  # noqa: PLC0415  over a second

        from auditor.llm.transport.connecting import connected  # noqa: PLC0415

        return await connected(anthropic.AsyncAnthropic, stack, key=self._key, base_url=self.destination)


def named(name: str, settings: ModelSettings, env: Mapping[str, str], /) -> Anthropic:
    """The provider for `--model anthropic:NAME`; `Fault` without a key."""
    base_url, own = base_url_of(settings, env, variable=BASE_URL_VARIABLE, default=BASE_URL)
    variable = settings.key_variable or KEY_VARIABLE
    key = key_of(variable, env, needed=own or settings.key_variable is not None, service="Anthropic")
    without = frozenset({"format"} if settings.schema == "words" else ())
    return Anthropic(name, key=key, base_url=base_url, without=without)
