"""What a person sees of the gate: every check by what it is about, and of one that failed, by how much."""

from typing import Any

import pytest

from memsrv import tables
from memsrv.demo import show


def check(name: str, passed: bool, group: str, short: str = "") -> dict[str, Any]:
    return {
        "name": name, "passed": passed, "figure": 0.8125, "bound": 0.875, "means": f"what {name} means", "group": group,
        "n": 96, "short": short,
    }  # fmt: skip


REPORT: dict[str, Any] = {
    "run": "r1", "verdict": "refuse", "reason": "unknowns is 0.8125, not 0.875: 6.2 points below",
    "checks": [
        check("recall over base", True, "recall"),
        check("unknowns", False, "what the base could do", "6.2 points below"),
    ],
    "evaluation": {
        "closed_book": {"base": {"known": 0.0, "novel": 0.0}, "candidate": {"known": 1.0, "novel": 0.5}},
        "unknown": {"base": 0.97, "candidate": 0.81},
        "behaviour": {"base": 0.0, "candidate": 0.25, "asked": 8, "skipped": dict.fromkeys("ab", "no rule tells")},
        "asked": {"unknown": 96},
        "by_fact": {"a": {"right": 4, "of": 4, "stage": "graduated"}, "b": {"right": 1, "of": 4, "stage": "learning"}},
    },
}  # fmt: skip


def test_a_failed_check_says_by_how_much(capsys: pytest.CaptureFixture[str]) -> None:
    tables.report(REPORT)

    said = capsys.readouterr().out
    assert "NO: 6.2 points below" in said
    assert said.index("recall over base") < said.index("what the base could do") < said.rindex("unknowns")


def test_what_showed_in_tasks_stands_apart_with_how_many_there_were(capsys: pytest.CaptureFixture[str]) -> None:
    tables.report(REPORT)

    [line] = [line for line in capsys.readouterr().out.splitlines() if "shows by itself in tasks" in line]
    assert line.split()[-3:] == ["0%", "25%", "8"]


def test_how_far_the_facts_have_come_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    tables.report(REPORT)

    said = capsys.readouterr().out
    assert "1 graduated, 1 learning" in said
    assert "2: no rule tells" in said


def test_the_demo_shows_by_how_much_a_check_failed(capsys: pytest.CaptureFixture[str]) -> None:
    show.checks(REPORT)

    assert "6.2 points below" in capsys.readouterr().out
