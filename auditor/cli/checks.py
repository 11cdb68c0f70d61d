"""What ``auditor doctor`` looks at, one function a check."""

import argparse
import importlib.metadata
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import auditor
from auditor.bundle import bundled
from auditor.cli.model_arguments import with_model_arguments
from auditor.config.paths import cache_dir, config_file, state_dir
from auditor.config.user import UserSettings, load_user_settings
from auditor.model.fault import Fault

_PACKAGES: Final = (
    "anthropic",
    "genai-prices",
    "gitpython",
    "openai",
    "pathspec",
    "pydantic",
    "pyyaml",
    "sqlglot",
    "tree-sitter",
    "tree-sitter-python",
)
"""What an audit needs, with a model and without."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    ok: bool
    text: str


def run_checks() -> tuple[Check, ...]:
    """All of them, in order."""
    return tuple(check() for check in CHECKS)


def _version() -> Check:
    return Check("auditor", ok=True, text=f"{auditor.__version__} in {Path(auditor.__file__).parent}")


def _python() -> Check:
    text = f"{platform.python_version()} at {sys.executable}"
    return Check("python", ok=True, text=f"{text} on {platform.system()} {platform.machine()}")


def _packages() -> Check:
    found, missing = [], []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return Check("packages", ok=False, text=f"missing: {', '.join(missing)}; install auditor again")
    return Check("packages", ok=True, text=", ".join(found))


def _parser() -> Check:
    try:
        import tree_sitter  # noqa: PLC0415  whether it can be imported is the question
        import tree_sitter_python  # noqa: PLC0415

        tree = tree_sitter.Parser(tree_sitter.Language(tree_sitter_python.language())).parse(b"f(1)\n")
    except (ImportError, OSError, ValueError) as error:
        return Check("parser", ok=False, text=f"can't be loaded: {error}")
    return Check("parser", ok=not tree.root_node.has_error, text="reads Python")


def _git() -> Check:
    path = shutil.which("git")
    text = path or "not found: --ref can't be used, everything else can"
    return Check("git", ok=True, text=text)


def _settings() -> Check:
    try:
        settings = load_user_settings()
    except Fault as fault:
        return Check("settings", ok=False, text=str(fault))
    found = str(settings.source or f"none ({config_file()} does not exist)")
    return Check("settings", ok=not settings.notes, text="; ".join((found, *settings.notes)))


def _cache() -> Check:
    settings = _loaded()
    return _writable("cache", settings.cache_dir if settings else cache_dir())


def _state() -> Check:
    settings = _loaded()
    return _writable("state", settings.state_dir if settings else state_dir())


def _loaded() -> UserSettings | None:
    try:
        return load_user_settings()
    except Fault:
        return None  # `_settings` says why


def _sample() -> Check:
    try:
        return Check("sample", ok=True, text=str(bundled("sample")))
    except Fault as fault:
        return Check("sample", ok=False, text=str(fault))


def check_model_settings(arguments: argparse.Namespace) -> tuple[Check, ...]:
    """Whether the model can be asked; only where one is named, because this asks its service for the name."""
    settings = _loaded()
    if settings is None:
        return ()
    user = with_model_arguments(settings, arguments)
    if user.model.name is None:
        return (
            Check("model", ok=True, text="none is named, so nothing is ever sent (--model anthropic:NAME)"),
        )
    from auditor.llm.checking import check_model  # noqa: PLC0415  brings the SDK along

    try:
        found = check_model(user, os.environ)
    except Fault as fault:
        return (Check("model", ok=False, text=str(fault)),)
    return (Check("model", ok=True, text=found or "offline: nothing is ever sent"),)


def check_jail() -> Check:
    """Whether a target could be run here; to read one it need not be."""
    settings = _loaded()
    if settings is None:
        return Check("jail", ok=True, text="not tried: the settings can't be read")
    from auditor.execution.choosing import choose_jail  # noqa: PLC0415  nobody else here needs it

    try:
        jail = choose_jail(settings.jail.value)
    except Fault as fault:
        return Check("jail", ok=True, text=f"none, so that targets can be read but not run: {fault}")
    if not jail.isolates:
        return Check("jail", ok=True, text=f"{jail.name}: it keeps nothing out")
    layers = "layers over copies" if jail.overlays else "no layers over copies"
    ports = "all ports" if jail.low_ports else "no ports below 1024"
    return Check("jail", ok=True, text=f"{jail.name}, passed its self-test, {layers}, {ports}")


def _writable(name: str, folder: Path) -> Check:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Check(name, ok=False, text=f"{folder} can't be written: {error.strerror or error}")
    return Check(name, ok=True, text=f"{folder}, {shutil.disk_usage(folder).free >> 20:,} MiB free")


CHECKS: Final[tuple[Callable[[], Check], ...]] = (
    _version,
    _python,
    _packages,
    _parser,
    _git,
    _settings,
    _cache,
    _state,
    _sample,
)
