"""Where the folders lie that travel with the package: prompts, playbooks, the guest side, the sample.

In a checkout they stand beside the package, in an installed wheel inside it (`hatch_build.py` puts them
there).
"""

from pathlib import Path
from typing import Final, Literal

from auditor.model.fault import Fault

BundledFolder = Literal["prompts", "playbooks", "sandbox", "sample"]

_PACKAGE: Final = Path(__file__).resolve().parent
_IN_CHECKOUT: Final[dict[BundledFolder, str]] = {
    "prompts": "prompts",
    "playbooks": "playbooks",
    "sandbox": "sandbox",
    "sample": "evals/cases/discovery/app",
}


def bundled(name: BundledFolder, /) -> Path:
    """The folder called `name`; `Fault` when this installation has none."""
    for folder in (_PACKAGE / "_bundle" / name, _PACKAGE.parent / _IN_CHECKOUT[name]):
        if folder.is_dir():
            return folder
    raise Fault(
        f"this installation of auditor has no {name!r} folder",
        where=str(_PACKAGE),
        hint="install it again from a checkout or a wheel",
    )
