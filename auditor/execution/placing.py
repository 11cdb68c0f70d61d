"""Where there is no file system of the jail's own, things stay where they are and the words change."""

import re

from auditor.execution.confinement import Confinement


def in_place(confinement: Confinement, /) -> tuple[list[str], dict[str, str], str]:
    """Command, environment and folder with each path of the jail replaced by that of the host.

    A path counts where it stands as a word of its own or after ``:``, ``=``, ``,`` or a quote, as in
    ``PYTHONPATH=/auditor/probe:/work`` or ``unix:/run/auditor/app.sock``.
    """
    places = {bind.target: str(bind.source) for bind in confinement.binds}
    longest_first = sorted(places, key=len, reverse=True)
    pattern = "|".join(re.escape(target) for target in longest_first) or r"(?!)"
    paths = re.compile(rf"(?<![\w./-])({pattern})(?![\w.-])")

    def moved(text: str) -> str:
        return paths.sub(lambda found: places[found[1]], text)

    env = {name: moved(value) for name, value in confinement.env}
    return [moved(word) for word in confinement.argv], env, moved(confinement.cwd)
