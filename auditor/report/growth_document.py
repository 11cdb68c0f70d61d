"""Growth as markdown: what an endpoint costs at several sizes of data, and what that means for more of it."""

from collections.abc import Sequence
from typing import Protocol

from auditor.measure.growth import Fit, Outlook
from auditor.model.text import code


class Growing(Protocol):
    """One endpoint over the sizes."""

    @property
    def endpoint(self) -> str: ...
    @property
    def scales(self) -> tuple[int, ...]: ...
    @property
    def counts(self) -> dict[str, tuple[float, ...]]: ...
    @property
    def latency_ms(self) -> tuple[float, ...]: ...
    @property
    def fits(self) -> dict[str, Fit]: ...
    @property
    def time(self) -> Fit | None: ...
    @property
    def outlook(self) -> Outlook | None: ...


def growth_document(grown: Sequence[Growing], /) -> str:
    """A section; empty when nothing was measured at several sizes."""
    if not grown:
        return ""
    lines = ["", "## Growth", ""]
    for one in grown:
        lines += [f"### {code(one.endpoint)}", ""]
        lines += [
            f"| scale | {' | '.join(map(str, one.scales))} | formula |",
            f"|---|{'---:|' * len(one.scales)}---|",
        ]
        for kind, fit in one.fits.items():
            values = " | ".join(f"{value:,.1f}".removesuffix(".0") for value in one.counts[kind])
            lines.append(
                f"| {kind} | {values} | {code(fit.text('scale'))}{'' if fit.exact else ' (roughly)'} |"
            )
        if one.latency_ms:
            values = " | ".join(f"{value:,.0f}" for value in one.latency_ms)
            formula = "scatters" if one.time is None or not one.time.exact else code(one.time.text("scale"))
            lines.append(f"| ms, warm | {values} | {formula} |")
        if not one.fits:
            lines += ["", "No count grows with the data."]
        lines += ["", *_ahead(one)]
    return "\n".join(lines) + "\n"


def _ahead(one: Growing) -> list[str]:
    if one.outlook is None:
        return ["The times scatter too much to be carried on to more data.", ""]
    ahead = ", ".join(f"{value:,.0f} ms at {factor:,} times" for factor, value in one.outlook.at)
    lines = [f"If it goes on like this: {ahead} the data of scale {one.scales[-1]}."]
    missed = one.outlook.target_missed_at
    if missed is not None:
        lines.append(
            "The target is missed already."
            if missed <= 1
            else f"The target is missed from {missed:,.1f} times on."
        )
    return [*lines, ""]
