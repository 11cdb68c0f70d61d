"""Where in the tree a dotted module name is imported from."""

from auditor.execution.detect.tree import Tree


def import_folder(tree: Tree, module: str, /, *, near: str = "") -> str | None:
    """The folder in which `module` can be imported; empty is the top, None when the tree has no such module.

    Of several the one at or nearest below or above `near`, then the one nearest to the top.
    """
    path = module.replace(".", "/")
    folders: list[str] = []
    for end in (f"{path}.py", f"{path}/__init__.py"):
        folders.extend(
            file[: -len(end)].rstrip("/") for file in tree.files if file == end or file.endswith(f"/{end}")
        )
    if not folders:
        folders = [""] if path in tree.known else []
    return min(
        folders, key=lambda folder: (not _related(folder, near), folder.count("/"), folder), default=None
    )


def module_of(file: str, folder: str, /) -> str:
    """The dotted name of a file imported from `folder`."""
    inner = file[len(folder) :].lstrip("/") if folder else file
    return inner.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _related(folder: str, near: str) -> bool:
    return folder == near or not near or folder.startswith(f"{near}/") or near.startswith(f"{folder}/")
