"""A transcript for a person, or for a program."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from auditor.llm.exchange import Data
from auditor.llm.replaying import Row
from auditor.llm.transcript import turns_of
from auditor.llm.usage import Usage
from auditor.model.text import clean, shorten


def rows_text(rows: Sequence[Row], /) -> str:
    """One line a call, and the sum."""
    lines = [f"{'call':>4}  {'task':<14} {'in':>9} {'cached':>9} {'out':>7}  ending"]
    total = Usage()
    for row in rows:
        usage = row.exchange.reply.usage if row.exchange.reply else Usage()
        total += usage
        task = shorten(clean(row.exchange.task), 14)
        lines.append(
            f"{row.exchange.number:>4}  {task:<14} {_counts(usage)}  {shorten(clean(row.ending), 120)}"
        )
    lines.append(f"{'':>4}  {'together':<14} {_counts(total)}")
    return "\n".join(lines) + "\n"


def _counts(usage: Usage) -> str:
    return f"{usage.input_tokens:>9,} {usage.cache_read_tokens:>9,} {usage.output_tokens:>7,}"


def call_text(row: Row, /) -> str:
    """Everything of one call."""
    exchange = row.exchange
    parts = [f"# call {exchange.number}: {clean(exchange.task)}, to {clean(exchange.model)}", "## system"]
    parts.append(exchange.request["system"])
    for turn in turns_of(exchange):
        for block in turn.blocks:
            named = f": {clean(block.name)}" if isinstance(block, Data) else ""
            parts += [f"## {turn.role}{named}", block.text]
    parts += [f"## answer ({row.ending})", exchange.reply.text if exchange.reply else "none"]
    return "\n".join(_shown(part) for part in parts) + "\n"


def _shown(text: str) -> str:
    """Text of others', line by line without what could steer a terminal; indentation stays."""
    return "\n".join(
        line[: len(line) - len(line.lstrip(" \t"))].expandtabs(4) + clean(line.strip())
        for line in text.split("\n")
    )


def rows_json(rows: Sequence[Row], /) -> str:
    """Everything, as a JSON list."""
    trees = [{**asdict(row.exchange), "ending": row.ending, "usable": row.usable} for row in rows]
    return json.dumps(trees, ensure_ascii=True, indent=2) + "\n"
