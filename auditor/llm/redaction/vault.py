"""Holds the secrets of one run, and the words that stand for them in what is sent."""

import re
from collections.abc import Iterable
from typing import Final

from auditor.llm.redaction.rules import entropy, secret_spans
from auditor.llm.redaction.unquoted import Span
from auditor.model.fault import Fault

PLACEHOLDER: Final = re.compile(r"AUDITOR_SECRET_(\d{4})")
"""Of one width, so that what follows can't become part of it; a word in every language a target is written in."""
_MOST: Final = 9999


class Vault:
    """Secrets get their words in the order in which they turn up: the same run sends the same bytes.

    In memory only. `restore` undoes `redact` for every text; a text whose secrets are out already stays as it is,
    so that what a model said can be sent again. A word that the target itself holds is never given to a secret.
    """

    def __init__(self, known: Iterable[str] = (), /) -> None:
        """`known` are secrets that are hidden wherever they stand: keys of the user's, values of ``.env``."""
        self._words: dict[str, str] = {}
        self._secrets: dict[str, str] = {}
        self._reserved: set[str] = set()
        """Text of the target's that looks like one of our words."""
        self._everywhere: set[str] = set()
        self._search: re.Pattern[str] | None = None
        self._last = 0
        self.hide(known)

    def hide(self, secrets: Iterable[str], /) -> None:
        """From now on these are hidden wherever they stand; each line of one is a secret of its own."""
        lines = {line.strip() for secret in secrets for line in secret.splitlines()}
        self._everywhere |= {line for line in lines if len(line) >= 4}
        longest_first = sorted(self._everywhere, key=lambda secret: (-len(secret), secret))
        self._search = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    @property
    def count(self) -> int:
        """How many different secrets were taken out so far."""
        return len(self._words)

    def learn(self, texts: Iterable[str], /) -> None:
        """Looks for secrets that must be hidden in all of `texts`, wherever else they stand."""
        texts = tuple(texts)
        for text in texts:
            self._reserve(text)
        found = {text[start:end] for text in texts for start, end in secret_spans(text)}
        self.hide(secret for secret in found if _unmistakable(secret))

    def redact(self, text: str, /) -> str:
        """`text` with a word in the place of each secret; the number of its lines stays."""
        self._reserve(text)
        words = [match.span() for match in PLACEHOLDER.finditer(text)]
        made: list[str] = []
        position = 0
        for start, end in _without(_merged([*self._known_spans(text), *secret_spans(text)]), words):
            made.append(text[position:start])
            made.append(self._hidden(text[start:end]))
            position = end
        return "".join((*made, text[position:]))

    def restore(self, text: str, /) -> str:
        """`text` with its secrets back in their places; a word that stands for none stays."""
        return PLACEHOLDER.sub(lambda match: self._secrets.get(match[0], match[0]), text)

    def strange_words(self, text: str, /) -> tuple[str, ...]:
        """Words in `text` that look as if they stood for a secret and stand for none."""
        found = dict.fromkeys(match[0] for match in PLACEHOLDER.finditer(text))
        return tuple(word for word in found if word not in self._secrets and word not in self._reserved)

    def stands_for_a_secret(self, word: str, /) -> bool:
        """Whether it is one of our words."""
        return word in self._secrets

    def _reserve(self, text: str) -> None:
        self._reserved |= {match[0] for match in PLACEHOLDER.finditer(text)} - self._secrets.keys()

    def _known_spans(self, text: str) -> list[Span]:
        return [] if self._search is None else [match.span() for match in self._search.finditer(text)]

    def _hidden(self, secret: str) -> str:
        """Line by line, so that the lines below keep their numbers."""
        lines = re.split(r"(\s*\n\s*)", secret)
        return "".join(self._word(line) if number % 2 == 0 else line for number, line in enumerate(lines))

    def _word(self, secret: str) -> str:
        if not secret:
            return ""
        if secret not in self._words:
            word = self._free_word()
            self._words[secret] = word
            self._secrets[word] = secret
        return self._words[secret]

    def _free_word(self) -> str:
        while self._last < _MOST:
            self._last += 1
            word = f"AUDITOR_SECRET_{self._last:04d}"
            if word not in self._reserved:
                return word
        raise Fault(
            f"what would be sent holds more than {_MOST:,} secrets",
            hint="exclude the files they stand in: [audit] exclude in auditor.toml",
        )


def restored_edit(vault: Vault, search: str, replace: str, /) -> tuple[str, str] | str:
    """Both texts of an edit with their secrets back, or what is wrong with it.

    A secret may only return to where it came from: a word in `replace` must stand in `search` too.
    """
    strange = vault.strange_words(search + replace)
    if strange:
        return f"{strange[0]} stands for nothing"
    before, after = ({match[0] for match in PLACEHOLDER.finditer(text)} for text in (search, replace))
    moved = sorted(word for word in after - before if vault.stands_for_a_secret(word))
    if moved:
        return f"{moved[0]} is put where it did not stand before"
    return vault.restore(search), vault.restore(replace)


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif end > start:
            merged.append((start, end))
    return merged


def _without(spans: list[Span], words: list[Span]) -> list[Span]:
    """The spans with our own words cut out of them."""
    left: list[Span] = []
    for start, end in spans:
        position = start
        for word_start, word_end in words:
            if position < word_end and word_start < end:
                left.append((position, word_start))
                position = word_end
        left.append((position, end))
    return [(start, end) for start, end in left if start < end]


def _unmistakable(secret: str) -> bool:
    """Whether it means the same wherever it stands: not a word that is a password here and a name there."""
    plain = secret.isalpha() or secret.isdigit()
    return len(secret) >= 8 and not plain and entropy(secret) >= 2.5
