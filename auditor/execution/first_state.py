"""The data that a target begins with: what its own commands made, kept as a template for the worlds that come after."""

from collections.abc import Callable, Collection
from pathlib import Path

from auditor.config.command import Command
from auditor.execution.databases.database import Database
from auditor.execution.databases.elsewhere import refuse_data_elsewhere
from auditor.execution.databases.made_up import made_up_rows
from auditor.execution.databases.opening import files_in_tree
from auditor.execution.databases.sqlite import SQLite
from auditor.execution.guest import Guest
from auditor.execution.recipe import Recipe
from auditor.execution.template import DATABASE, FILES, Templates, template_key
from auditor.execution.tree_state import Stamp, changed, put, put_all, stamps


class FirstState:
    """Brings the database and the tree of one world to their first state."""

    def __init__(
        self,
        recipe: Recipe,
        database: Database,
        *,
        tree: Path,
        digest: str,
        scale: int,
        templates: Templates,
        based_on: str | None,
        replaced: Collection[str],
        guest: Guest,
        run: Callable[[Command | None, str], None],
    ) -> None:
        """`run` runs a command (none for None) under the name that its failure goes by, and what it writes stays.

        `digest` is that of the tree's copy, `based_on` the key of a template that a changed tree starts from, `replaced` the files of
        the tree that are not the template's.
        """
        self._recipe = recipe
        self._database = database
        self._tree = tree
        self._templates = templates
        self._based_on = based_on
        self._replaced = replaced
        self._guest = guest
        self._run = run
        self._digest = digest
        self._scale = scale
        self.was_spared = False
        """Whether `migrate` was left out."""
        self.was_idle = True
        """Whether `migrate`, where it ran on data that were there, wrote nothing."""

    @property
    def key(self) -> str:
        """Of its template."""
        return template_key(self._recipe, digest=self._digest, scale=self._scale, engine=self._database.name)

    def bring(self, *, migrate: bool) -> bool:
        """True when the target's commands were run for it; see `World.prepare`."""
        found = self._templates.find(self.key)
        base = self._templates.find(self._based_on) if self._based_on and found is None else None
        if found is not None:
            self._take(found)
        elif base is not None:
            self._take(base)
            self.was_spared = not migrate
            if migrate:
                self._migrate()
        else:
            self._make()
        return found is None

    def _take(self, template: Path) -> None:
        put_all(template / FILES, self._tree, guest=self._guest, aside=self._replaced)
        self._database.take(template / DATABASE)

    def _migrate(self) -> None:
        """On data that are there; what it did not write need not be marked."""
        before = self._database.mark_of_state(), self._written()
        self._run(self._recipe.boot.migrate, "migrate")
        self.was_idle = (self._database.mark_of_state(), self._written()) == before
        if not self.was_idle:
            self._database.mark()

    def _written(self) -> dict[str, Stamp]:
        """What of the tree is no database."""
        aside = files_in_tree(self._recipe)
        return {path: stamp for path, stamp in stamps(self._tree).items() if path not in aside}

    def _make(self) -> None:
        """By `migrate` and `seed`, on an empty database; a user's own is not seeded, and not kept."""
        boot, settings = self._recipe.boot, self._recipe.database
        self.was_idle = False
        self._database.start_empty()
        before = stamps(self._tree)
        self._run(boot.migrate, "migrate")
        if not self._database.is_users:
            self._run(settings.seed, "seed")
        if (
            (boot.migrate or settings.seed)
            and isinstance(self._database, SQLite)
            and not self._database.exists()
        ):
            refuse_data_elsewhere(self._tree, stamps(self._tree))
        self._database.mark()
        if settings.made_up and not self._database.is_users:
            number = settings.made_up * self._scale
            self._database.put_rows(
                made_up_rows(self._database.tables(), self._database.dump(), number=number)
            )
        if not self._database.is_users:
            self._keep(changed(before, stamps(self._tree)))

    def _keep(self, paths: tuple[str, ...]) -> None:
        made = self._templates.begin()
        (made / FILES).mkdir()
        files = set(paths) - set(files_in_tree(self._recipe))
        parents = {parent for path in files for parent in _parents(path)}
        for path in sorted(files | parents):
            if (self._tree / path).exists() or (self._tree / path).is_symlink():
                put(self._tree, path, made / FILES, guest=self._guest)
        self._database.store(made / DATABASE)
        self._templates.keep(self.key, made)


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
