"""What is asked of a function once, however many routes lead to it."""

from auditor.index.symbols import Function
from auditor.rules.no_http_cache_headers import kept


class Named:
    """Stands for a function; only its identity counts."""


def test_each_function_is_asked_once() -> None:
    asked: list[object] = []

    def ask(function: Function) -> int:
        asked.append(function)
        return len(asked)

    answer = kept(ask)
    one, other = Named(), Named()
    assert [answer(x) for x in (one, other, one, other)] == [1, 2, 1, 2]  # type: ignore[arg-type]
    assert asked == [one, other]
