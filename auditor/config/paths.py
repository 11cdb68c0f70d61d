"""Where auditor keeps what is its own: settings, cache, state. Nothing is created here."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def config_file(env: Mapping[str, str] = os.environ, /) -> Path:
    """The user's settings: `AUDITOR_CONFIG`, or ``auditor/config.toml`` under XDG's configuration folder."""
    return _overridden(env, "AUDITOR_CONFIG") or _xdg(env, "XDG_CONFIG_HOME", ".config") / "config.toml"


def cache_dir(env: Mapping[str, str] = os.environ, /) -> Path:
    """What can be deleted at any time: `AUDITOR_CACHE_DIR`, or ``auditor`` under the XDG cache folder."""
    return _overridden(env, "AUDITOR_CACHE_DIR") or _xdg(env, "XDG_CACHE_HOME", ".cache")


def state_dir(env: Mapping[str, str] = os.environ, /) -> Path:
    """Logs and runs: `AUDITOR_STATE_DIR`, or ``auditor`` under the XDG state folder."""
    return _overridden(env, "AUDITOR_STATE_DIR") or _xdg(env, "XDG_STATE_HOME", ".local/state")


def _overridden(env: Mapping[str, str], name: str) -> Path | None:
    return Path(env[name]).expanduser().absolute() if env.get(name) else None


def _xdg(env: Mapping[str, str], name: str, default: str) -> Path:
    folder = Path(env.get(name) or "")
    if folder.is_absolute():  # the XDG specification: relative paths are to be ignored
        return folder / "auditor"
    if sys.platform == "win32":
        return (
            Path(env.get("LOCALAPPDATA") or Path.home()) / "auditor" / default.rpartition("/")[2].lstrip(".")
        )
    return Path.home() / default / "auditor"
