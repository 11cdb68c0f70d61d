"""The context of an endpoint: everything on the way, the most telling first, within a budget, the same bytes each time."""

import asyncio
from typing import Any

from auditor.stages.answers.chat import ChatAnswer
from auditor.stages.context.endpoint import endpoint_context
from auditor.stages.context.fitting import around_marks, fit
from auditor.stages.context.piece import Piece
from auditor.stages.context.symbols import code_for
from auditor.stages.prompting.shown import Shown
from auditor.stages.prompting.tokens import at_most


def text(context: Any) -> str:
    return "\n".join(one.guttered for one in context.shown)


def test_every_function_on_the_way_is_shown_with_its_models_and_imports(shop: Any) -> None:
    sent = text(shop.context())
    for line in (
        "def orders():", "def told(session, order):", "def current(session):", "class Order(Base):", "class Rate(Base):",
        "from shop import rates", "cost in sql: 1 + customers + orders", "size orders: rows of orders",
    ):  # fmt: skip
        assert line in sent, line
    assert "def health" not in sent, "no request of the endpoint comes through it"
    assert "def unused" not in sent
    assert "shop.rates.unused(session, ids) at shop/rates.py" in sent, (
        "but a helper is named, to be asked for"
    )


def test_lines_are_numbered_as_in_the_file_and_known_to_have_been_sent(shop: Any) -> None:
    context = shop.context()
    at = shop.line("shop/rates.py", "session.query(Rate).order_by")
    assert f"{at:>4}|     return session.query(Rate).order_by" in text(context)
    assert at in context.lines["shop/rates.py"]
    assert shop.line("shop/rates.py", "def unused") not in context.lines["shop/rates.py"]


def test_the_same_tree_gives_the_same_bytes(shop: Any) -> None:
    assert text(shop.context()) == text(shop.context())


def test_what_does_not_fit_is_left_out_from_the_end_and_said(shop: Any) -> None:
    whole = shop.context()
    assert whole.left_out == ()
    for budget in (1_200, 900, 700):
        small = shop.context(budget)
        assert small.tokens <= budget
        assert small.left_out
        assert small.left_out[0] in text(small)
        if "shop/app.py" in small.lines:
            assert shop.line("shop/app.py", "def orders") in small.lines["shop/app.py"], (
                "the handler comes first"
            )


def test_a_text_that_speaks_to_the_model_stands_only_behind_the_gutter(shop: Any) -> None:
    for block in shop.context().shown:
        for line in block.guttered.splitlines():
            assert "IGNORE ALL PREVIOUS" not in line or line.lstrip()[0].isdigit()


def test_a_long_piece_is_shown_around_what_matters() -> None:
    lines = [f"line {n}" for n in range(1, 1001)]
    piece = Piece(file="a.py", first=1, last=1000, name="a.long", role="function", marks=(500,))
    assert [(one.first, one.last) for one in around_marks(piece)] == [(1, 13), (488, 512)]
    fitted = fit([piece], lambda _: lines, budget=2_000)
    assert fitted.cut == ("a.long",)
    assert not fitted.left_out


def test_code_is_found_by_its_name_within_a_budget(shop: Any) -> None:
    project = shop.examined.scene.project
    found = code_for(["shop.rates.unused", "unused()", "Customer", "nowhere.at_all"], project, shop.lines)
    sent = "\n".join(one.guttered for one in found.shown)
    assert sent.count("def unused") == 1
    assert "class Customer" in sent
    assert found.refused == ("nowhere.at_all: is not defined in this project, or by too many",)
    assert code_for(["Customer"], project, shop.lines, budget=10).refused == (
        "shop.models.Customer: does not fit the budget",
    )
    assert at_most(sent) < 400


def test_files_can_not_be_asked_for(shop: Any) -> None:
    (shop.root / ".env").write_text("SECRET=1\n")
    found = code_for(
        ["../../etc/passwd", ".env", "shop/app.py", "", "."], shop.examined.scene.project, shop.lines
    )
    assert found.shown == ()
    assert len(found.refused) == 5


def test_what_requests_were_seen_to_ask_stands_behind_the_facts_and_is_cut_like_them(shop: Any) -> None:
    seen = "GET /orders: 8 statements\n" + "  7 x SELECT rates.id FROM rates\n" * 400
    context = endpoint_context(
        shop.examined.scene, shop.examined.report, "GET /orders", shop.lines, budget=8_000, seen=seen
    )
    assert [one.kind for one in context.shown[:3]] == ["endpoint", "requests", "source"]
    assert "GET /orders: 8 statements" in context.shown[1].text
    assert context.shown[1].text.endswith("and more, which did not fit")
    assert context.tokens <= 8_000


def test_after_a_kept_change_the_newest_files_and_figures_stand_behind_the_context(shop: Any) -> None:
    def now(path: str) -> list[str]:
        return [line.replace("Order.id)", "Order.id.desc())") for line in shop.lines(path)]

    desk, said = shop.desk([ChatAnswer(statements=[], unknown=[], more_code=[])] * 2)
    shown = {"question": Shown(kind="question", text="why?"), "findings": Shown(kind="findings", text="none")}
    asyncio.run(desk.ask("chat", shown, ChatAnswer))
    desk.move_to(desk.project, now, figures=[Shown(kind="costs-now", text="sql: mean 3")])
    asyncio.run(desk.ask("chat", shown, ChatAnswer))
    before, after = (request.turns[0].blocks for request in said.requests)
    kept = len(desk.context.shown)
    assert after[:kept] == before[:kept]
    added = after[kept : len(after) - len(before) + kept]
    assert [getattr(block, "name", "") for block in added] == ["", "source", "costs-now"]
    assert "Order.id.desc()" in added[1].text
    assert added[-1].keep
