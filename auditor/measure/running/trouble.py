"""Requests that fail of what the database is short of, or of transactions that wait for each other: whose doing that is.

It is told in the database's own words, by the exception that left the application. Nobody knows from one round whether the code brought it
about or chance did, so such a round is played again: what comes back at the same requests is the code's own and is kept as it answers; what
comes back elsewhere makes the round void.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from auditor.measure.exchange import Exchange
from auditor.measure.running.rounds import Round
from auditor.model.fault import Fault

_SERVER_ERROR: Final = 500
_ROUNDS: Final = 3
"""Of known-good, until one is without trouble or its trouble is its own."""
_CLEAN: Final = 7
"""In a row, before a candidate is believed that was in trouble once: one that is in trouble every other time has so many 1 time in 128."""
_LONGEST: Final = 200
_WORDS: Final = re.compile(
    r"""
    \b(?:DeadlockDetected|SerializationFailure|TooManyConnections|OutOfMemory|DiskFull|AdminShutdown|CrashShutdown|CannotConnectNow)(?:Error)?\b
    | \bdeadlock\ detected | could\ not\ serialize\ access
    | \bsorry,\ too\ many\ clients\ already | remaining\ connection\ slots\ are\ reserved | \btoo\ many\ connections\ for
    | \bout\ of\ shared\ memory | No\ space\ left\ on\ device | database\ or\ disk\ is\ full
    | \bterminating\ connection\ (?:due|because) | the\ database\ system\ is\ (?:starting|shutting|in\ recovery|not)
    | \bdatabase\ (?:table\ |schema\ )?is\ locked
    | Deadlock\ found\ when\ trying\ to\ get\ lock | Lock\ wait\ timeout\ exceeded | "?Too\ many\ connections\b
    """,
    re.VERBOSE,
)
"""SQLSTATE 40P01, 40001, 53100 to 53300 and 57P01 to 57P03 as PostgreSQL and its drivers say them; what SQLite and MySQL say."""


class DatabaseTrouble(Fault):
    """The database was in trouble and it is nobody's doing that is known: what was measured is void."""


def troubles(played: Round, /) -> Mapping[str, str]:
    """By request that was answered with an error of the server, or not at all, what the database said to it."""
    replays = (played.first, played.at_once, played.replay, played.warm)
    return {
        exchange.request.id: words
        for one in replays
        if one is not None
        for exchange in one.exchanges
        if (words := _said(exchange))
    }


def _said(exchange: Exchange) -> str:
    if exchange.record is None or (exchange.answer.status or _SERVER_ERROR) < _SERVER_ERROR:
        return ""
    for error in exchange.record.errors:
        text = f"{error.type}: {' '.join(error.message.split())}"
        if _WORDS.search(text):
            return text[:_LONGEST]
    return ""


class Steadying:
    """Plays rounds again that the database was in trouble in; knows what trouble is known-good's own."""

    def __init__(self) -> None:
        self._own: set[str] = set()
        self._had_others = False
        self._met: set[str] = set()
        """Trees that were in trouble once, by id."""
        self._unproven: set[str] = set()
        """Of these, those that have shown nothing since."""

    def known_good(self, play: Callable[[], Round], /) -> Round:
        """A round of known-good without trouble, or with none but its own: what came back at the same requests.

        Raises:
            DatabaseTrouble: each round is in trouble at other requests.
        """
        before: set[str] = set()
        for _ in range(_ROUNDS):
            played = play()
            found = troubles(played).keys() - self._own
            if not found:
                self._had_others |= bool(before)
                return played
            if found <= before:
                self._own |= found
                return played
            before |= found
        self._had_others = True
        raise _void(troubles(played))

    def candidate(self, tree: str, play: Callable[[], Round], known_good: Callable[[], Round], /) -> Round:
        """A candidate's round: one in trouble counts where the trouble comes back, and known-good, which is then played alike, has none.

        It may come back in another round, of other requests: the second that a tree is in trouble in is its own.

        Raises:
            DatabaseTrouble: known-good has such trouble as well.
        """
        was_met = tree in self._met
        played = play()
        calm = self._is_calm(played)
        if calm and tree not in self._unproven:
            return played
        self._met.add(tree)
        if calm or not was_met:
            for _ in range(_CLEAN):
                played = play()
                if not self._is_calm(played):
                    break
            else:
                self._unproven.discard(tree)
                return played
        if not self._had_others:
            self._had_others = not self._is_calm(known_good())
        if self._had_others:
            raise _void(troubles(played))
        return played

    def accepts(self, tree: str, played: Round, /) -> bool:
        """Whether a round that was played elsewhere was in no trouble but known-good's own; one that was is held against its tree."""
        if self._is_calm(played):
            return True
        self._met.add(tree)
        self._unproven.add(tree)
        return False

    def _is_calm(self, played: Round) -> bool:
        return not troubles(played).keys() - self._own


def _void(found: Mapping[str, str]) -> DatabaseTrouble:
    request, words = next(iter(found.items()))
    return DatabaseTrouble(
        f"the database was in trouble, so what was measured is void: {words}",
        where=f"request {request!r}",
        hint="it came at other requests each time, so it is no answer of theirs: see what else uses this database, and what limits its connections",
    )
