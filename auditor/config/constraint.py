"""``[[constraint]]``: what no change may do, given beforehand by the user or learnt from a failure."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, Literal, get_args

from pydantic import TypeAdapter, ValidationError

from auditor.config.nearest import did_you_mean
from auditor.model.constraint import Constraint, ConstraintRule, Rule
from auditor.model.fault import Fault

_RULES: Final[Mapping[str, type[Rule]]] = {
    rule.model_fields["kind"].default: rule for rule in get_args(get_args(ConstraintRule)[0])
}
CONSTRAINT_KINDS: Final = tuple(sorted(_RULES))
Writer = Literal["target", "user", "auditor"]
"""Whose words they are: of `auditor.toml`, of a command, of auditor's own file."""
_ABOUT: Final[Mapping[Writer, tuple[str, ...]]] = {
    "target": ("because", "expires"),
    "user": ("because", "expires", "runs"),
    "auditor": ("because", "expires", "runs", "origin", "change", "evidence"),
}
"""Runs are counted down in auditor's own file; the target's is never written."""


def parse_constraints(
    entries: Sequence[Mapping[str, Any]], /, *, name: str, by: Writer = "target"
) -> tuple[Constraint, ...]:
    """Every entry, in the file's order; `name` is what messages call the file, `by` who wrote it."""
    return tuple(
        parse_constraint(values, where=f"{name}: constraint {number}", by=by)
        for number, values in enumerate(entries, start=1)
    )


def parse_constraint(values: Mapping[str, Any], /, *, where: str, by: Writer = "target") -> Constraint:
    """One entry; `Fault` with what is wrong with it."""
    kind = values.get("kind")
    if not isinstance(kind, str) or kind not in _RULES:
        hint = did_you_mean(kind, CONSTRAINT_KINDS) if isinstance(kind, str) else 'kind = "no-new-import"'
        raise Fault(f"{kind!r} is no kind of constraint" if kind else "has no 'kind'", where=where, hint=hint)
    about = _ABOUT[by]
    fields = tuple(_RULES[kind].model_fields)
    for key in values:
        if key not in (*fields, *about):
            raise Fault(f"unknown key {key!r}", where=where, hint=did_you_mean(key, (*fields, *about)))
    try:
        rule: ConstraintRule = _ADAPTER.validate_python(
            {key: value for key, value in values.items() if key in fields}
        )
        return Constraint(
            rule=rule,
            origin=_origin(values),
            because=values.get("because", "the user says so"),
            evidence=values.get("evidence", ()),
            change=values.get("change"),
            expires=_day(values, where),
            runs=values.get("runs"),
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"] if part != kind)
        said = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
        raise Fault(f"{place!r} {said[0].lower()}{said[1:]}", where=where) from error


def constraint_values(constraint: Constraint, /) -> dict[str, Any]:
    """What `parse_constraint` reads for auditor's own file; what is as by default is left out."""
    rule = constraint.rule.model_dump(mode="json", exclude_defaults=True)
    about = constraint.model_dump(exclude={"rule"}, exclude_none=True, exclude_defaults=True)
    return {"kind": constraint.rule.kind, **rule, **about}


def _origin(values: Mapping[str, Any]) -> Literal["learnt", "user"]:
    return "learnt" if values.get("origin") == "learnt" else "user"


def _day(values: Mapping[str, Any], where: str) -> date | None:
    day = values.get("expires")
    if isinstance(day, str):
        try:
            day = date.fromisoformat(day)
        except ValueError:
            day = ()
    if day is not None and type(day) is not date:
        raise Fault("'expires' must be a day", where=where, hint="expires = 2027-01-31")
    return day


_ADAPTER: Final[TypeAdapter[Any]] = TypeAdapter(ConstraintRule)
