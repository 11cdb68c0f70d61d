"""The user's settings: ``config.toml`` in the user's own folder, overridden by ``AUDITOR_*``. Trusted."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from auditor.config.document import read_document
from auditor.config.model_settings import MODEL_KEYS, ModelSettings, parse_model
from auditor.config.nearest import nearest
from auditor.config.paths import cache_dir, config_file, state_dir
from auditor.config.shape import AMOUNT, COUNT, TEXT, TEXTS, Key, check_shape, one_of, table
from auditor.model.fault import Fault


class JailChoice(StrEnum):
    """Which jail runs the target. The flags ``--jail`` and ``--no-jail`` win."""

    AUTO = "auto"
    BUBBLEWRAP = "bubblewrap"
    OUTER = "outer"
    """This machine is a throw-away container already."""
    NONE = "none"


USER_KEYS: Final[Mapping[str, Key]] = {
    "cache_dir": TEXT,
    "state_dir": TEXT,
    "jobs": COUNT,
    "jail": table({"kind": one_of(*JailChoice)}),
    "limits": table({"usd": AMOUNT, "tokens": COUNT}),
    "secrets": TEXTS,
    "model": table(MODEL_KEYS),
    # Accepted already, so that one file serves every version; nothing reads it yet.
    "keymap": table(),
}
ENVIRONMENT: Final = (
    "AUDITOR_CONFIG",
    "AUDITOR_CACHE_DIR",
    "AUDITOR_STATE_DIR",
    "AUDITOR_JOBS",
    "AUDITOR_JAIL",
    "AUDITOR_SECRETS",
    "AUDITOR_DATABASE_URL",
    "AUDITOR_REMOTE_DATABASE",
    "AUDITOR_MODEL",
    "AUDITOR_BASE_URL",
)
"""Every variable that is read."""

_MISPLACED: Final = {"base_url": "it belongs in the section [model]"} | dict.fromkeys(
    (
        "audit",
        "rules",
        "boot",
        "database",
        "service",
        "outside",
        "identity",
        "workload",
        "budget",
        "constraint",
    ),
    "it belongs in the target's auditor.toml",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendingLimits:
    """What one run may spend at most on a model; None is no limit of the user's."""

    usd: float | None = None
    tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSettings:
    """What the user decided for every audit."""

    cache_dir: Path
    state_dir: Path
    jobs: int | None = None
    """Worker processes; None is one a core."""
    jail: JailChoice = JailChoice.AUTO
    secrets: tuple[str, ...] = ()
    """Variables of the user's that a target's settings may refer to (`auditor.config.secret`)."""
    database_url: str | None = field(default=None, repr=False)
    """A PostgreSQL database of the user's whose copy the target works on. Only ever by a variable: it is for one target, and holds a password."""
    remote_database: bool = False
    """Whether that may be on another machine."""
    limits: SpendingLimits = SpendingLimits()
    model: ModelSettings = field(default_factory=ModelSettings)
    source: Path | None = None
    """The file they came from, if there is one."""
    notes: tuple[str, ...] = ()
    """What to warn about: variables that look like ours and are not."""


def load_user_settings(env: Mapping[str, str] = os.environ, /) -> UserSettings:
    """Reads the file and the environment; a variable wins over the file.

    `Fault` for an unknown key in the file, a file that can't be used, or a variable that makes no sense.
    """
    path = config_file(env)
    document = read_document(path, name=str(path))
    if document is None and env.get("AUDITOR_CONFIG"):
        raise Fault("there is no such file", where=str(path), hint="AUDITOR_CONFIG names it")
    values = {} if document is None else document.values
    if document is not None:
        check_shape(document, USER_KEYS, misplaced=_MISPLACED)
    return UserSettings(
        cache_dir=_folder(env, "AUDITOR_CACHE_DIR", values.get("cache_dir"), cache_dir(env)),
        state_dir=_folder(env, "AUDITOR_STATE_DIR", values.get("state_dir"), state_dir(env)),
        jobs=_jobs(env) or values.get("jobs"),
        jail=_jail(env, values.get("jail", {}).get("kind")),
        secrets=_secrets(env, values.get("secrets", ())),
        database_url=env.get("AUDITOR_DATABASE_URL") or None,
        remote_database=_is_on(env, "AUDITOR_REMOTE_DATABASE"),
        limits=SpendingLimits(**values.get("limits", {})),
        model=parse_model(values.get("model", {}), env, name=str(path)),
        source=None if document is None else path,
        notes=_unknown_variables(env),
    )


def _folder(env: Mapping[str, str], variable: str, configured: str | None, default: Path) -> Path:
    """`default` holds the variable's value already, where there is one."""
    return default if env.get(variable) or configured is None else Path(configured).expanduser().absolute()


def _jobs(env: Mapping[str, str]) -> int | None:
    text = env.get("AUDITOR_JOBS", "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise Fault(f"{text!r} is no number of processes", where="AUDITOR_JOBS", hint="a whole number from 1")
    return int(text)


def _jail(env: Mapping[str, str], configured: str | None) -> JailChoice:
    text = env.get("AUDITOR_JAIL", "")
    if text and text not in tuple(JailChoice):
        known = ", ".join(JailChoice)
        raise Fault(f"{text!r} is no jail", where="AUDITOR_JAIL", hint=f"one of {known}")
    return JailChoice(text or configured or JailChoice.AUTO)


def _is_on(env: Mapping[str, str], variable: str) -> bool:
    text = env.get(variable, "")
    if text not in {"", "0", "1"}:
        raise Fault(f"{text!r} is neither 1 nor 0", where=variable)
    return text == "1"


def _secrets(env: Mapping[str, str], configured: Sequence[str]) -> tuple[str, ...]:
    named = (*configured, *env.get("AUDITOR_SECRETS", "").split(","))
    return tuple(sorted({name.strip() for name in named if name.strip()}))


def _unknown_variables(env: Mapping[str, str]) -> tuple[str, ...]:
    """Warnings, not errors: such a variable may belong to another program."""
    strangers = sorted(name for name in env if name.startswith("AUDITOR_") and name not in ENVIRONMENT)
    close = {name: nearest(name, ENVIRONMENT) for name in strangers}
    return tuple(
        f"the variable {name} is not read{f'; did you mean {close[name]}?' if close[name] else ''}"
        for name in strangers
    )
