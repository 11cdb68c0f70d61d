"""Worlds of trees at one scale of the data: a private copy each, all on the baseline's data.

An index that a tree declares comes by its `migrate`. Where that does not make it, because the schema comes with the seed or is only ever
made whole, the tree's data is made anew, and taken if it has as many rows as the baseline's in every table. What indexes these were is
known then: at other scales they are put on the baseline's data.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from typing import Final

from auditor.execution.ran import CommandFailed
from auditor.execution.world import World
from auditor.measure.running.bench import Bench
from auditor.trial.leaving import Leaving
from auditor.trial.trees import Tree, TreeStore

_DECLARES: Final = re.compile(
    rb"\bindex|\bIndex\(|db_index|_index\b|\bCREATE\s+(?:UNIQUE\s+)?INDEX\b", re.IGNORECASE
)

Declaring = frozenset[tuple[str, str]]
"""Files that declare indexes, with a hash of each."""
MoreIndexes = dict[Declaring, frozenset[str]]
"""By what declares them, indexes that only data that were made anew have, as what makes each."""

_MOST_DISAPPOINTMENTS: Final = 2
"""Trees whose `migrate` wrote something after all; then it is run first, as each such tree is played twice."""


class Worlds:
    """Made when they are asked for. A context manager's part: whoever holds it closes it."""

    def __init__(
        self,
        bench: Bench,
        store: TreeStore,
        baseline: Tree,
        /,
        *,
        scale: int,
        more_indexes: MoreIndexes | None = None,
    ) -> None:
        """`more_indexes` is what worlds of the same trees at another scale have learnt, and learn."""
        self._bench = bench
        self._store = store
        self._baseline = baseline
        self._scale = scale
        self._worlds: dict[str, World] = {}
        self._template: str | None = None
        self._anew: dict[Declaring, str] = {}
        """By what declares the indexes, the template of data that was made anew for them."""
        self.more_indexes: MoreIndexes = {} if more_indexes is None else more_indexes
        self._leaving = Leaving()
        self._awaited: dict[str, Future[bool]] = {}
        """By tree, whether its `migrate` writes nothing, which another world of it is finding out."""
        self._disappointed = 0

    @property
    def has_data(self) -> bool:
        """Whether the baseline's world is made, and with it everybody's data."""
        return self._template is not None

    def of(self, tree: Tree, /) -> World:
        """The prepared world of a tree; the baseline's is made first, since its data is everybody's.

        Raises:
            CommandFailed: the tree's `migrate` fails.
            Fault: the baseline's data can't be made.
        """
        if self._template is None:
            first = self._made({}, None)
            self._template = first.template
            self._worlds[self._baseline.id] = first
        if tree.id not in self._worlds:
            self._worlds[tree.id] = self._world(tree)
        return self._worlds[tree.id]

    def another(self, tree: Tree, /) -> World:
        """One more world of a tree, for whoever asks to close; nothing here is changed, so any thread may ask.

        The baseline has one before, and so has a tree that `may_be_made_anew`.
        """
        replaced = self._replaced(tree)
        return self._made(replaced, self._anew.get(self._declaring(replaced), self._template))

    def is_made_anew(self, tree: Tree, /) -> bool:
        """Whether its indexes stand only in a database that is made anew: one that is there already does not get them."""
        return self._declaring(self._replaced(tree)) in self._anew

    def another_meanwhile(self, tree: Tree, /) -> Callable[[], World]:
        """What makes another world of a tree while its own is made and used, for a thread that calls it once.

        Mostly a `migrate` has nothing to do on data that it has been run on before. So the tree's own world does without, and
        `bears_out` says afterwards whether the other one's wrote nothing.
        """
        if (
            tree.id in self._worlds
            or self._bench.recipe.boot.migrate is None
            or self.may_be_made_anew(tree)
            or self._disappointed >= _MOST_DISAPPOINTMENTS
        ):
            self.of(tree)
            return lambda: self.another(tree)
        idle = self._awaited[tree.id] = Future()

        def make() -> World:
            try:
                world = self.another(tree)
            except BaseException as error:
                idle.set_exception(error)
                raise
            idle.set_result(world.was_idle)
            return world

        return make

    def bears_out(self, tree: Tree, /) -> bool:
        """Whether the tree's world is what it would be after its `migrate`; else it is gone, and the next one will be.

        Raises:
            CommandFailed: the tree's `migrate` fails.
        """
        awaited = self._awaited.pop(tree.id, None)
        world = self._worlds.get(tree.id)
        if awaited is None or awaited.result() or world is None or not world.was_spared:
            return True
        self._disappointed += 1
        self.forget(tree.id)
        return False

    def may_be_made_anew(self, tree: Tree, /) -> bool:
        """Whether that is known only when its world was made: it declares indexes that no tree before it did."""
        declaring = self._declaring(self._replaced(tree))
        return bool(declaring) and declaring not in self._anew

    def trees(self) -> tuple[str, ...]:
        """Ids of the trees that have a private copy now, the baseline's left out."""
        return tuple(tree for tree in self._worlds if tree != self._baseline.id)

    def forget(self, tree: str, /) -> None:
        """Removes the private copy of a tree that is done with, but for the baseline's."""
        self._awaited.pop(tree, None)
        if tree in self.trees():
            world = self._worlds.pop(tree)
            if world.is_apart:
                self._leaving.end(world.close)
            else:
                world.close()

    def settle(self) -> None:
        """Waits until the copies that were removed last are gone; `OSError` where one can't be."""
        self._leaving.settle()

    def close(self) -> None:
        """Removes every private copy; where one can't be, the others go all the same."""
        with self._leaving, ExitStack() as left:
            for world in self._worlds.values():
                left.callback(world.close)
            self._worlds.clear()
            self._template = None

    def _world(self, tree: Tree) -> World:
        replaced = self._replaced(tree)
        declaring = self._declaring(replaced)
        template = self._anew.get(declaring, self._template)
        world = self._made(replaced, template, migrate=tree.id not in self._awaited)
        if not declaring or declaring in self._anew:
            return world
        with _closed_by_a_failure(world):
            other = self._anew_for(declaring, world, replaced)
        if other is None:
            return world
        world.close()
        return other

    def _anew_for(self, declaring: Declaring, world: World, replaced: dict[str, bytes]) -> World | None:
        """One with data made anew, where only these have the indexes that the tree declares; else `world` is as it should be."""
        first = self._worlds[self._baseline.id]
        known = first.indexes()
        if world.indexes() != known:
            return None
        more = self.more_indexes.get(declaring)
        if more is not None and world.add_indexes(more) and world.indexes() == known | more:
            return None
        try:
            other = self._made(replaced, None)
        except CommandFailed:
            return None
        with _closed_by_a_failure(other):
            indexes = other.indexes()
            is_taken = indexes != known and _sizes(other) == _sizes(first)
        if not is_taken:
            other.close()
            return None
        self._anew[declaring] = other.template
        if known < indexes:
            self.more_indexes[declaring] = indexes - known
        return other

    def _declaring(self, replaced: dict[str, bytes]) -> Declaring:
        """Changed files that speak of more indexes than they did, with a hash of each."""
        found = set()
        for path, content in replaced.items():
            before = self._store.read(self._baseline, path) or b""
            if len(_DECLARES.findall(content)) > len(_DECLARES.findall(before)):
                found.add((path, hashlib.sha256(content).hexdigest()))
        return frozenset(found)

    def _made(self, replaced: dict[str, bytes], based_on: str | None, *, migrate: bool = True) -> World:
        world = self._bench.world(self._scale, replaced=replaced, based_on=based_on)
        with _closed_by_a_failure(world):
            world.prepare(migrate=migrate)
        return world

    def _replaced(self, tree: Tree) -> dict[str, bytes]:
        """What stands in the tree in another way than in the user's folder when the run began."""
        changed = self._store.changed(self._baseline, tree)
        return {path: content for path in changed if (content := self._store.read(tree, path)) is not None}


@contextmanager
def _closed_by_a_failure(world: World) -> Iterator[None]:
    try:
        yield
    except BaseException:
        world.close()
        raise


def _sizes(world: World) -> dict[str, int]:
    world.reset()
    return {table: len(rows) for table, rows in world.dump().items()}
