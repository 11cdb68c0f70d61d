"""How long error answers are waited out."""

from auditor.execution.usual import UsualBoot


def test_the_whole_limit_where_no_boot_was_good() -> None:
    assert UsualBoot().patience_s(60.0) == 60.0


def test_three_times_the_longest_good_boot() -> None:
    usual = UsualBoot()
    for seconds in (2.0, 4.0, 1.0):
        usual.learn(seconds)
    assert usual.patience_s(60.0) == 12.0


def test_never_less_than_five_seconds_nor_more_than_the_limit() -> None:
    usual = UsualBoot()
    usual.learn(0.2)
    assert usual.patience_s(60.0) == 5.0
    assert usual.patience_s(2.0) == 2.0
    usual.learn(100.0)
    assert usual.patience_s(60.0) == 60.0
