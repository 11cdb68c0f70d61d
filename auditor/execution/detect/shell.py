"""Reads shell text far enough to see which commands it runs. Nothing is evaluated."""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

_MOST_LINES: Final = 4_000
_MOST_WORDS: Final = 200
_EXPANSIONS: Final = 6
"""Rounds of replacing variables: `${A:-${B:-c}}` needs two; more is no settings file any more."""
_LONGEST: Final = 4_000
_LONGEST_VALUE: Final = 500
_VARIABLE: Final = re.compile(r"\$\{(?P<braced>\w+)(?::?[-=](?P<default>[^{}]*))?\}|\$(?P<bare>[A-Za-z_]\w*)")
_SUBSTITUTION: Final = re.compile(r"\$\([^()]*\)|`[^`]*`")
_FUNCTION: Final = re.compile(r"\s*(?:function\s+)?(?P<name>[\w-]+)\s*\(\)\s*\{?\s*$")
_HEREDOC: Final = re.compile(r"<<-?\s*(['\"]?)(?P<end>\w+)\1")
_ASSIGNMENT: Final = re.compile(r"(?P<name>[A-Za-z_]\w*)=(?P<value>.*)", re.DOTALL)
_DECLARING: Final = frozenset({"export", "declare", "local", "readonly", "typeset"})
_KEYWORDS: Final = frozenset({"if", "then", "else", "elif", "do", "while", "until", "{", "!", "exec"})
_SEPARATORS: Final = frozenset({";", "&&", "||", "|", "&", ";;", "(", ")", "|&"})


@dataclass(frozen=True, slots=True)
class Run:
    """One simple command in a shell text."""

    words: tuple[str, ...]
    line: int
    """1-based."""
    function: str
    """The shell function it stands in; empty at the top."""


def runs(text: str, /, *, variables: Mapping[str, str] | None = None, first_line: int = 1) -> Iterator[Run]:
    """Every simple command of `text`, in order, with what the text itself says about its variables.

    A variable without a value stays as ``$NAME``, a command substitution becomes ``$SUBSTITUTION``.
    """
    known = dict(variables or {})
    function = ""
    for line, number in logical_lines(text, first_line=first_line):
        declared = _FUNCTION.match(line)
        if declared:
            function = declared["name"]
            continue
        if line.strip() == "}":
            function = ""
            continue
        for words in simple_commands(line, known):
            yield Run(words, number, function)


def logical_lines(text: str, /, *, first_line: int = 1) -> Iterator[tuple[str, int]]:
    """Lines with their continuations joined, without comments, blank lines and here-documents; and their number."""
    pending, began, ends = "", first_line, ""
    for number, raw in enumerate(text.splitlines()[:_MOST_LINES], start=first_line):
        if ends:
            ends = "" if raw.strip() == ends else ends
            continue
        if len(raw) > _LONGEST or raw.lstrip().startswith("#"):
            continue
        began = began if pending else number
        pending += raw
        if pending.endswith("\\") and len(pending) < _LONGEST:
            pending = pending[:-1] + " "
            continue
        heredoc = _HEREDOC.search(pending)
        ends = heredoc["end"] if heredoc else ""
        if pending.strip():
            yield pending, began
        pending = ""
    if pending.strip():
        yield pending, began


def simple_commands(line: str, known: dict[str, str], /) -> Iterator[tuple[str, ...]]:
    """The simple commands of one line; assignments go into `known` instead."""
    words: list[str] = []
    for word in [*_split(_SUBSTITUTION.sub("${SUBSTITUTION}", line)), ";"]:
        if word not in _SEPARATORS:
            words.extend(_expanded(word, known) if words in ([], ["eval"]) else [expand(word, known)])
            continue
        command = _command(words, known)
        words = []
        if command:
            yield command


def expand(text: str, known: Mapping[str, str], /) -> str:
    """`text` with variables replaced by their value in `known`, else by their default, else left as ``$NAME``."""

    def value(match: re.Match[str]) -> str:
        name = match["braced"] or match["bare"]
        default = match["default"]
        return known.get(name) or (default if default is not None else f"\0{name}")

    for _ in range(_EXPANSIONS):
        expanded = _VARIABLE.sub(value, text)
        if expanded == text or len(expanded) > _LONGEST:
            break
        text = expanded
    return text.replace("\0", "$")


def _expanded(word: str, known: Mapping[str, str]) -> list[str]:
    """The first word; several where it is a variable that holds several, as `eval $COMMAND` has it."""
    value = expand(word, known)
    if value == word or not _VARIABLE.fullmatch(word) or not any(map(str.isspace, value)):
        return [value]
    return _split(value)


def _split(line: str) -> list[str]:
    if len(line) > _LONGEST:
        return []
    for commenters in ("", "#"):  # a comment may hold a lone quote, and a word may hold a hash
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        lexer.commenters = commenters
        try:
            words = list(lexer)
        except ValueError:
            continue
        comment = next((at for at, word in enumerate(words) if word.startswith("#")), len(words))
        return words[: min(comment, _MOST_WORDS)]
    return []


def _command(words: list[str], known: dict[str, str]) -> tuple[str, ...]:
    """The words without keywords and redirections; empty when they only set variables."""
    while words and words[0] in _KEYWORDS:
        words = words[1:]
    if words and words[0] in _DECLARING:
        words = [word for word in words[1:] if not word.startswith("-")]
        if any(_ASSIGNMENT.fullmatch(word) is None for word in words):
            return ()
    assigned = 0
    while assigned < len(words) and (match := _ASSIGNMENT.fullmatch(words[assigned])):
        assigned += 1
        if assigned == len(words) or all(_ASSIGNMENT.fullmatch(word) for word in words):
            known[match["name"]] = match["value"][:_LONGEST_VALUE]
    rest = words[assigned:]
    redirected = next((at for at, word in enumerate(rest) if word and set(word) <= set("<>&")), len(rest))
    end = (
        redirected - 1
        if redirected < len(rest) and rest[redirected - 1 : redirected] in (["1"], ["2"])
        else redirected
    )
    return tuple(rest[:end])
