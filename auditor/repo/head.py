"""Where the user's repository stands now, read from files: git is not asked."""

from pathlib import Path

from auditor.repo.git_folder import find_git_folder
from auditor.repo.refs import Head, read_head


def head_of(root: Path, /) -> Head:
    """Commit and branch of the repository around `root` (absolute); all None outside one."""
    folder = find_git_folder(root)
    return Head() if folder is None else read_head(folder)
