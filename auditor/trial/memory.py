"""What is known of a target beyond one run: `constraints.toml` in its state folder, to be read and edited by a person.

It holds what was learnt or added by command, and patches that failed and are not run again. What the events of a run say was true of
that run; what holds for the next one stands here, so that a line taken out of this file is forgotten.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from auditor.config.constraint import constraint_values, parse_constraints
from auditor.config.nearest import did_you_mean
from auditor.config.toml_text import toml_values
from auditor.model.constraint import Constraint
from auditor.model.fault import Fault
from auditor.trial.constraints import active

FILE: Final = "constraints.toml"
SCHEMA: Final = "auditor/constraints@1"
_HEAD: Final = f"""\
# What no change of this target may do: learnt from failures, or added by you. Edit it as you like;
# `auditor constraint list` shows it, `auditor constraint lift ID` takes one out.
schema = "{SCHEMA}"
"""
_HINT: Final = "mend it, or move it away: then nothing is remembered"
_MOST_BYTES: Final = 16 << 20
_REFUSED_KEYS: Final = ("form", "change", "title", "gate", "because", "part", "taught", "only_with")


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedPatch:
    """A patch that is not run again."""

    form: str
    """`auditor.trial.repeating.normal_form`."""
    change: str
    title: str
    gate: str
    """The gate that stopped it; `undone` where a kept change was taken out afterwards."""
    because: str
    part: tuple[str, ...] = ()
    """Forms of the units that are at fault: a patch with all of them fails for the same reason."""
    taught: str | None = None
    """The constraint that was learnt; lifted together with it."""
    only_with: str = ""
    """A digest of the gates, the workload and the settings without which the failure says nothing; empty holds always for what was undone."""

    @property
    def id(self) -> str:
        """As a command names it."""
        return "P-" + "".join(char if char.isprintable() else "-" for char in self.form[:8])


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """The file's content."""

    constraints: tuple[Constraint, ...] = ()
    failed: tuple[FailedPatch, ...] = ()


@dataclass(frozen=True, slots=True)
class Memory:
    """The file. Each change of it is on the disk, whole, when the method returns."""

    folder: Path
    """Of the target's state."""
    path: Path = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", self.folder / FILE)

    def read(self) -> Remembered:
        """Nothing where there is no file.

        Raises:
            Fault: it can't be read, or not be understood.
        """
        try:
            if self.path.stat().st_size > _MOST_BYTES:
                raise Fault(f"has more than {_MOST_BYTES >> 20} MiB", where=str(self.path), hint=_HINT)
            values = toml_values(self.path.read_text("utf-8"))
        except FileNotFoundError:
            return Remembered()
        except OSError as error:
            raise Fault(f"can't be read: {error.strerror or error}", where=str(self.path)) from error
        except ValueError as error:
            raise Fault(f"is not TOML: {error}", where=str(self.path), hint=_HINT) from error
        return self._parsed(values)

    def holding(self, given: Iterable[Constraint], /, *, today: date) -> tuple[Constraint, ...]:
        """What holds today: the target's own settings' first, one of each."""
        found = {one.id: one for one in (*given, *self.read().constraints)}
        return active(found.values(), today=today)

    def add(self, constraint: Constraint, /) -> None:
        """Remembers it; the same rule again takes the place of the first."""
        known = self.read()
        rest = tuple(one for one in known.constraints if one.id != constraint.id)
        self._write(replace(known, constraints=(*rest, constraint)))

    def add_failed(self, patch: FailedPatch, /) -> None:
        """Remembers that it is not to be run again."""
        known = self.read()
        rest = tuple(one for one in known.failed if one.form != patch.form)
        self._write(replace(known, failed=(*rest, patch)))

    def count_run(self) -> None:
        """A run begins: what holds for a number of runs holds for one less after it."""
        known = self.read()
        if any(one.runs for one in known.constraints):
            counted = tuple(
                one.model_copy(update={"runs": one.runs - 1}) if one.runs else one
                for one in known.constraints
            )
            self._write(replace(known, constraints=counted))

    def lift(self, id_: str, /) -> tuple[str, ...]:
        """Forgets a constraint with the failures that taught it, or a failure; gives what was forgotten, by id.

        Raises:
            Fault: nothing has this id.
        """
        known = self.read()
        gone = [one.id for one in known.constraints if one.id == id_]
        gone += [one.id for one in known.failed if id_ in {one.id, one.taught}]
        if not gone:
            ids = [*(one.id for one in known.constraints), *(one.id for one in known.failed)]
            raise Fault(
                f"there is no constraint {id_!r}",
                where=str(self.path),
                hint=did_you_mean(id_, ids) if ids else "nothing has been learnt",
            )
        self._write(
            Remembered(
                constraints=tuple(one for one in known.constraints if one.id not in gone),
                failed=tuple(one for one in known.failed if one.id not in gone),
            )
        )
        return tuple(gone)

    def _parsed(self, values: Mapping[str, Any]) -> Remembered:
        where = str(self.path)
        if values.get("schema") != SCHEMA:
            raise Fault(f"is of version {values.get('schema')!r}, not {SCHEMA!r}", where=where, hint=_HINT)
        for key, entries in values.items():
            if key not in {"schema", "constraint", "failed"}:
                hint = did_you_mean(key, ("constraint", "failed"))
                raise Fault(f"unknown key {key!r}", where=where, hint=hint)
            if key != "schema" and not _tables(entries):
                raise Fault(f"{key!r} must be a repeated section, written [[{key}]]", where=where)
        failed = tuple(
            _failed(entry, f"{where}: failed {number}")
            for number, entry in enumerate(values.get("failed", ()), start=1)
        )
        constraints = parse_constraints(values.get("constraint", ()), name=where, by="auditor")
        return Remembered(constraints=constraints, failed=failed)

    def _write(self, remembered: Remembered) -> None:
        parts = [_HEAD]
        parts += [
            f"\n# {constraint.id}\n[[constraint]]\n{_lines(constraint_values(constraint))}"
            for constraint in remembered.constraints
        ]
        for failed in remembered.failed:
            values = {key: getattr(failed, key) for key in _REFUSED_KEYS}
            values = {key: value for key, value in values.items() if value not in (None, "", ())}
            parts.append(f"\n# {failed.id}\n[[failed]]\n{_lines(values)}")
        write_whole(self.path, "".join(parts).encode())


def write_whole(path: Path, content: bytes, /) -> None:
    """The file has this content or the one before, whatever happens meanwhile.

    Raises:
        Fault: it can't be written; then it is as before.
    """
    fresh = path.with_name(f"{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(fresh, flags, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        hint = "make room and run it again; nothing is lost"
        raise Fault(f"can't be written: {error.strerror or error}", where=str(path), hint=hint) from error


def _failed(values: Mapping[str, Any], where: str) -> FailedPatch:
    for key, value in values.items():
        if key not in _REFUSED_KEYS:
            raise Fault(f"unknown key {key!r}", where=where, hint=did_you_mean(key, _REFUSED_KEYS))
        fits = isinstance(value, list) and all(isinstance(one, str) for one in value) if key == "part" else isinstance(value, str)  # fmt: skip
        if not fits:
            raise Fault(f"{key!r} must be {'a list of texts' if key == 'part' else 'a text'}", where=where)
    if not values.get("form"):
        raise Fault("has no 'form'", where=where, hint=_HINT)
    texts = {key: values.get(key, "") for key in ("form", "change", "title", "gate", "because", "only_with")}
    return FailedPatch(**texts, part=tuple(values.get("part", ())), taught=values.get("taught"))


def _tables(entries: object) -> bool:
    return isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries)


def _lines(values: Mapping[str, Any]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in values.items())


def _value(value: object) -> str:
    """As TOML: texts are JSON's, but for a character that JSON leaves bare."""
    match value:
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case date():
            return value.isoformat()
        case list() | tuple():
            inner = [_value(each) for each in value]
            joined = ", ".join(inner)
            return (
                f"[{joined}]" if len(joined) < 90 else "[\n" + "".join(f"  {one},\n" for one in inner) + "]"
            )
        case _:
            return json.dumps(value)
