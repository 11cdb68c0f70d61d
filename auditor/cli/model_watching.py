"""What is told of a model while a command asks it."""

import os
from typing import TYPE_CHECKING

from auditor.cli.narration import Narration
from auditor.config.user import UserSettings

if TYPE_CHECKING:  # it brings the engine along
    from auditor.engine.modelling.opening import ModelChoice
    from auditor.llm.watching import Seen


def chosen_model(user: UserSettings, narration: Narration, /) -> "ModelChoice | None":
    """The model that the user named, after the line that says what will be sent where; None where none is named.

    Raises:
        Fault: it can't be asked, and why.
    """
    if user.model.name is None:
        return None
    from auditor.engine.modelling.opening import model_choice  # noqa: PLC0415  as above
    from auditor.llm.exchange import Noted  # noqa: PLC0415
    from auditor.llm.watching import Repairing, Retrying  # noqa: PLC0415

    def watch(seen: "Seen") -> None:
        match seen:
            case Retrying(why=why, pause_s=pause):
                narration.say(f"{why}; trying again in {pause:.0f} s")
            case Repairing(problems=problems):
                narration.say(f"the answer can't be used and is asked for again: {problems[0]}")
            case Noted(text=text):
                narration.say(text)
            case _:
                pass

    choice = model_choice(user, os.environ, watch=watch)
    if choice is not None:
        narration.say(choice.first_line)
        for warning in choice.warnings:
            narration.warn(warning)
    return choice
