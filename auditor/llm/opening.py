"""Makes everything that asking a model takes out of what the user said, and says what will be sent where."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Final

from auditor.config.user import UserSettings
from auditor.llm.client import Client
from auditor.llm.exchange import Provider
from auditor.llm.naming import is_open_to_listeners, provider_of
from auditor.llm.patience import Patience
from auditor.llm.price import OwnPrice, Price, free, listed_price
from auditor.llm.providers import anthropic, openai
from auditor.llm.redaction.vault import Vault
from auditor.llm.spending import Limits, Spending
from auditor.llm.transcript import Recorded, Transcript
from auditor.llm.watching import Watch, nobody

TRANSCRIPT: Final = "transcript.jsonl"
LEDGER: Final = "spending.jsonl"
_SILENT_SHARE: Final = 2 / 3
"""Of the time for a question, how much may pass without a word: enough is left to ask once more."""
_KEYS: Final = (anthropic.KEY_VARIABLE, openai.KEY_VARIABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenModel:
    """A model that can be asked, and what the user is told before it is."""

    client: Client
    first_line: str
    """What will be sent where."""
    warnings: tuple[str, ...] = ()


def open_model(
    user: UserSettings,
    env: Mapping[str, str],
    /,
    *,
    folder: Path | None = None,
    hidden: Iterable[str] = (),
    watch: Watch = nobody,
) -> OpenModel | None:
    """The model that the user named; None where none is named, or `offline`. Nothing is sent yet.

    `folder` is the run's: the transcript and the ledger go there, and are gone on with where they are there
    already. `hidden` are secrets of the target that are known beforehand (`auditor.llm.redaction.withheld`).

    Raises:
        Fault: no such provider; no key; a limit in dollars on a model whose price nobody knows; a ledger or a
            transcript of another version.
    """
    provider = provider_of(user.model, env)
    if provider is None:
        return None
    price = price_of(user, provider)
    limits = Limits(usd=_decimal(user.limits.usd), tokens=user.limits.tokens)
    spending = Spending(price, limits=limits, path=None if folder is None else folder / LEDGER)
    transcript, recorded = _files(folder, provider)
    patience = Patience()
    if user.model.deadline_s is not None:
        silence_s = _SILENT_SHARE * user.model.deadline_s
        patience = replace(patience, deadline_s=user.model.deadline_s, silence_s=silence_s)
    client = Client(
        provider,
        vault=Vault((*_own_secrets(user, env), *hidden)),
        spending=spending,
        transcript=transcript,
        recorded=recorded,
        patience=patience,
        watch=watch,
    )
    return OpenModel(
        client=client,
        first_line=first_line(provider, limits),
        warnings=tuple(_warnings(provider, spending)),
    )


def first_line(provider: Provider, limits: Limits, /) -> str:
    """What will be sent where, in one line."""
    if provider.destination == "nowhere":
        return f"answers come from {provider.model}; nothing is sent anywhere"
    most = [f"${limits.usd:.2f}"] if limits.usd is not None else []
    most += [f"{limits.tokens:,} tokens"] if limits.tokens is not None else []
    within = f", for at most {' and '.join(most)}" if most else ", without a spending limit"
    return (
        f"code on the way of requests, measurements and logs, without secrets, are sent to {provider.model} "
        f"at {provider.destination}{within}"
    )


def price_of(user: UserSettings, provider: Provider, /) -> Price:
    """What the model costs: by the user's figures, or by the public list."""
    if provider.destination == "nowhere":
        return free
    own = user.model.price
    if own is None:
        return listed_price(provider.model)
    return OwnPrice(
        input_usd=Decimal(str(own.input_usd)),
        output_usd=Decimal(str(own.output_usd)),
        cache_read_usd=_decimal(own.cache_read_usd),
        cache_write_usd=_decimal(own.cache_write_usd),
    )


def _files(folder: Path | None, provider: Provider) -> tuple[Transcript | None, Recorded | None]:
    if folder is None:
        return None, None
    path = folder / TRANSCRIPT
    recorded = Recorded(path) if path.exists() else None
    return Transcript(path, model=provider.model), recorded


def _own_secrets(user: UserSettings, env: Mapping[str, str]) -> Iterable[str]:
    """What the user keeps in variables: keys of models, and what was handed over for the target."""
    variables = (*_KEYS, user.model.key_variable or _KEYS[0], *user.secrets)
    return [value for name in dict.fromkeys(variables) if len(value := env.get(name, "")) >= 6]


def _warnings(provider: Provider, spending: Spending) -> Iterable[str]:
    if is_open_to_listeners(provider.destination):
        yield f"what is sent to {provider.destination} is not encrypted on its way"
    if spending.lost:
        count = len(spending.lost)
        what = "question was" if count == 1 else "questions were"
        yield f"{count} {what} sent by an earlier run that ended before the answer; counted at the most it can have cost"


def _decimal(number: float | None) -> Decimal | None:
    return None if number is None else Decimal(str(number))
