"""A contract as a folder: the format of docs/decisions/0005. The same contract gives the same bytes."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote

from auditor.measure.answer import Answer
from auditor.measure.content_folder import read_folder, write_folder
from auditor.measure.contract.contract import About, Contract
from auditor.measure.contract.deeds import Deed
from auditor.measure.contract.mask import Mask
from auditor.measure.contract.recording import Heard, Recording
from auditor.measure.contract.row_changes import TableChanges
from auditor.measure.workload import parse_workload
from auditor.model.fault import Fault

SCHEMA: Final = "auditor/contract@1"
HINT: Final = "record it again with `auditor record`"


def save_contract(contract: Contract, folder: Path, /) -> None:
    """Writes it in the place of `folder`, whole or not at all; OSError when that is not possible."""
    write_folder(folder, contract_files(contract))


def load_contract(folder: Path, /) -> Contract:
    """Reads it; `Fault` when it is not there, damaged, or of another version."""
    files = read_folder(folder, hint=HINT)
    try:
        head = json.loads(files["contract.json"])
        if head.get("schema") != SCHEMA:
            raise Fault(f"is of version {head.get('schema')!r}, not {SCHEMA!r}", where=str(folder), hint=HINT)
        return _contract(head, files, str(folder))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise Fault(f"is damaged: {error!r}", where=str(folder), hint=HINT) from error


def contract_files(contract: Contract, /) -> dict[str, bytes]:
    """Its files by name: `contract.json`, `requests.jsonl`, `answers.jsonl`, `effects.jsonl`, `bodies/`, `state/`."""
    recording = contract.recording
    head = {
        "schema": SCHEMA,
        "workload": contract.workload.digest,
        "about": contract.about.model_dump(mode="json"),
        "mode": recording.mode,
        "runs": contract.runs,
        "statuses": {id_: list(seen) for id_, seen in contract.statuses.items()},
        "masks": {id_: _mask(mask) for id_, mask in contract.masks.items()},
        "left": _mask(contract.left),
        "once": sorted(recording.once),
        "seldom": sorted(recording.seldom),
    }
    files = {
        "contract.json": json.dumps(head, indent=1, sort_keys=True).encode() + b"\n",
        "requests.jsonl": contract.workload.render().encode(),
        "answers.jsonl": _lines(_answer(id_, heard) for id_, heard in recording.heard.items()),
        "effects.jsonl": _lines(
            {
                "request": id_,
                "effects": [deed.model_dump(mode="json", exclude_defaults=True) for deed in deeds],
            }
            for id_, deeds in [
                *((i, h.deeds) for i, h in recording.heard.items()),
                (None, recording.deferred),
            ]
        ),
    }
    for heard in recording.heard.values():
        if heard.answer.body:
            files[f"bodies/{hashlib.sha256(heard.answer.body).hexdigest()}"] = heard.answer.body
    for table, changes in recording.changes.items():
        files[f"state/{quote(table, safe='')}.jsonl"] = _lines(_changes(changes))
    return files


def _contract(head: Mapping[str, Any], files: Mapping[str, bytes], where: str) -> Contract:
    workload = parse_workload(files["requests.jsonl"], name=f"{where}/requests.jsonl")
    if workload.digest != head["workload"]:
        raise Fault("holds another workload than it was recorded with", where=where, hint=HINT)
    deeds = {
        line["request"]: tuple(map(Deed.model_validate, line["effects"]))
        for line in _read(files, "effects.jsonl")
    }
    heard = {
        line["request"]: Heard(
            answer=_read_answer(line, files), deeds=deeds[line["request"]], observed=line["observed"]
        )
        for line in _read(files, "answers.jsonl")
    }
    changes = {
        unquote(name.removeprefix("state/").removesuffix(".jsonl")): _read_changes(_read(files, name))
        for name in sorted(files)
        if name.startswith("state/")
    }
    return Contract(
        about=About.model_validate(head["about"]),
        workload=workload,
        recording=Recording(
            mode=head["mode"],
            heard=heard,
            deferred=deeds[None],
            changes=changes,
            once=frozenset(head.get("once", ())),
            seldom=frozenset(head.get("seldom", ())),
        ),
        runs=head["runs"],
        masks={id_: Mask.model_validate({"blurs": blurs}) for id_, blurs in head["masks"].items()},
        left=Mask.model_validate({"blurs": head["left"]}),
        statuses={id_: tuple(seen) for id_, seen in head["statuses"].items()},
    )


def _mask(mask: Mask) -> list[dict[str, Any]]:
    return [blur.model_dump(mode="json", exclude_defaults=True) for blur in mask.blurs]


def _answer(id_: str, heard: Heard) -> dict[str, Any]:
    tree = asdict(heard.answer)
    body = tree.pop("body")
    for clocked in ("ttfb_ms", "total_ms"):
        del tree[clocked]
    kept = hashlib.sha256(body).hexdigest() if body else None
    return {"request": id_, "observed": heard.observed, "kept": kept, **tree}


def _read_answer(line: Mapping[str, Any], files: Mapping[str, bytes]) -> Answer:
    known = {key: line[key] for key in ("ending", "status", "body_bytes", "sha256", "error")}
    body = files[f"bodies/{line['kept']}"] if line["kept"] else b""
    return Answer(**known, headers=tuple((name, value) for name, value in line["headers"]), body=body)


def _changes(changes: TableChanges) -> Iterable[dict[str, Any]]:
    yield from ({"added": row} for row in changes.added)
    yield from ({"removed": row} for row in changes.removed)
    yield from ({"before": before, "after": after} for before, after in changes.changed)


def _read_changes(lines: list[Any]) -> TableChanges:
    return TableChanges(
        added=tuple(line["added"] for line in lines if "added" in line),
        removed=tuple(line["removed"] for line in lines if "removed" in line),
        changed=tuple((line["before"], line["after"]) for line in lines if "before" in line),
    )


def _lines(trees: Iterable[Mapping[str, Any]]) -> bytes:
    texts = (json.dumps(tree, sort_keys=True, separators=(",", ":")) for tree in trees)
    return "".join(text + "\n" for text in texts).encode()


def _read(files: Mapping[str, bytes], name: str) -> list[Any]:
    return [json.loads(line) for line in files[name].splitlines()]
