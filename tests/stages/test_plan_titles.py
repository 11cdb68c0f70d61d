"""What a change of the plan is called."""

from auditor.model.report import CostTerm

from .planned import changes_of, endpoint, finding, only_change, plan_of


def test_the_loop_in_a_title_is_one_of_the_endpoint_in_it() -> None:
    heavy = endpoint("GET /heavy", CostTerm(low=9, high=9, sizes=("?",)), CostTerm(low=9, high=9))
    light = endpoint("GET /light", CostTerm(low=1, high=1, sizes=("members",)))
    plan = plan_of(
        finding("a", "query-in-loop", endpoints=[heavy.id], sizes=("?",), count=9, subject="get"),
        finding("b", "query-in-loop", endpoints=[light.id], sizes=("members",), subject="get", origin=None),
        endpoints=(heavy, light),
    )
    change = next(change for change in plan.changes if change.rank)
    assert change.endpoints == (heavy.id, light.id)
    assert "GET /heavy" in change.title
    assert "members" not in change.title
    assert "members" not in change.verify


def test_changes_with_the_same_words_are_told_apart_by_their_functions() -> None:
    plan = plan_of(*(finding(name, "call-in-loop", kind="http", function=f"app.{name}") for name in "fg"))
    titles = sorted(change.title for change in plan.changes if change.rank)
    assert titles == [
        "Batch the outside calls over `spaces` for `GET /spaces` (`f()`)",
        "Batch the outside calls over `spaces` for `GET /spaces` (`g()`)",
    ]


def test_changes_with_the_same_words_in_the_same_function_are_told_apart_by_their_files() -> None:
    same = [
        finding(
            name,
            "call-in-loop",
            kind="http",
            function=f"{name}.Command.handle",
            file=f"{name}.py",
            endpoints=(),
        )
        for name in ("a", "b")
    ]
    titles = sorted(change.title for change in changes_of(*same))
    assert titles == [
        "Batch the outside calls over `spaces` in `Command.handle()` (`a.py`)",
        "Batch the outside calls over `spaces` in `Command.handle()` (`b.py`)",
    ]


def test_each_of_several_names_is_one() -> None:
    change = only_change(finding("a", "lazy-load-in-loop", subject="author, author.user"))
    assert change.title == "Load `author` and `author.user` with the `spaces` of `GET /spaces`"


def test_what_has_no_name_is_called_by_its_function() -> None:
    change = only_change(finding("a", "sort-in-python", function="app.<locals>.f", subject=""))
    assert change.title == "Order the rows of `f()` in SQL for `GET /spaces`"
    unreached = only_change(finding("a", "sort-in-python", endpoints=(), subject=""))
    assert unreached.title == "Order the rows of `search()` in SQL"


def test_a_template_is_called_by_its_file() -> None:
    change = only_change(finding("a", "sort-in-python", function="templates/shop/list.html", subject=""))
    assert change.title == "Order the rows of `list.html` in SQL for `GET /spaces`"


def test_names_of_the_target_can_not_break_out_of_a_title() -> None:
    change = only_change(finding("a", "query-in-loop", subject="x`\n# y", endpoints=["GET /`{evil}`"]))
    assert "\n" not in change.title
    assert change.title.count("`") % 2 == 0
