"""Worlds of trees: what their own `migrate` is for, and when it is not waited for."""

import threading
from collections.abc import Collection, Mapping
from types import SimpleNamespace

import pytest

from auditor.execution.world import CommandFailed
from auditor.model.fault import Fault
from auditor.trial.trees import Tree
from auditor.trial.worlds import Worlds

BASE, PLAIN, OTHER, INDEXED = (Tree(name, name) for name in ("base", "plain", "other", "indexed"))
CHANGED = {
    "base": {},
    "plain": {"a.py": b"x = 1"},
    "other": {"a.py": b"x = 2"},
    "indexed": {"a.py": b"Column(index=True)"},
}


class World:
    """One that knows what its `migrate` would do."""

    template = "template"
    is_apart = True
    raises: BaseException | None = None

    def __init__(self, *, idle: bool, fails: bool, indexes: frozenset[str] = frozenset({"old"})) -> None:
        self._indexes, self.takes = indexes, True
        self.was_idle, self.was_spared, self.closed = idle, False, False
        self._fails = fails

    def prepare(self, *, migrate: bool = True) -> None:
        self.was_spared = not migrate
        if self.raises is not None:
            raise self.raises
        if migrate and self._fails:
            raise CommandFailed("exits 1", where="migrate")

    def indexes(self) -> frozenset[str]:
        return self._indexes

    def add_indexes(self, statements: Collection[str]) -> bool:
        if self.takes:
            self._indexes |= frozenset(statements)
        return self.takes

    def reset(self) -> None:
        pass

    def dump(self) -> dict[str, tuple[object, ...]]:
        return {}

    def close(self) -> None:
        self.closed = True


class Bench:
    """Makes worlds whose `migrate` is `idle`, or not."""

    def __init__(self, *, idle: bool = True, fails: bool = False, migrate: str | None = "migrate") -> None:
        self.recipe = SimpleNamespace(boot=SimpleNamespace(migrate=migrate))
        self.idle, self.fails = idle, fails
        self.takes = True
        """Whether its databases take an index that is none of their own."""
        self.raises: BaseException | None = None
        """By preparing data that are made anew for an index."""
        self.made: list[World] = []

    def world(self, _scale: int, *, replaced: Mapping[str, bytes], based_on: str | None) -> World:
        fails = self.fails and based_on is not None and bool(replaced)
        more = based_on is None and any(b"index" in one for one in replaced.values())
        made = World(idle=self.idle, fails=fails, indexes=frozenset({"old", "new"} if more else {"old"}))
        made.takes = self.takes
        made.raises = self.raises if more else None
        self.made.append(made)
        return made


class Store:
    """What differs from the baseline."""

    def changed(self, _old: Tree, new: Tree) -> tuple[str, ...]:
        return tuple(CHANGED[new.id])

    def read(self, tree: Tree, path: str) -> bytes | None:
        return CHANGED[tree.id].get(path)


def worlds_of(bench: Bench) -> Worlds:
    worlds = Worlds(bench, Store(), BASE, scale=1)  # type: ignore[arg-type]  # the parts that are asked
    worlds.of(BASE)
    return worlds


def test_a_world_that_is_asked_for_alone_has_its_migrate() -> None:
    worlds = worlds_of(Bench())
    assert not worlds.of(PLAIN).was_spared
    assert worlds.bears_out(PLAIN)


def test_beside_another_it_does_without_where_that_one_wrote_nothing() -> None:
    worlds = worlds_of(Bench(idle=True))
    make = worlds.another_meanwhile(PLAIN)
    own = worlds.of(PLAIN)
    assert own.was_spared
    assert not make().was_spared
    assert worlds.bears_out(PLAIN)
    assert worlds.of(PLAIN) is own


def test_where_that_one_wrote_something_the_tree_gets_a_world_anew() -> None:
    worlds = worlds_of(Bench(idle=False))
    make = worlds.another_meanwhile(PLAIN)
    own = worlds.of(PLAIN)
    make()
    assert not worlds.bears_out(PLAIN)
    worlds.settle()
    assert own.closed  # type: ignore[attr-defined]  # ours
    assert not worlds.of(PLAIN).was_spared
    assert worlds.bears_out(PLAIN)


def test_what_the_other_one_found_is_waited_for() -> None:
    worlds = worlds_of(Bench(idle=False))
    make = worlds.another_meanwhile(PLAIN)
    worlds.of(PLAIN)
    thread = threading.Thread(target=make)
    thread.start()
    assert not worlds.bears_out(PLAIN)
    thread.join()


def test_a_migrate_that_fails_is_the_trees_failure() -> None:
    worlds = worlds_of(Bench(fails=True))
    make = worlds.another_meanwhile(PLAIN)
    worlds.of(PLAIN)
    with pytest.raises(CommandFailed):
        make()
    with pytest.raises(CommandFailed):
        worlds.bears_out(PLAIN)


def test_a_target_whose_migrate_writes_each_time_is_not_played_twice_for_ever() -> None:
    worlds = worlds_of(Bench(idle=False))
    for tree in (PLAIN, OTHER, PLAIN):
        make = worlds.another_meanwhile(tree)
        worlds.of(tree)
        make()
        worlds.bears_out(tree)
        worlds.forget(tree.id)
    worlds.another_meanwhile(OTHER)
    assert not worlds.of(OTHER).was_spared


def test_indexes_come_by_migrate_so_a_tree_that_declares_some_is_not_spared_it() -> None:
    worlds = worlds_of(Bench())
    worlds.another_meanwhile(INDEXED)
    assert not worlds.of(INDEXED).was_spared


def test_without_a_migrate_there_is_nothing_to_spare() -> None:
    worlds = worlds_of(Bench(migrate=None))
    worlds.another_meanwhile(PLAIN)
    assert not worlds.of(PLAIN).was_spared


def test_a_tree_that_was_forgotten_is_not_spared_the_next_time() -> None:
    worlds = worlds_of(Bench())
    worlds.another_meanwhile(PLAIN)
    worlds.of(PLAIN)
    worlds.forget(PLAIN.id)
    assert not worlds.of(PLAIN).was_spared


def test_data_are_made_anew_once_for_an_index_that_no_migrate_makes() -> None:
    bench, larger = Bench(), Bench()
    worlds = worlds_of(bench)
    assert worlds.of(INDEXED).indexes() == {"old", "new"}
    assert len(bench.made) == 3  # the baseline's, one on its data, one anew
    others = Worlds(larger, Store(), BASE, scale=40, more_indexes=worlds.more_indexes)  # type: ignore[arg-type]
    assert others.of(INDEXED).indexes() == {"old", "new"}
    assert len(larger.made) == 2
    assert others.of(PLAIN).indexes() == {"old"}


def test_where_the_index_can_not_be_put_there_the_data_are_made_anew_at_each_scale() -> None:
    worlds, larger = worlds_of(Bench()), Bench()
    worlds.of(INDEXED)
    larger.takes = False
    others = Worlds(larger, Store(), BASE, scale=40, more_indexes=worlds.more_indexes)  # type: ignore[arg-type]
    assert others.of(INDEXED).indexes() == {"old", "new"}
    assert len(larger.made) == 3


@pytest.mark.parametrize("raised", [Fault("its seed is gone"), KeyboardInterrupt()])
def test_where_data_can_not_be_made_anew_nothing_is_left_behind(raised: BaseException) -> None:
    bench = Bench()
    worlds = worlds_of(bench)
    bench.raises = raised
    with pytest.raises(type(raised)):
        worlds.of(INDEXED)
    worlds.close()
    assert [world.closed for world in bench.made] == [True] * 3


def test_one_that_can_not_be_removed_keeps_no_other() -> None:
    def sticks() -> None:
        raise OSError("sticks")

    bench = Bench()
    worlds = worlds_of(bench)
    worlds.of(PLAIN)
    worlds.of(OTHER)
    bench.made[1].close = sticks  # type: ignore[method-assign]
    with pytest.raises(OSError, match="sticks"):
        worlds.close()
    assert [world.closed for world in bench.made] == [True, False, True]
    assert worlds.trees() == ()
