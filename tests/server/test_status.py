"""What `memsrv status` says about figures it is given, and its one line."""

from dataclasses import replace
from pathlib import Path

import pytest

from memsrv import status
from memsrv.status import (
    AdapterStanding,
    EndpointStanding,
    MemoryStanding,
    RunStanding,
    SourceStanding,
    Standing,
    VersionStanding,
)

V3 = VersionStanding("v3", "current", "memsrv-tiny", "v2", "2026-11-20T02:00:00Z", facts=40, recall=0.91)


@pytest.fixture
def well(tmp_path: Path) -> Standing:
    return made(tmp_path)


def made(
    home: Path,
    events: int = 900,
    sources: tuple[SourceStanding, ...] = (SourceStanding("/logs/a.jsonl", "claude-code", unreadable=0, behind=0),),
    runs: tuple[RunStanding, ...] = (),
    adapters: AdapterStanding | None = None,
) -> Standing:
    return status.standing(
        home=home,
        project="shop",
        sessions=12,
        events=events,
        sources=sources,
        memories=MemoryStanding(42, 3, {"procedural": 42}, {"human": 42}),
        runs=runs,
        adapters=adapters or AdapterStanding("shop", current="v3", versions=(V3,)),
        endpoint=EndpointStanding(running=False),
    )


def test_all_is_well_means_no_warnings(well: Standing) -> None:
    assert well.warnings == ()


def test_the_line_names_version_memories_recall_and_night(well: Standing) -> None:
    assert status.line(well) == "memsrv v3 · 42 memories · 91% recall · night: idle"


def test_the_line_shows_a_running_night_with_its_time_left(well: Standing) -> None:
    run = RunStanding("20261120-020000-shop", "shop", "running", stage="train", done=30, total=120, eta_s=600)

    assert status.line(replace(well, runs=(run,))).endswith("night: train 25%, 10 min left")


def test_unreadable_lines_are_named_with_their_worst_file(tmp_path: Path) -> None:
    sources = tuple(SourceStanding(f"/logs/{n}.jsonl", "claude-code", unreadable=n, behind=0) for n in (1, 5))

    (warning,) = made(tmp_path, sources=sources).warnings

    assert warning.what == "6 lines could not be read, 5 of them in /logs/5.jsonl"


def test_a_log_that_grew_is_named_with_the_remedy(tmp_path: Path) -> None:
    sources = (SourceStanding("/logs/a.jsonl", "claude-code", unreadable=0, behind=512),)

    (warning,) = made(tmp_path, sources=sources).warnings

    assert (warning.what, "memsrv ingest" in warning.remedy) == ("1 logs have grown by 512 bytes", True)


@pytest.mark.parametrize("state", ["failed", "interrupted"])
def test_a_run_that_did_not_end_says_how_to_go_on(tmp_path: Path, state: str) -> None:
    (warning,) = made(tmp_path, runs=(RunStanding("r1", "shop", state),)).warnings

    assert "memsrv consolidate --resume r1" in warning.remedy


def test_a_refusal_is_told_with_its_reason(tmp_path: Path) -> None:
    run = RunStanding("r1", "shop", "done", verdict="refuse", reason="recall 40% is below 60%")

    (warning,) = made(tmp_path, runs=(run,)).warnings

    assert "recall 40% is below 60%" in warning.what


def test_a_fresh_home_says_where_to_begin(tmp_path: Path) -> None:
    found = made(tmp_path, events=0, sources=(), adapters=AdapterStanding(None)).warnings

    assert [("ingest" in w.remedy) or ("consolidate" in w.remedy) for w in found] == [True, True]


def test_the_line_is_replaced_whole(tmp_path: Path) -> None:
    cache = tmp_path / "new" / "statusline.txt"

    status.write_line(cache, "one")
    status.write_line(cache, "two")

    assert cache.read_text("utf-8") == "two\n"
    assert list(cache.parent.iterdir()) == [cache]
