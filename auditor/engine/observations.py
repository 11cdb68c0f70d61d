"""Where observations of a target are kept: numbered, and the last one once more under a name of its own."""

import re
from pathlib import Path
from typing import Final

from auditor.measure.running.bench import target_folder
from auditor.model.canonical import canonical_json
from auditor.model.observation import Observation

OBSERVATIONS: Final = "observations"
LATEST: Final = "latest.json"
CAPTURED: Final = "captured.json"
"""The last one whose requests the target's tests sent; it stands in where nothing was measured."""


def latest_observation(folder: Path, /) -> Observation | None:
    """The last one that was kept for the target whose state folder this is; None when there is none."""
    try:
        content = (folder / OBSERVATIONS / LATEST).read_bytes()
    except OSError:
        return None
    return Observation.model_validate_json(content)


def latest_file(state: Path, tree: Path, /) -> Path | None:
    """The file of the last observation of the target at `tree`, in the user's state folder: measured, else captured."""
    folder = target_folder(state, tree.resolve()) / OBSERVATIONS
    return next((folder / name for name in (LATEST, CAPTURED) if (folder / name).is_file()), None)


def keep_observation(folder: Path, observation: Observation, /) -> Path:
    """Keeps it in the target's state folder; earlier ones stay."""
    folder /= OBSERVATIONS
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    numbers = [
        int(found[1]) for entry in folder.iterdir() if (found := re.fullmatch(r"(\d+)\.json", entry.name))
    ]
    file = folder / f"{max(numbers, default=0) + 1:04}.json"
    text = canonical_json(observation)
    last = folder / (CAPTURED if observation.source == "tests" else LATEST)
    for target in (file, last):
        temporary = target.with_suffix(".part")
        temporary.write_text(text, "utf-8")
        temporary.replace(target)
    return file
