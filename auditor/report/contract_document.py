"""A contract, and differences from one, as documents: markdown for people, JSON for programs."""

import json
from collections.abc import Sequence
from typing import Any, Final

from auditor.measure.contract.body import body_tree
from auditor.measure.contract.contract import Contract
from auditor.measure.contract.difference import Difference, failures
from auditor.measure.contract.freshness import rereads
from auditor.measure.contract.mask import Blur
from auditor.measure.contract.recording import Heard
from auditor.model.text import listed
from auditor.report.document.escape import code, sentence, table
from auditor.report.figures import count

DIFFERENCES: Final = "auditor/differences@1"
SHOWN: Final = "auditor/contract-summary@1"
_MOST_BLURS: Final = 200


def contract_json(contract: Contract, /) -> str:
    """What it holds, without the bodies."""
    return json.dumps(_summary(contract), ensure_ascii=False, indent=2) + "\n"


def contract_markdown(contract: Contract, /) -> str:
    """What it holds: where from, each request, what is noise, what changed in the database, what it can't judge."""
    recording, about = contract.recording, contract.about
    steps = {request.id: request for request in contract.workload.requests}
    rows = [
        (
            code(id_),
            code(f"{steps[id_].method} {steps[id_].path}"),
            *_heard(heard),
            str(_noise(contract, id_)),
        )
        for id_, heard in recording.heard.items()
    ]
    hashes = f"workload {code(contract.workload.digest[:12])}, tree {code(about.tree[:12])}"
    parts = [
        "# Contract",
        f"{len(rows)} requests, sent {recording.mode}; noise learnt from {contract.runs} runs; {hashes}.",
        "\n".join(f"- {sentence(name)}: {code(value)}" for name, value in sorted(about.environment.items())),
        "## What it can't judge",
        *(_limits(contract) or ["Nothing was found."]),
        "## Noise",
        *(_noise_lines(contract) or ["Two runs gave the same."]),
        "## Left behind",
        *(_left_lines(contract) or ["Nothing."]),
        "## Answers",
        table(("request", "sent", "answer", "body", "effects", "noisy places"), rows),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def differences_json(found: Sequence[Difference], /) -> str:
    """Every difference with its sentence."""
    tree = {
        "schema": DIFFERENCES,
        "failures": len(failures(tuple(found))),
        "differences": [{**each.model_dump(mode="json"), "text": each.sentence()} for each in found],
    }
    return json.dumps(tree, ensure_ascii=False, indent=2) + "\n"


def differences_markdown(found: Sequence[Difference], /) -> str:
    """Failures first, then what was declared; the same at the same place in many requests is one line."""
    failed = failures(tuple(found))
    declared = [each for each in found if each.allowed]
    if not found:
        return "No differences.\n"
    parts = [f"# {len(failed)} differences" if len(failed) != 1 else "# 1 difference"]
    if failed:
        parts.append("\n".join(_alike(failed)))
    if declared:
        parts += ["## Declared beforehand", "\n".join(_alike(declared))]
    return "\n\n".join(parts) + "\n"


def _alike(found: Sequence[Difference]) -> list[str]:
    groups: dict[tuple[str, str, str], list[Difference]] = {}
    for each in found:
        groups.setdefault((each.part, each.what, each.place), []).append(each)
    lines = []
    for first, *others in groups.values():
        more = [code(each.request or "at the end") for each in others]
        also = f"; so in {count(len(more), 'more request')}: {listed(more)}" if more else ""
        lines.append(f"- {sentence(first.sentence() + also)}")
    return lines


def _summary(contract: Contract) -> dict[str, Any]:
    recording = contract.recording
    return {
        "schema": SHOWN,
        "about": contract.about.model_dump(mode="json"),
        "workload": contract.workload.digest,
        "mode": recording.mode,
        "runs": contract.runs,
        "requests": [
            {
                "id": id_,
                "status": heard.answer.status,
                "ending": heard.answer.ending,
                "body": body_tree(heard.answer)["as"],
                "bytes": heard.answer.body_bytes,
                "effects": len(heard.deeds),
                "noise": [blur.place for blur in _blurs(contract, id_)],
            }
            for id_, heard in recording.heard.items()
        ],
        "tables": {
            name: {"added": len(of.added), "removed": len(of.removed), "changed": len(of.changed)}
            for name, of in recording.changes.items()
        },
        "rereads": [[each.before, each.write, each.after] for each in rereads(contract)],
        "unsteady": list(contract.unsteady),
    }


def _heard(heard: Heard) -> tuple[str, str, str]:
    answer = heard.answer
    said = str(answer.status) if answer.ending == "answered" else answer.ending
    return said, f"{body_tree(answer)['as']}, {answer.body_bytes:,} bytes", str(len(heard.deeds))


def _blurs(contract: Contract, id_: str) -> tuple[Blur, ...]:
    mask = contract.masks.get(id_)
    return () if mask is None else mask.blurs


def _noise(contract: Contract, id_: str) -> int:
    return len(_blurs(contract, id_))


def _noise_lines(contract: Contract) -> list[str]:
    blurs = [(id_, blur) for id_ in contract.masks for blur in _blurs(contract, id_)]
    blurs += [("at the end", blur) for blur in contract.left.blurs]
    lines = [f"- {code(id_)} {code(blur.place)}: {_said(blur)}" for id_, blur in blurs[:_MOST_BLURS]]
    more = [f"- and {len(blurs) - _MOST_BLURS} more"] if len(blurs) > _MOST_BLURS else []
    return ["\n".join([*lines, *more])] if lines else []


def _said(blur: Blur) -> str:
    said = [f"any {' or '.join(blur.kinds)}"] if blur.kinds else []
    return sentence(", ".join([*said, *(["any order"] if blur.order else [])]))


def _left_lines(contract: Contract) -> list[str]:
    lines = [
        f"- table {code(name)}: {len(of.added)} rows added, {len(of.changed)} changed, {len(of.removed)} removed"
        for name, of in contract.recording.changes.items()
    ]
    return ["\n".join(lines)] if lines else []


def _limits(contract: Contract) -> list[str]:
    lines = []
    if contract.runs < 2:
        lines.append(
            "- Noise: it was recorded once, so whatever varies by itself will look like a difference."
        )
    if not rereads(contract):
        lines.append("- Caching: nothing is read before and after a write that changes it.")
    if contract.unsteady:
        named = ", ".join(code(id_) for id_ in contract.unsteady[:10])
        lines.append(
            f"- {len(contract.unsteady)} requests whose answer is not the same from run to run: {named}."
        )
    return ["\n".join(lines)] if lines else []
