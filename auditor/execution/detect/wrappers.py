"""Programs that only start another one: what they start is what counts."""

import re
import shlex
from typing import Final

from auditor.execution.detect.shell import simple_commands

_PLAIN: Final = frozenset(
    "exec eval nohup command time env ddtrace-run opentelemetry-instrument init-env catchsegv setsid".split()
)
"""Followed by the command, with options of their own between."""
_WITH_WORDS: Final = {
    ("newrelic-admin", "run-program"): 0,
    ("poetry", "run"): 0,
    ("pipenv", "run"): 0,
    ("uv", "run"): 0,
    ("pdm", "run"): 0,
    ("rye", "run"): 0,
    ("hatch", "run"): 0,
    ("pyenv", "exec"): 0,
    ("doppler", "run"): 0,
    ("s6-setuidgid",): 1,
    ("gosu",): 1,
    ("su-exec",): 1,
    ("sudo",): 0,
    ("dumb-init",): 0,
    ("tini",): 0,
    ("docker-compose", "run"): 1,
    ("docker-compose", "exec"): 1,
    ("docker", "compose", "run"): 1,
    ("docker", "compose", "exec"): 1,
    ("s6-setlock",): 1,
}
"""First words, and how many more stand between their options and the command."""
_TAKES_VALUE: Final = frozenset(
    "-u --user -e --env --env-file -w --workdir --with --group --extra --python -p --package --directory".split()
)
_SHELLS: Final = frozenset({"sh", "bash", "dash"})
_SHELL_FLAGS: Final = frozenset({"-c", "-lc", "-ec", "-exc", "-xec", "-euc"})
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_DEEPEST: Final = 6


def unwrapped(words: tuple[str, ...], /) -> tuple[str, ...]:
    """The command inside its wrappers; empty when there is none."""
    for _ in range(_DEEPEST):
        inner = _inside(words)
        if inner == words:
            break
        words = inner
    return words


def each_unwrapped(words: tuple[str, ...], /) -> tuple[tuple[str, ...], ...]:
    """Every command inside the wrappers: of a shell's text all that it runs, in order."""
    for _ in range(_DEEPEST):
        text = shell_text(words)
        if text is not None:
            return tuple(one for command in simple_commands(text, {}) if (one := unwrapped(tuple(command))))
        inner = _inside(words)
        if inner == words:
            break
        words = inner
    return (words,) if words else ()


def shell_text(words: tuple[str, ...], /) -> str | None:
    """The text of ``sh -c TEXT``; None when that is not what the words say."""
    program = words[0].rpartition("/")[2] if words else ""
    return words[2] if program in _SHELLS and len(words) > 2 and words[1] in _SHELL_FLAGS else None


def _inside(words: tuple[str, ...]) -> tuple[str, ...]:
    while words and _ASSIGNMENT.fullmatch(words[0]):
        words = words[1:]
    if not words:
        return ()
    program = words[0].rpartition("/")[2]
    text = shell_text(words)
    if text is not None:
        return _last_command(text)
    if program == "tox" and "--run-command" in words[:-1]:
        return _last_command(words[words.index("--run-command") + 1])
    if "--" in words and program in {"wait-for-it", "wait-for-it.sh", "watchmedo", "doppler", "dockerize"}:
        return words[words.index("--") + 1 :]
    if program in _PLAIN:
        return _after_options(words[1:], 0)
    for first, more in _WITH_WORDS.items():
        if (program, *words[1 : len(first)]) == first:
            return _after_options(words[len(first) :], more)
    return words


def _last_command(text: str) -> tuple[str, ...]:
    commands = list(simple_commands(text, {}))
    return commands[-1] if commands else ()


def _after_options(words: tuple[str, ...], more: int) -> tuple[str, ...]:
    at = 0
    while at < len(words) and words[at].startswith("-"):
        takes = words[at] in _TAKES_VALUE
        at += 2 if takes else 1
    return words[at + more :]


def join(words: tuple[str, ...], /) -> str:
    """The words as a text for a person; placeholders need no quotes."""
    return " ".join(
        word if re.fullmatch(r"[\w@%+=:,./{}-]+", word, re.ASCII) else shlex.quote(word) for word in words
    )
