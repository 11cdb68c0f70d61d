"""Worlds of trees at one scale of the data: a private copy each, all on the baseline's data."""

from auditor.execution.world import World
from auditor.measure.running.bench import Bench
from auditor.trial.trees import Tree, TreeStore


class Worlds:
    """Made when they are asked for. A context manager's part: whoever holds it closes it."""

    def __init__(self, bench: Bench, store: TreeStore, baseline: Tree, /, *, scale: int) -> None:
        self._bench = bench
        self._store = store
        self._baseline = baseline
        self._scale = scale
        self._worlds: dict[str, World] = {}
        self._template: str | None = None

    def of(self, tree: Tree, /) -> World:
        """The prepared world of a tree; the baseline's is made first, since its data is everybody's.

        Raises:
            Fault: the baseline's data can't be made, or the tree's `migrate` fails.
        """
        if self._template is None:
            first = self._made(self._baseline)
            self._template = first.template
            self._worlds[self._baseline.id] = first
        if tree.id not in self._worlds:
            self._worlds[tree.id] = self._made(tree)
        return self._worlds[tree.id]

    def trees(self) -> tuple[str, ...]:
        """Ids of the trees that have a private copy now, the baseline's left out."""
        return tuple(tree for tree in self._worlds if tree != self._baseline.id)

    def forget(self, tree: str, /) -> None:
        """Removes the private copy of a tree that is done with, but for the baseline's."""
        if tree in self.trees():
            self._worlds.pop(tree).close()

    def close(self) -> None:
        """Removes every private copy."""
        for world in self._worlds.values():
            world.close()
        self._worlds.clear()
        self._template = None

    def _made(self, tree: Tree) -> World:
        world = self._bench.world(self._scale, replaced=self._replaced(tree), based_on=self._template)
        try:
            world.prepare()
        except BaseException:
            world.close()
            raise
        return world

    def _replaced(self, tree: Tree) -> dict[str, bytes]:
        """What stands in the tree in another way than in the user's folder when the run began."""
        changed = self._store.changed(self._baseline, tree)
        return {path: content for path in changed if (content := self._store.read(tree, path)) is not None}
