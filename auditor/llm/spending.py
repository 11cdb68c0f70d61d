"""What a run may spend and has spent: reserved before a call is sent, settled when its bill is known.

The ledger is on the disk before anything is sent, so that a crash can hide no call: what was reserved and never
settled counts in full.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from auditor.llm.answer import Bill
from auditor.llm.append_only import AppendOnly
from auditor.llm.price import Price, at_most
from auditor.llm.usage import Usage
from auditor.model.fault import BUDGET_EXIT, Fault

_SCHEMA: Final = "auditor/spending@1"
_COUNTS: Final = (
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "cache_write_long_tokens",
    "output_tokens",
    "reasoning_tokens",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a run may spend at most; None is no limit."""

    usd: Decimal | None = None
    tokens: int | None = None


class Spending:
    """The purse of one run."""

    def __init__(self, price: Price, /, *, limits: Limits | None = None, path: Path | None = None) -> None:
        """Opens the ledger at `path`, or keeps none.

        Raises:
            Fault: a limit in dollars can't be kept because the price is unknown; the ledger is damaged.
        """
        self._price = price
        self.limits = limits or Limits()
        self._file = None if path is None else AppendOnly(path)
        self.spent = Bill()
        """Settled, and lost in an earlier run."""
        self.lost: tuple[str, ...] = ()
        """Hashes of the questions that an earlier run sent without ever learning what they cost."""
        self._open: dict[int, Bill] = {}
        self._next = 1
        self._headed = False
        """Whether the file says what it is."""
        if self.limits.usd is not None and price(Usage(input_tokens=1, output_tokens=1)) is None:
            raise Fault(
                "nobody knows what this model costs, so a limit in dollars can't be kept",
                where="--max-cost",
                hint="limit tokens with --max-tokens, or state its price in your config.toml: "
                "[model] price = { input = 2.0, output = 10.0 }, in dollars per million tokens",
            )
        if self._file is not None:
            self._replay(self._file)

    @property
    def reserved(self) -> Bill:
        """What is under way, at most."""
        return sum(self._open.values(), Bill())

    def reserve(self, question: str, /, *, read: int, written: int) -> int:
        """Sets aside what a call can take at most; its number.

        Raises:
            Fault: that might go over a limit; or the ledger can't be written. Then nothing may be sent.
        """
        usage = Usage(input_tokens=read, output_tokens=written, estimated=True)
        most = Bill(usage=usage, usd=at_most(self._price, read=read, written=written), calls=1)
        self._check(most)
        number = self._next
        self._write({"reserve": number, "question": question, **_record(most)})
        self._open[number] = most
        self._next += 1
        return number

    def settle(self, number: int, usage: Usage | None, /) -> Bill:
        """What the call took; None when it is not billed."""
        bill = Bill(calls=1) if usage is None else Bill(usage=usage, usd=self._price(usage), calls=1)
        self._write({"settle": number, **_record(bill)})
        del self._open[number]
        self.spent += bill
        return bill

    def _check(self, most: Bill) -> None:
        used = self.spent + self.reserved
        tokens, usd = self.limits.tokens, self.limits.usd
        if tokens is not None and used.usage.total_tokens + most.usage.total_tokens > tokens:
            left = max(tokens - used.usage.total_tokens, 0)
            raise _spent(
                f"up to {most.usage.total_tokens:,} tokens", f"{left:,} of {tokens:,}", "--max-tokens"
            )
        if usd is not None and (used.usd is None or most.usd is None or used.usd + most.usd > usd):
            if used.usd is None or most.usd is None:
                raise _spent("an unknown sum", f"some of ${usd}", "--max-cost")
            left_usd = max(usd - used.usd, Decimal(0))
            raise _spent(f"up to ${most.usd:.4f}", f"${left_usd:.4f} of ${usd}", "--max-cost")

    def _write(self, record: Mapping[str, Any]) -> None:
        if self._file is None:
            return
        if not self._headed:
            self._file.append({"schema": _SCHEMA})
            self._headed = True
        self._file.append(record)

    def _replay(self, file: AppendOnly) -> None:
        records, _ = file.read()  # a line that broke off was reserved for nothing: it was not sent
        if not records:
            return
        self._headed = True
        if records[0].get("schema") != _SCHEMA:
            written = records[0].get("schema")
            raise Fault(f"is of another version ({written!r}, not {_SCHEMA!r})", where=str(file.path))
        questions: dict[int, str] = {}
        for line, record in enumerate(records[1:], 2):
            try:
                self._apply(record, questions)
            except (KeyError, ValueError, TypeError, ArithmeticError) as error:
                raise Fault("is damaged", where=f"{file.path}:{line}") from error
        for number, most in self._open.items():
            self.spent += most
            self.lost += (questions[number],)
        self._open.clear()

    def _apply(self, record: Mapping[str, Any], questions: dict[int, str]) -> None:
        bill = _bill(record)
        if "reserve" in record:
            number = record["reserve"]
            questions[number] = record["question"]
            self._open[number] = bill
            self._next = number + 1
        else:
            del self._open[record["settle"]]
            self.spent += bill


def _spent(costs: str, left: str, flag: str) -> Fault:
    return Fault(
        f"the spending limit is reached: the next question can take {costs}, and {left} are left",
        where=flag,
        hint=f"what was done until now is kept; a higher {flag} goes on from here",
        exit_code=BUDGET_EXIT,
    )


def _record(bill: Bill) -> dict[str, Any]:
    counts = {name: getattr(bill.usage, name) for name in _COUNTS if getattr(bill.usage, name)}
    return {**counts, "estimated": bill.usage.estimated, "usd": None if bill.usd is None else str(bill.usd)}


def _bill(record: Mapping[str, Any]) -> Bill:
    usage = Usage(**{name: record.get(name, 0) for name in _COUNTS}, estimated=record["estimated"])
    usd = None if record["usd"] is None else Decimal(record["usd"])
    return Bill(usage=usage, usd=usd, calls=1)
