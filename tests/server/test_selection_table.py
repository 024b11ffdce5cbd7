"""`memsrv runs show` tells how a training went, where it took looks."""

import pytest

from memsrv.tables import report

LOOKS = [
    {"round": 0, "step": 0, "epoch": 0.0, "accuracy": 0.0, "reading": 0.9, "unknown": 1.0,
     "ce": {"mean": 4.0, "median": 3.5, "p90": 9.0}},
    {"round": 0, "step": 12, "epoch": 0.5, "accuracy": 0.75, "reading": 0.88, "unknown": 0.9,
     "ce": {"mean": 1.0, "median": 0.25, "p90": 3.0}},
    {"round": 1, "step": 4, "epoch": 1.0, "accuracy": 0.7, "reading": 0.5, "unknown": 0.9,
     "ce": {"mean": 0.5, "median": 0.125, "p90": 2.0}},
]  # fmt: skip


def _shown(capsys: pytest.CaptureFixture[str], **training: object) -> list[str]:
    report({"run": "r1", "verdict": "promote", "reason": "fine", "training": training})
    return capsys.readouterr().out.splitlines()


def test_each_look_is_a_row_and_the_kept_state_is_marked(capsys: pytest.CaptureFixture[str]) -> None:
    told = _shown(capsys, selection=LOOKS, chosen=LOOKS[1], correlation={"mean": -0.91, "median": None, "p90": -0.5})

    rows = {line[:6]: line for line in told}
    assert rows["step 1"].split()[-8:] == ["0.5", "75%", "88%", "90%", "1.00", "0.25", "3.00", "kept"]
    assert "kept" not in rows["before"] + rows["repair"]
    assert told[-1] == "Correlation of accuracy with CE: mean -0.91, p90 -0.50."


def test_a_training_without_looks_says_nothing_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert not any("look" in line for line in _shown(capsys, losses=[1.0]))
