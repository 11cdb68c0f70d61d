"""Limits are kept by what could be spent, and no call is forgotten, however a run ends."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.llm.price import OwnPrice, at_most, listed_price
from auditor.llm.spending import Limits, Spending
from auditor.llm.usage import Usage
from auditor.model.fault import Fault

PRICE = OwnPrice(input_usd=Decimal(2), output_usd=Decimal(10))
"""Dollars for a million: 500,000 tokens in are a dollar, 100,000 out another."""


def spending(path: Path | None = None, *, usd: str | None = None, tokens: int | None = None) -> Spending:
    limits = Limits(usd=None if usd is None else Decimal(usd), tokens=tokens)
    return Spending(PRICE, limits=limits, path=path)


def test_what_is_settled_is_what_was_used() -> None:
    purse = spending(usd="1")
    number = purse.reserve("q", read=100_000, written=10_000)
    bill = purse.settle(number, Usage(input_tokens=50_000, output_tokens=1_000))
    assert (bill.usd, purse.spent.usd, purse.spent.calls) == (Decimal("0.11"), Decimal("0.11"), 1)


def test_a_call_that_could_go_over_the_limit_is_not_made() -> None:
    purse = spending(usd="0.5")
    with pytest.raises(Fault) as caught:
        purse.reserve("q", read=300_000, written=0)
    assert caught.value.exit_code == 4
    assert "up to $0.6000, and $0.5000 of $0.5 are left" in str(caught.value)


def test_what_is_under_way_counts() -> None:
    purse = spending(tokens=1_000)
    purse.reserve("q", read=400, written=200)
    with pytest.raises(Fault, match=r"up to 600 tokens, and 400 of 1,000 are left"):
        purse.reserve("q", read=400, written=200)


def test_a_call_that_was_not_billed_gives_its_share_back() -> None:
    purse = spending(tokens=1_000)
    assert purse.settle(purse.reserve("q", read=800, written=200), None).usage.total_tokens == 0
    purse.reserve("q", read=800, written=200)


def test_a_crash_forgets_nothing(tmp_path: Path) -> None:
    first = spending(tmp_path / "l", usd="1")
    first.settle(first.reserve("settled", read=50_000, written=0), Usage(input_tokens=50_000))
    first.reserve("lost", read=200_000, written=0)
    again = spending(tmp_path / "l", usd="1")
    assert again.spent.usd == Decimal("0.5")
    assert again.lost == ("lost",)
    with pytest.raises(Fault, match="the spending limit is reached"):
        again.reserve("q", read=300_000, written=0)
    third = spending(tmp_path / "l")
    assert (third.spent, third.lost) == (again.spent, again.lost)


@given(st.lists(st.tuples(st.integers(0, 400_000), st.integers(0, 20_000), st.booleans()), max_size=12))
def test_no_order_of_calls_goes_over_the_limit(calls: list[tuple[int, int, bool]]) -> None:
    purse = spending(usd="1")
    for read, written, billed in calls:
        try:
            number = purse.reserve("q", read=read, written=written)
        except Fault:
            continue
        purse.settle(number, Usage(input_tokens=read, output_tokens=written) if billed else None)
    assert purse.spent.usd is not None
    assert purse.spent.usd <= 1


@given(data=st.data())
def test_a_ledger_cut_anywhere_loses_no_call_that_was_made(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("ledger") / "l"
    purse = spending(path)
    for number in range(3):
        purse.settle(purse.reserve(f"q{number}", read=1_000, written=0), Usage(input_tokens=500))
    content = path.read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    path.write_bytes(content[:cut])
    made = [json.loads(line) for line in content[:cut].split(b"\n")[:-1]]
    reserved = sum("reserve" in record for record in made)
    settled = sum("settle" in record for record in made)
    found = spending(path)
    assert found.spent.usage.total_tokens == settled * 500 + (reserved - settled) * 1_000
    found.reserve("next", read=1, written=0)
    assert spending(path).spent.usage.total_tokens == found.spent.usage.total_tokens + 1


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"schema": "auditor/spending@2"}\n', "is of another version"),
        ('{"schema": "auditor/spending@1"}\nnonsense\n', "is damaged"),
        ('{"schema": "auditor/spending@1"}\n[]\n', "is damaged"),
        ('{"schema": "auditor/spending@1"}\n{"settle": 3, "usd": "1", "estimated": false}\n', "is damaged"),
        ('{"schema": "auditor/spending@1"}\n{"reserve": 1}\n', "is damaged"),
    ],
)
def test_a_ledger_that_is_not_ours_stops_the_run(tmp_path: Path, content: str, problem: str) -> None:
    (tmp_path / "l").write_text(content)
    with pytest.raises(Fault, match=problem):
        spending(tmp_path / "l")


def test_a_ledger_that_cant_be_written_stops_the_call(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Fault, match=r"can.t be (?:read|written)"):
        spending(tmp_path / "file" / "l").reserve("q", read=1, written=1)


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    spending(tmp_path / "l").reserve("q", read=1, written=1)
    assert (tmp_path / "l").stat().st_mode & 0o777 == 0o600


def test_an_unknown_price_is_never_nothing() -> None:
    assert listed_price("openai:no-such-model-7")(Usage(input_tokens=1000)) is None
    purse = Spending(listed_price("openai:no-such-model-7"))
    assert purse.settle(purse.reserve("q", read=1, written=1), Usage(input_tokens=1)).usd is None
    assert purse.spent.usd is None


def test_a_listed_price_counts_the_cache_once() -> None:
    price = listed_price("anthropic:claude-opus-5-5")
    fresh, cached = price(Usage(input_tokens=1000)), price(Usage(input_tokens=1000, cache_read_tokens=1000))
    assert fresh is not None
    assert cached is not None
    assert cached < fresh


def test_counts_that_contradict_each_other_still_have_a_price() -> None:
    """A server may report more from its cache than it read."""
    assert listed_price("openai:gpt-6-sol")(Usage(input_tokens=10, cache_read_tokens=99)) is not None


def test_the_most_includes_what_a_cache_costs() -> None:
    price = listed_price("anthropic:claude-opus-5-5")
    most, plain = at_most(price, read=1000, written=0), price(Usage(input_tokens=1000))
    assert most is not None
    assert plain is not None
    assert most > plain
