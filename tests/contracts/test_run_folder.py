"""The run folder and the report keep the shape of docs/contracts.md: other programs read them."""

import re
from pathlib import Path
from typing import Any

import pytest

from memsrv.records import Conversation, Evidence, Fact, Kind, Message, Trust
from memsrv_consolidation.costs import Costs
from memsrv_consolidation.decide import Check, Verdict
from memsrv_consolidation.progress import Pace
from memsrv_consolidation.recipe import PAPER
from memsrv_consolidation.report import write
from memsrv_consolidation.run import Run, read_json, write_json, write_lines

CONTRACTS = (Path(__file__).parents[2] / "docs" / "contracts.md").read_text("utf-8")
FACT = Fact(
    "f1", Kind.EPISODIC, "The port of api is 4010.", Trust.HUMAN, (Evidence("s", 0, "4010"),), "api", "port", "4010"
)
BARE = Fact("f2", Kind.SEMANTIC, "We met on Tuesday.", Trust.WEB, ())


def documented(pattern: str) -> list[str]:
    """The keys that contracts.md writes as `{a, b, …}` after `pattern`, nested ones left out."""
    found = re.search(pattern + r"\s*(?:is\s*)?`\[?\{(.*?)\}\]?`", CONTRACTS, re.DOTALL)
    assert found is not None, pattern
    flat = re.sub(r":\s*(\[?\{[^{}]*(\{[^{}]*\}[^{}]*)*\}\]?)", "", found[1])
    return [key.strip() for key in flat.split(",")]


@pytest.fixture
def report(tmp_path: Path) -> dict[str, Any]:
    run = Run(tmp_path)
    order = {"id": "r", "project": "p", "base": "b", "strategy": "paper", "seed": 7, "threads": 1, "created": "2026"}
    write_json(run.order_file, order)
    write_lines(run.facts_file, [FACT, BARE])
    turns = (Message("user", "?"), Message("assistant", "!"))
    write_lines(run.conversations_file, [Conversation("c", "fact", "direct", turns, ("f1",))])
    costs = Costs(run)
    with costs.of("reflect", Pace(run, 1)):
        pass
    write(run, PAPER, "hash", Verdict("refuse", "why", (Check("recall", False, 0.1, 0.2, "x"),)), costs)
    return read_json(run.report_file)


def test_the_report_has_every_documented_key(report: dict[str, Any]) -> None:
    assert set(documented("`report.json`:")) <= set(report)


def test_a_check_has_the_documented_keys(report: dict[str, Any]) -> None:
    assert set(documented("`checks`")) == set(report["checks"][0])


def test_the_facts_are_counted_as_documented(report: dict[str, Any]) -> None:
    counted = {key: report["facts"][key] for key in documented("`facts`")}

    assert counted == {
        "total": 2, "trained": 1, "without_subject": 1, "untrusted": 1, "by_kind": {"episodic": 1}, "left_out": [],
    }  # fmt: skip


def test_progress_has_exactly_the_documented_keys(tmp_path: Path) -> None:
    Pace(Run(tmp_path), 1)

    row = re.search(r"`progress.json` \|[^|]*\| `\{(.*?)\}`", CONTRACTS)
    assert row is not None
    assert set(read_json(tmp_path / "progress.json")) == set(re.split(r",\s*", row[1]))


def test_every_documented_file_has_a_place_in_the_run() -> None:
    run = Run(Path("r"))
    table = CONTRACTS.split("## The run folder")[1].split("\n## ")[0]
    names = {name.rstrip("/") for name in re.findall(r"^\| `([\w./]+)` \|", table, re.MULTILINE)}

    places = {
        getattr(run, name).name for name in dir(Run) if isinstance(getattr(Run, name), property) and "_file" in name
    }

    assert names <= places | {run.adapter.name, run.checkpoints.name}


def test_seconds_and_memory_are_told_for_each_stage(report: dict[str, Any]) -> None:
    assert set(report["seconds"]) == set(report["peak_mib"]) == {"reflect"}
