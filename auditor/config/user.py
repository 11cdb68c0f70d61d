"""The user's settings: ``config.toml`` in the user's own folder, overridden by ``AUDITOR_*``. Trusted."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auditor.config.document import read_document
from auditor.config.nearest import nearest
from auditor.config.paths import cache_dir, config_file, state_dir
from auditor.config.shape import COUNT, TEXT, Key, check_shape, one_of, table
from auditor.model.fault import Fault

USER_KEYS: Final[Mapping[str, Key]] = {
    "cache_dir": TEXT,
    "state_dir": TEXT,
    "jobs": COUNT,
    # Accepted already, so that one file serves every version; nothing reads them yet.
    "model": table(),
    "base_url": TEXT,
    "limits": table(),
    "jail": table({"kind": one_of("auto", "bwrap", "outer", "none")}),
    "keymap": table(),
}
ENVIRONMENT: Final = ("AUDITOR_CONFIG", "AUDITOR_CACHE_DIR", "AUDITOR_STATE_DIR", "AUDITOR_JOBS")
"""Every variable that is read."""

_MISPLACED: Final = dict.fromkeys(
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
class UserSettings:
    """What the user decided for every audit."""

    cache_dir: Path
    state_dir: Path
    jobs: int | None = None
    """Worker processes; None is one a core."""
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


def _unknown_variables(env: Mapping[str, str]) -> tuple[str, ...]:
    """Warnings, not errors: such a variable may belong to another program."""
    strangers = sorted(name for name in env if name.startswith("AUDITOR_") and name not in ENVIRONMENT)
    close = {name: nearest(name, ENVIRONMENT) for name in strangers}
    return tuple(
        f"the variable {name} is not read{f'; did you mean {close[name]}?' if close[name] else ''}"
        for name in strangers
    )
