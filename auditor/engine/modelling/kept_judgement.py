"""What a model said of an endpoint, kept with the run so that going on with it does not ask again."""

import hashlib
import os
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from auditor.stages.judging import Judged

_ADAPTER: TypeAdapter[Judged] = TypeAdapter(Judged)


def judged_file(folder: Path, endpoint: str, /) -> Path:
    """Where it stands in a run's folder."""
    name = hashlib.sha256(endpoint.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return folder / f"judged-{name}.json"


def kept_judged(path: Path, endpoint: str, /) -> Judged | None:
    """What was kept of this endpoint; None where there is nothing, or nothing that can be read."""
    try:
        judged = _ADAPTER.validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
    return judged if judged.endpoint == endpoint else None


def keep_judged(path: Path, judged: Judged, /) -> None:
    """Whole or not at all."""
    partial = path.with_suffix(".new")
    with partial.open("wb") as file:
        file.write(_ADAPTER.dump_json(judged))
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
