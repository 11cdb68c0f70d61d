"""What the user has done to the target since a run began. Nothing of it changes the run; all of it is said."""

from pathlib import Path

from auditor.repo.head import head_of
from auditor.trial.delivery import edited_since
from auditor.trial.ledger import Ledger
from auditor.trial.trees import TreeStore


def moved_since(ledger: Ledger, root: Path, /) -> tuple[str, ...]:
    """Of the repository around `root` (absolute): another branch, another commit; a sentence each."""
    head = head_of(root)
    said = []
    if ledger.source_branch != head.branch and (ledger.source_branch or head.branch):
        was, now = (name or "no branch" for name in (ledger.source_branch, head.branch))
        said.append(f"{now} is checked out now, it was {was} when the run began")
    if ledger.source_commit and head.commit and ledger.source_commit != head.commit:
        said.append(f"HEAD is {head.commit[:12]} now, it was {ledger.source_commit[:12]} when the run began")
    return tuple(said)


def edited_files(ledger: Ledger, store: TreeStore, root: Path, /) -> tuple[str, ...]:
    """Files of the kept changes that read otherwise now than when the run began."""

    def read(name: str) -> bytes | None:
        file = root / name
        return file.read_bytes() if file.is_file() and not file.is_symlink() else None

    return edited_since(ledger, store, read)


def said_of_the_user(ledger: Ledger, store: TreeStore, root: Path, /) -> tuple[str, ...]:
    """For the end of a run."""
    edited = edited_files(ledger, store, root)
    files = (
        [f"edited since the run began, which judged them as they were: {', '.join(edited)}"] if edited else []
    )
    return (*moved_since(ledger, root), *files)
