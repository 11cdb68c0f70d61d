"""From `--model` to a provider: the part before the colon is a file in `auditor.llm.providers`."""

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from auditor.config.model_settings import ModelSettings
from auditor.config.nearest import nearest
from auditor.llm import providers
from auditor.llm.exchange import Provider
from auditor.model.fault import PROVIDER_EXIT, Fault

OFFLINE: Final = "offline"
"""No model: what can be known without one is computed as ever."""

_WHERE: Final = "--model"


def provider_names() -> tuple[str, ...]:
    """Every provider there is."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(providers.__path__)))


def provider_of(settings: ModelSettings, env: Mapping[str, str], /) -> Provider | None:
    """The provider that the settings name; None where they name none, or `offline`.

    Nothing is sent, and no SDK is imported. `Fault` for a name that means nothing, or a key that is missing.
    """
    if settings.name is None or settings.name == OFFLINE:
        return None
    kind, _, name = settings.name.partition(":")
    known = provider_names()
    if kind not in known or not name.strip():
        raise _unknown(settings.name, known)
    made: Provider = importlib.import_module(f"{providers.__name__}.{kind}").named(
        name.strip(), settings, env
    )
    return made


def _unknown(given: str, known: tuple[str, ...]) -> Fault:
    kind, colon, _ = given.partition(":")
    close = kind if kind in known else nearest(kind, known)
    hint = "write anthropic:NAME, openai:NAME or offline"
    if colon and close is not None and close != kind:
        hint = f"did you mean {close}:{given.partition(':')[2]}?"
    elif given.startswith("claude"):
        hint = f"did you mean anthropic:{given}?"
    elif given.startswith(("gpt", "o1", "o3", "o4")):
        hint = f"did you mean openai:{given}?"
    return Fault(f"{given!r} names no model", where=_WHERE, hint=hint)


def key_of(variable: str, env: Mapping[str, str], /, *, needed: bool, service: str) -> str:
    """The key in `variable`; `Fault` (exit 3) when it is needed and missing, or can't be one."""
    key = env.get(variable, "").strip()
    if not key and needed:
        raise Fault(
            f"there is no key for {service}",
            where=variable,
            hint=f"export {variable}=…, or name another variable in your config.toml: [model] key_variable; "
            "without a model: --model offline",
            exit_code=PROVIDER_EXIT,
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise Fault(
            "what it holds can't be a key: there is a space or a foreign character in it",
            where=variable,
            hint="copy it again",
            exit_code=PROVIDER_EXIT,
        )
    return key or "not-needed"


def base_url_of(
    settings: ModelSettings, env: Mapping[str, str], /, *, variable: str, default: str
) -> tuple[str, bool]:
    """Where requests go, and whether that is the service's own address; `Fault` for what is no address."""
    given = settings.base_url or env.get(variable)
    if not given:
        return default, True
    where = "base_url" if settings.base_url else variable
    try:
        parts = urlsplit(given.strip())
        host = parts.hostname
        _ = parts.port
    except ValueError as error:
        raise Fault(f"is no address: {error}", where=where) from error
    if parts.scheme not in {"http", "https"} or not host:
        raise Fault(f"{given!r} is no address of a server", where=where, hint="write it like https://host/v1")
    if parts.username or parts.password:
        hint = "put the key into a variable: [model] key_variable in your config.toml"
        raise Fault("an address with a password in it would end up in logs", where=where, hint=hint)
    return given.strip().rstrip("/"), given.strip().rstrip("/") == default


def is_open_to_listeners(url: str, /) -> bool:
    """Whether what is sent there can be read on the way."""
    parts = urlsplit(url)
    here = parts.hostname in {"localhost", "::1"} or (parts.hostname or "").startswith("127.")
    return parts.scheme == "http" and not here
