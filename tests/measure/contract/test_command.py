import json
from pathlib import Path

import pytest
from little_shop import WORKLOAD, World, recorded

from auditor.cli.main import main
from auditor.measure.contract.contract import About, make_contract
from auditor.measure.contract.store import save_contract


@pytest.fixture
def folders(tmp_path: Path) -> tuple[str, str]:
    def change(w: World) -> None:
        w["answers"]["list"]["json"]["items"][1]["stock"] = None
        w["answers"]["list"]["json"]["items"][2]["name"] = "`x` | <b>\x1b[31m"

    about = About(tree="0123456789abcdef", environment={"python": "3.11.2"})
    save_contract(make_contract(WORKLOAD, [recorded(1), recorded(2)], about=about), tmp_path / "a")
    save_contract(make_contract(WORKLOAD, [recorded(3, change)], about=about), tmp_path / "b")
    return str(tmp_path / "a"), str(tmp_path / "b")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["contract", *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_show(capsys: pytest.CaptureFixture[str], folders: tuple[str, str]) -> None:
    status, out, _ = run(capsys, "show", folders[0])
    assert status == 0
    assert "10 requests, sent in order; noise learnt from 2 runs" in out
    assert "| `wrong` | `GET /items/x` | 404 | json, 47 bytes | 0 |" in out
    assert "`$.body.content.items[*].seen_at`: any moment" in out
    assert "- table `orders`: 1 rows added, 0 changed, 0 removed" in out
    assert "Caching" not in out
    status, out, _ = run(capsys, "show", folders[0], "--format", "json")
    tree = json.loads(out)
    assert (tree["schema"], tree["rereads"]) == (
        "auditor/contract-summary@1",
        [["cart", "buy", "cart again"]],
    )


def test_diff(capsys: pytest.CaptureFixture[str], folders: tuple[str, str]) -> None:
    status, out, _ = run(capsys, "diff", *folders)
    assert status == 1
    assert out.startswith("# 2 differences\n\n- `list`: `$.items[*].stock` was `0` and is `null`\n- `list`:")
    assert "\x1b" not in out
    assert run(capsys, "diff", folders[0], folders[0]) == (0, "No differences.\n", "")
    status, out, _ = run(capsys, "diff", *folders, "--format", "json")
    tree = json.loads(out)
    assert (status, tree["failures"], len(tree["differences"])) == (1, 2, 2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "none"), "none: is not there (record it again with `auditor record`)"),
        (("diff", "a"), "diff takes 2 folders, not 1"),
        (("shew", "a"), "invalid choice: 'shew'"),
    ],
)
def test_what_can_not_be_done_is_said(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert said in err
