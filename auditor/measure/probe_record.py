"""One line of the probe's spool (`auditor/probe@1`, docs/decisions/0005) as typed values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self, get_args

from auditor.model.effect import EffectKind

ProbeKind = Literal[EffectKind, "pool-wait", "lazy-load"]
_KINDS = frozenset(get_args(EffectKind)) | {"pool-wait", "lazy-load"}

Frame = tuple[str, int, str]
"""File relative to the work copy, line, function."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeEffect:
    """One effect that was seen."""

    kind: ProbeKind
    op: str = ""
    text: str = ""
    shape: str = ""
    rows: int | None = None
    ms: float = 0.0
    stack: int | None = None
    """Index into the record's stacks."""
    stage: int | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRecord:
    """What the probe saw of one request, or outside any."""

    request: str | None
    pid: int = 0
    method: str = ""
    path: str = ""
    status: int | None = None
    wall_ms: float = 0.0
    cpu_ms: float | None = None
    ttfb_ms: float = 0.0
    bytes_out: int = 0
    effects: tuple[ProbeEffect, ...] = ()
    stacks: tuple[tuple[Frame, ...], ...] = ()
    """Outermost first."""
    stages: tuple[tuple[str, int, str, float], ...] = ()
    errors: tuple[tuple[str, str], ...] = ()
    """Type and message of what left the application."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    lines: Mapping[str, tuple[int, ...]] | None = None

    @classmethod
    def of(cls, tree: Mapping[str, Any], /) -> Self:
        """From parsed JSON; ValueError when it is not of this version or shape."""
        if tree.get("v") != 1:
            message = f"a record of version {tree.get('v')!r}, not 1"
            raise ValueError(message)
        try:
            return cls._of(tree)
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            message = f"not a record of the probe: {error!r}"
            raise ValueError(message) from error

    @classmethod
    def _of(cls, tree: Mapping[str, Any]) -> Self:
        lines = tree.get("lines")
        return cls(
            request=tree["request"],
            pid=tree.get("pid", 0),
            method=tree.get("method") or "",
            path=tree.get("path") or "",
            status=tree.get("status"),
            wall_ms=tree.get("wall_ms") or 0.0,
            cpu_ms=tree.get("cpu_ms"),
            ttfb_ms=tree.get("ttfb_ms") or 0.0,
            bytes_out=tree.get("bytes_out") or 0,
            effects=tuple(_effect(effect) for effect in tree.get("effects", ())),
            stacks=tuple(
                tuple((frame[0], frame[1], frame[2]) for frame in stack) for stack in tree.get("stacks", ())
            ),
            stages=tuple((s[0], s[1], s[2], s[3]) for s in tree.get("stages", ())),
            errors=tuple((error[0], error[1]) for error in tree.get("errors", ())),
            dropped=dict(tree.get("dropped") or {}),
            lines=None if lines is None else {file: tuple(numbers) for file, numbers in lines.items()},
        )


def _effect(tree: Mapping[str, Any]) -> ProbeEffect:
    if tree["kind"] not in _KINDS:
        message = f"an effect of the unknown kind {tree['kind']!r}"
        raise ValueError(message)
    return ProbeEffect(
        kind=tree["kind"],
        op=tree.get("op") or "",
        text=tree.get("text") or "",
        shape=str(tree.get("shape") or ""),
        rows=tree.get("rows"),
        ms=tree.get("ms") or 0.0,
        stack=tree.get("stack"),
        stage=tree.get("stage"),
        detail=dict(tree.get("detail") or {}),
    )
