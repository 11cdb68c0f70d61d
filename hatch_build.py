"""Build hook of the wheel: bundles what lies beside the package in a checkout, as far as it exists.

`auditor.bundle` finds it again in either place. Of the sample only the application's tree is taken: its
truth, gold patches and traps would give an evaluation away.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLED = {
    "prompts": "prompts",
    "playbooks": "playbooks",
    "sandbox": "sandbox",
    "evals/cases/discovery/app": "sample",
}


class BundleHook(BuildHookInterface[Any]):
    """Adds the folders of `BUNDLED` under ``auditor/_bundle``; an editable install reads the checkout."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it collects the files of a wheel."""
        if version == "editable":
            return
        for source, name in BUNDLED.items():
            if (Path(self.root) / source).is_dir():
                build_data["force_include"][source] = f"auditor/_bundle/{name}"
