"""A report in the form asked for; a form that was made before is taken from the cache."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from auditor.cli.formats import SCREEN
from auditor.engine.fingerprint import tool_fingerprint
from auditor.engine.store import Store, text_key


@dataclass(frozen=True, slots=True)
class Renderer:
    """Turns report texts into documents."""

    cache_dir: Path | None
    width: int
    """Columns of a screen."""
    colour: bool

    def render(self, report: str, form: str, /, *, plan: Path | None = None) -> str:
        """`report`, JSON of `auditor/report@1`, as `form`; `plan` is the file that a screen points at."""
        if form == "json":
            return report
        if self.cache_dir is None:
            return self._made(report, form, plan)
        store = Store(self.cache_dir / "renderings")
        shown = str((self.width, self.colour, plan)) if form == SCREEN else ""
        key = text_key(tool_fingerprint(), form, shown, report)
        text = store.get(key)
        if text is None:
            text = self._made(report, form, plan)
            with contextlib.suppress(OSError):  # the engine has told already that the cache can't be written
                store.put(key, text)
        return text

    def _made(self, report: str, form: str, plan: Path | None) -> str:
        # The report's types and renderers are imported only when there is something to render.
        from auditor.model.report import Report  # noqa: PLC0415

        value = Report.model_validate_json(report)
        if form == SCREEN:
            from auditor.report.terminal import render_screen  # noqa: PLC0415

            plan_path = None if plan is None else str(plan)
            return render_screen(value, width=self.width, colour=self.colour, plan_path=plan_path)
        from auditor.report import render  # noqa: PLC0415

        return render(value, form)
