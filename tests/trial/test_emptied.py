"""What is asked of tables without rows, and which may be."""

from auditor.execution.databases.tables import Reference, Table
from auditor.measure.request import Request
from auditor.measure.workload import Workload, workload_of
from auditor.trial.emptied import asked_of_nothing, letting_in, to_be_emptied
from auditor.trial.reach import Reached


def table(name: str, *to: str) -> Table:
    references = tuple(Reference(columns=(f"{other}_id",), table=other, to=("id",)) for other in to)
    return Table(name=name, columns=(), key=("id",), references=references)


TABLES = [
    table("users", "shops"),
    table("shops"),
    table("orders", "users", "parts", "orders"),
    table("lines", "orders", "parts"),
    table("parts"),
    table("unread", "lines"),
]
READ = [frozenset({"select", "from", "users", "orders", "lines"}), frozenset({"from", "parts", "shops"})]


def reach_of(workload: Workload, *, status: int = 200, words: str = "") -> dict[str, Reached]:
    return {
        one.id: Reached(
            request=one,
            status=status,
            frames={},
            lines={},
            outer=frozenset(),
            ms=1.0,
            acts=False,
            words=frozenset({*words.split(), one.id}),
        )
        for one in workload.requests
    }


def test_what_nobody_reads_and_what_letting_in_stands_on_stays() -> None:
    assert to_be_emptied(TABLES, READ, frozenset({"users"})) == ()
    alone = [one for one in TABLES if one.name != "unread"]
    assert to_be_emptied(alone, READ, frozenset({"users"})) == ("lines", "orders", "parts")
    assert to_be_emptied(alone, READ, frozenset()) == ("lines", "orders", "parts", "users", "shops")
    assert to_be_emptied(alone, [], frozenset()) == ()


def test_tables_that_refer_to_each_other_are_told_once() -> None:
    circle = [table("a", "b"), table("b", "a"), table("c", "a")]
    assert to_be_emptied(circle, [frozenset("abc")], frozenset()) == ("c", "a", "b")


def test_asked_is_what_reads_and_was_answered_once_for_each_who_asks() -> None:
    requests = [
        Request(id="list", path="/orders"),
        Request(id="list again", path="/orders"),
        Request(id="edge", path="/orders/1", roles=("contract",)),
        Request(id="new", method="POST", path="/orders", take={"key": "$.id"}),
        Request(id="made", path="/orders/${key}"),
        Request.model_validate({"id": "hers", "path": "/orders", "as": "ada"}),
    ]
    workload = workload_of(requests)
    assert [one.id for one in asked_of_nothing(workload, reach_of(workload)).requests] == ["list", "hers"]
    assert asked_of_nothing(workload, reach_of(workload, status=404)).requests == ()


def test_who_has_a_name_is_let_in_by_what_all_such_requests_read() -> None:
    named = [Request.model_validate({"id": f"r{n}", "path": f"/{n}", "as": "ada"}) for n in range(2)]
    workload = workload_of([*named, Request(id="open", path="/open")])
    assert letting_in(workload, reach_of(workload, words="from users")) == {"from", "users"}
    assert letting_in(workload_of([Request(id="open", path="/open")]), {}) == frozenset()
