"""The observation that `--measured` names, or the last one kept of a target."""

from pathlib import Path

from pydantic import ValidationError

from auditor.cli.given_file import given_text
from auditor.config.user import load_user_settings
from auditor.engine.observations import latest_file
from auditor.model.fault import Fault
from auditor.model.observation import Observation


def observation_text(named: str, tree: Path, /, *, state: Path | None) -> str:
    """JSON of `auditor/observation@1`: that of the file `named`, or of the last one of `tree` where it is empty.

    Raises:
        Fault: there is none, or it can't be used.
    """
    file = Path(named) if named else latest_file(state or load_user_settings().state_dir, tree)
    if file is None:
        raise Fault(
            "nothing was measured of this tree",
            where=str(tree),
            hint=f"`auditor measure {tree}` measures it; `--measured FILE` names an observation",
        )
    if file.is_dir():
        raise Fault(
            "is a folder, not an observation", where=str(file), hint=f"`auditor audit {named} --measured`"
        )
    text = given_text(file, what="an observation")
    try:
        Observation.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise Fault(
            f"is no observation: {place}: {first['msg']}",
            where=str(file),
            hint="`auditor measure --format json --output FILE` writes one",
        ) from error
    return text
