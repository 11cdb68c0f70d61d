"""OpenAI, or a server that speaks one of its protocols: Responses, or Chat Completions."""

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, aclosing
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, Literal

from auditor.config.model_settings import ModelSettings
from auditor.llm.exchange import Event, OutputT, Request
from auditor.llm.failure import FailureKind, ServiceFailure
from auditor.llm.naming import base_url_of, key_of
from auditor.llm.transport.optional import TOLD, OptionalParts, adapted, unwanted_part
from auditor.llm.wire import openai_chat, openai_responses

if TYPE_CHECKING:  # the SDK takes over half a second to import
    from openai import AsyncOpenAI

Api = Literal["responses", "chat"]

KEY_VARIABLE: Final = "OPENAI_API_KEY"
BASE_URL: Final = "https://api.openai.com/v1"
BASE_URL_VARIABLE: Final = "OPENAI_BASE_URL"

_OPTIONAL: Final[OptionalParts] = {
    "usage": re.compile(r"stream_options|include_usage", re.IGNORECASE),
    "limit": re.compile(r"max_completion_tokens", re.IGNORECASE),
    "cache": re.compile(r"prompt_cache_key", re.IGNORECASE),
    "effort": re.compile(r"reasoning|effort", re.IGNORECASE),
    "format": re.compile(
        r"response_format|text\.format|json_schema|schema|grammar|structured", re.IGNORECASE
    ),
}
_WIRES: Final[dict[str, ModuleType]] = {"responses": openai_responses, "chat": openai_chat}


class OpenAi:
    """A `Provider` by the official SDK, streamed, tried once."""

    def __init__(
        self,
        name: str,
        /,
        *,
        key: str,
        base_url: str,
        api: Api | None = None,
        without: frozenset[str] = frozenset(),
    ) -> None:
        self.model = f"openai:{name}"
        self.destination = base_url
        self._name = name
        self._key = key
        self._api: Api = api or "responses"
        self._detecting = api is None
        """Whether the server may turn out to know only Chat Completions."""
        self._without = without
        """Optional parts that the model or server does not take."""

    async def stream(self, request: Request[OutputT], /) -> AsyncGenerator[Event, None]:
        """As `Provider.stream`; a request refused for an optional part is sent again without it."""
        async with aclosing(adapted(lambda: self._once(request), self._another_way)) as events:
            async for event in events:
                yield event

    def _another_way(self, failure: ServiceFailure) -> str | None:
        """Changes how requests are sent, and says so; None when that would not help."""
        if self._detecting and self._api == "responses" and failure.kind is FailureKind.NOT_THE_SERVICE:
            self._api, self._detecting = "chat", False
            return f"{self.destination} does not know Responses; it is asked by Chat Completions"
        part = unwanted_part(failure, _OPTIONAL, self._without)
        if part is None:
            return None
        self._without |= {part}
        return f"{self.model} is asked with {TOLD[part]}, because it refuses that"

    async def _once(self, request: Request[Any]) -> AsyncGenerator[Event, None]:
        from auditor.llm.transport.as_trees import as_trees  # noqa: PLC0415  brings the HTTP client along
        from auditor.llm.transport.sdk_failure import explained  # noqa: PLC0415

        wire = _WIRES[self._api]
        asked = wire.parameters(request, self._name, without=self._without)
        async with AsyncExitStack() as stack:
            client = await self._client(stack)
            create = client.responses.create if self._api == "responses" else client.chat.completions.create
            with explained():
                events = await create(**asked)
                trees = await stack.enter_async_context(aclosing(as_trees(events)))
                meant = await stack.enter_async_context(aclosing(wire.read_events(trees, request)))
                async for event in meant:
                    self._detecting = False
                    yield event

    async def check(self) -> str:
        """Asks the service for the model, which costs nothing; what it calls it. `ServiceFailure` as in `stream`."""
        from auditor.llm.transport.sdk_failure import explained  # noqa: PLC0415  as above

        async with AsyncExitStack() as stack:
            client = await self._client(stack)
            with explained():
                try:
                    known = [model.id async for model in await client.models.list()]
                except (AttributeError, TypeError) as error:  # the SDK hands on whatever it was sent
                    what = "what it sends is no list of models"
                    raise ServiceFailure(FailureKind.NOT_THE_SERVICE, what) from error
        if self._name not in known:
            raise ServiceFailure(FailureKind.UNKNOWN_MODEL, f"it lists {len(known)} models, not {self._name}")
        return self._name

    async def _client(self, stack: AsyncExitStack) -> "AsyncOpenAI":
        import openai  # noqa: PLC0415  over half a second

        from auditor.llm.transport.connecting import connected  # noqa: PLC0415

        return await connected(openai.AsyncOpenAI, stack, key=self._key, base_url=self.destination)


def named(name: str, settings: ModelSettings, env: Mapping[str, str], /) -> OpenAi:
    """The provider for `--model openai:NAME`; `Fault` without a key where one is needed.

    OpenAI's own address speaks Responses; of another one it is found out, unless the settings say.
    """
    base_url, own = base_url_of(settings, env, variable=BASE_URL_VARIABLE, default=BASE_URL)
    variable = settings.key_variable or KEY_VARIABLE
    key = key_of(variable, env, needed=own or settings.key_variable is not None, service="OpenAI")
    without = frozenset({"format"} if settings.schema == "words" else ())
    api = settings.api or ("responses" if own else None)
    return OpenAi(name, key=key, base_url=base_url, api=api, without=without)
