"""Whether the probe saw what the database saw. Where it did not, nothing of it may be used."""

from auditor.measure.exchange import Exchange
from auditor.measure.records import ProbeRecord


def disagreement(exchange: Exchange, /) -> str:
    """What the witness says against the probe, in words; empty when they agree or there is no witness."""
    seen, record = exchange.witnessed, exchange.record
    if seen is None or record is None:
        return ""
    told = [
        ("statements", _statements(record), seen.statements),
        ("transactions", _transactions(record), seen.transactions),
    ]
    return "; ".join(
        f"the probe saw {probe} {name}, the database's side {witness}"
        for name, probe, witness in told
        if probe != witness
    )


def _statements(record: ProbeRecord) -> int:
    """Of an `executemany` each round of parameters is a statement to the database."""
    many = [effect.detail.get("many") for effect in record.effects if effect.kind == "sql"]
    return sum(times if isinstance(times, int) else 1 for times in many) + record.dropped.get("sql", 0)


def _transactions(record: ProbeRecord) -> int:
    begun = [e for e in record.effects if e.kind == "transaction" and e.op.lower() == "begin"]
    return len(begun) + record.dropped.get("transaction", 0)
