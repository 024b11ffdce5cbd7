"""The ladder: each rung changes what it says and nothing else, runs are done once, and the last line is a figure."""

from collections import Counter
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from memsrv.bench.child import carried_out
from memsrv.cli.command import numbers
from memsrv.errors import RunFailed, UsageError
from memsrv.tables import ladder as shown
from memsrv_adapters.base import resolve
from memsrv_consolidation.bench.ladder import facts, follows, laid
from memsrv_consolidation.bench.measured import best, figures, keeps, medians
from memsrv_consolidation.bench.rungs import NEEDED, SHIPPED, STEPS, Rung, chosen, differing, ladder, of_ranks, shipped
from memsrv_consolidation.recipe import PAPER, Recipe, preset
from memsrv_consolidation.reflect import trainable

BASES = ("memsrv-tiny", "Qwen/Qwen2.5-7B-Instruct")


@pytest.mark.parametrize("base", BASES)
def test_the_lowest_rung_is_the_paper_with_what_the_base_needs(base: str) -> None:
    lowest = ladder(base)[0]

    assert lowest.strategy == "paper"
    assert set(differing(lowest.recipe, PAPER)) <= set(NEEDED)


@pytest.mark.parametrize("base", BASES)
def test_each_rung_changes_what_it_names_and_nothing_else(base: str) -> None:
    rungs = ladder(base)

    for step, below, rung in zip(STEPS[1:-1], rungs, rungs[1:], strict=False):
        changed = set(differing(below.recipe, rung.recipe))
        assert changed <= set(step.changes)
        assert changed


@pytest.mark.parametrize("base", BASES)
def test_the_top_has_every_change_that_ours_makes(base: str) -> None:
    top, ours = ladder(base)[-1].recipe, preset(base, "distil")

    made = {name for name, (own, paper) in differing(ours, PAPER).items() if own != paper}
    assert {name for name in made if getattr(top, name) != getattr(ours, name)} == set()


def test_steps_name_fields_of_the_recipe_once() -> None:
    named = [name for step in STEPS for name in step.changes] + list(NEEDED)

    assert set(named) <= {field.name for field in fields(Recipe)}
    assert max(Counter(named).values()) == 1


def test_a_rank_keeps_the_scale_of_its_updates() -> None:
    default = shipped("memsrv-tiny", "paper")

    for rung in of_ranks(default, [1, 64]):
        assert rung.recipe.alpha / rung.recipe.rank == default.recipe.alpha / default.recipe.rank


def test_a_rung_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match="no rung A9; known: A0, A1"):
        chosen("memsrv-tiny", "paper", rungs=["A9"], ranks=[], wordings=[])


def test_what_is_shipped_is_always_among_the_rows() -> None:
    names = [rung.name for rung in chosen("memsrv-tiny", "paper", rungs=["A0"], ranks=[4], wordings=[2])]

    assert names == ["A0", SHIPPED, "rank 4", "wordings 2"]


def test_a_preset_that_no_strategy_has_of_itself_is_a_row_of_its_own() -> None:
    rows = {rung.name: rung for rung in chosen("memsrv-tiny", "distil", rungs=None, ranks=[], wordings=[])}

    assert (rows["brief"].strategy, rows["brief"].recipe) == (
        "distil",
        preset("memsrv-tiny", "distil", "memsrv-tiny/brief"),
    )
    assert [rung.name for rung in rows.values() if rung.group == "presets"] == ["brief"]


@pytest.mark.parametrize("given", ["1,x", "0", "-3", "1.5"])
def test_ranks_are_numbers_from_one_on(given: str) -> None:
    with pytest.raises(UsageError, match="is no number from 1 on"):
        numbers(given)


def test_facts_are_the_same_for_the_same_seed_of_each_kind_alike_and_trainable() -> None:
    made = facts(9, 4)

    assert made == facts(9, 4) != facts(9, 5)
    assert set(Counter(fact.kind for fact in made).values()) == {3}
    assert all(trainable(fact) for fact in made)


# What was measured


def _report(known: float = 0.5, reading: float = 0.0, unknown: float = 1.0, tokens: int = 100) -> dict[str, Any]:
    rows = [
        {"about": "fact", "kind": kind, "wording": wording, "correct": {"candidate": right}}
        for kind, wording, right in (
            ("episodic", "known", True), ("episodic", "known", False), ("episodic", "novel", False),
            ("semantic", "known", True),
        )
    ]  # fmt: skip
    rows.append({"about": "unknown", "kind": None, "wording": "known", "correct": {"candidate": True}})
    return {
        "evaluation": {
            "closed_book": {"candidate": {"known": known, "novel": known}}, "questions": rows,
            "in_context": {"candidate": 0.9}, "fresh": {"candidate": 0.9 + reading, "base": 0.9},
            "unknown": {"candidate": unknown}, "ce": {"mean": 1.0, "median": 0.5, "p90": 3.0},
        },
        "training": {"tokens": tokens, "completion_tokens": 40, "seconds": 2.0}, "peak_mib": {"train": 600.0},
    }  # fmt: skip


def _row(name: str, **report: Any) -> dict[str, Any]:
    return {"name": name, "group": "ladder", "failed": [], "figures": medians([figures(_report(**report))])}


def test_recall_is_told_by_kind_and_wording_of_the_judge_s_own_marks() -> None:
    found = figures(_report())

    assert (found["known, episodic"], found["novel, episodic"], found["known, semantic"]) == (0.5, 0.0, 1.0)
    assert found["false memories"] == 0


def test_behaviour_is_a_figure_only_where_a_task_could_be_asked() -> None:
    report = _report()
    report["evaluation"]["behaviour"] = {"candidate": 0.0, "base": 0.0, "asked": 0, "skipped": {}}

    assert "behaviour" not in figures(report)

    report["evaluation"]["behaviour"] |= {"candidate": 0.5, "asked": 4}
    assert figures(report)["behaviour"] == 0.5


def test_what_the_gate_measures_of_old_skills_is_told_beside_the_base() -> None:
    report = _report()
    report["evaluation"] |= {
        "guard": {"base": 0.6, "candidate": 0.5},
        "anchors": {"neutral": {"tokens": 9, "divergence": 0.04, "base": 3.0, "adapter": 3.1, "furthest": 1.0}},
    }

    assert (figures(report)["guard"], figures(report)["kl"]) == (-0.1, 0.04)


def test_a_guard_of_which_neither_can_do_any_is_no_figure() -> None:
    report = _report()
    report["evaluation"]["guard"] = {"base": 0.0, "candidate": 0.0}

    assert "guard" not in figures(report)


def test_a_figure_is_the_median_of_its_seeds_between_the_least_and_the_greatest() -> None:
    found = medians([figures(_report(known=share)) for share in (0.2, 0.9, 0.4)])

    assert found["known"] == {"median": 0.4, "least": 0.2, "most": 0.9}


@pytest.mark.parametrize("lost", [{"reading": -0.04}, {"unknown": 0.9}])
def test_more_recall_does_not_pay_for_a_skill_that_is_lost(lost: dict[str, float]) -> None:
    assert not keeps(_row("A1", **lost)["figures"])
    assert best([_row("A0", known=0.5), _row("A1", known=0.9, **lost)])[0]["name"] == "A0"


def test_of_rungs_that_recall_alike_the_cheaper_is_followed() -> None:
    assert best([_row("A0", tokens=900), _row("A1", tokens=300)])[0]["name"] == "A1"


def test_where_every_rung_lost_a_skill_that_is_said() -> None:
    found, kept = best([_row("A0", unknown=0.5), _row("A1", unknown=0.5, known=0.6)])

    assert (found["name"], kept) == ("A1", False)


def test_the_last_line_says_in_which_figures_the_default_differs_from_the_best_rung() -> None:
    rung = Rung("A1", "", "distil", replace(PAPER, epochs=3))
    default = Rung(SHIPPED, "", "paper", PAPER)

    told = follows([rung, default], [_row("A1", known=0.9), _row(SHIPPED, known=0.5)])

    assert (told["rung"], told["is_shipped"]) == ("A1", False)
    assert told["differs"] == {"strategy": ["paper", "distil"], "epochs": [8, 3]}
    assert (told["recall"], told["shipped_recall"]) == (0.9, 0.5)


def test_a_default_that_trains_as_the_best_rung_is_that_rung() -> None:
    recipe = replace(PAPER, epochs=3)
    rungs = [Rung("A1", "", "paper", recipe), Rung(SHIPPED, "", "paper", replace(recipe, name="other"))]

    assert follows(rungs, [_row("A1"), _row(SHIPPED)])["is_shipped"]


# Its runs


def _order(base: Path, **other: Any) -> dict[str, Any]:
    found = resolve(str(base))
    return {
        "base": found.name, "base_path": str(found.path), "base_hash": found.hash, "facts": 1, "seeds": 1,
        "rungs": ["A0"], "ranks": [], "wordings": [], "epochs": 0.5, "strategy": "paper", "threads": 1, **other,
    }  # fmt: skip


def test_a_folder_of_another_recipe_is_begun_anew(tmp_path: Path, random_base: Path) -> None:
    order, rung = _order(random_base), ladder("memsrv-tiny")[0]
    run = laid(order, rung, 1, tmp_path)
    run.report_file.write_text("{}")

    assert laid(order, rung, 1, tmp_path).report_file.exists()
    assert not laid(order, replace(rung, recipe=replace(rung.recipe, rank=2)), 1, tmp_path).report_file.exists()


def test_a_rung_is_trained_measured_and_not_done_again_and_one_that_fails_has_its_reason(
    tmp_path: Path, random_base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[str] = []
    order = _order(random_base, wordings=[0])

    found = carried_out("ladder", order, tmp_path, lambda what, done, total: seen.append(what))
    reports = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("report.json")}
    again = carried_out("ladder", order, tmp_path, lambda *_: None)
    shown(found)

    assert [row["name"] for row in found["rungs"]] == ["A0", SHIPPED, "wordings 0"]
    assert found["rungs"][1]["as"] == "A0"  # with this base, what the setting `paper` trains is the paper's
    assert {"known", "novel", "false memories", "tokens", "seconds", "peak MiB", "ce median"} <= set(
        found["rungs"][0]["figures"]
    )
    assert (found["rungs"][2]["figures"], len(found["rungs"][2]["failed"])) == ({}, 1)
    assert again == found
    assert reports == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("report.json")}
    assert "The default follows A0" in capsys.readouterr().out


def test_a_strategy_that_is_not_there_is_told_at_once(tmp_path: Path, random_base: Path) -> None:
    with pytest.raises(RunFailed, match="no strategy `none`"):
        carried_out("ladder", _order(random_base, strategy="none"), tmp_path, lambda *_: None)
