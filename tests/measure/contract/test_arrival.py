from dataclasses import replace

from little_shop import WORKLOAD, World, recorded

from auditor.measure.contract.compare import compare
from auditor.measure.contract.contract import About, Contract, make_contract
from auditor.measure.contract.recording import Recording
from auditor.measure.replay import Mode


def written(ids: tuple[int, int], mode: Mode = "eight at once", seed: int = 1, **more: object) -> Recording:
    """Two requests that write a row each; `ids` are what they get."""

    def change(w: World) -> None:
        buy, cart = w["answers"]["buy"], w["answers"]["cart"]
        buy["json"].update(id=ids[0], order_id=ids[0], count=ids[0])
        buy["headers"] = [(n, f"/cart/{ids[0]}" if n == "Location" else v) for n, v in buy["headers"]]
        cart["json"] = {"rows": [{"id": 8}, {"id": ids[1]}], **more}
        w["after"]["orders"] = [
            {"id": 8, "item": 1},
            {"id": ids[0], "item": 3, "parent_id": None},
            {"id": ids[1], "item": 4, "parent_id": ids[0]},
        ]

    return replace(recorded(seed, change), mode=mode)


def contract(mode: Mode = "eight at once") -> Contract:
    return make_contract(WORKLOAD, [written((9, 10), mode), written((9, 10), mode, 2)], about=About())


def test_ids_that_came_the_other_way_round_are_no_difference_at_once() -> None:
    places = {d.place for d in compare(contract(), written((10, 9), seed=3))}
    assert places == {"$.count"}  # a number under another name is not taken for an id


def test_in_order_they_are_one() -> None:
    found = compare(contract("in order"), written((10, 9), "in order", 3))
    assert {"$.id", "location", "$.rows[*].id"} <= {d.place for d in found}


def test_an_id_that_became_null_or_text_or_vanished_is_one() -> None:
    for id_ in (None, "9"):
        assert compare(contract(), written((9, 10), rows=[{"id": 8}, {"id": id_}]))
    assert compare(contract(), written((9, 10), rows=[{"id": 8}]))
    assert compare(contract(), written((9, 10), rows=[{"id": 7}, {"id": 10}]))
