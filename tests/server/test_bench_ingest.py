"""`memsrv bench ingest` gives figures of what really ran, each contestant on the same events."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from memsrv.bench.contestants import DECODE, FLOOR, REDACTED, SEARCHABLE, run
from memsrv.bench.ingest import CONTESTANTS, ingesting
from memsrv.bench.sessions import Library, write_session, write_sessions
from memsrv.errors import NoLogs


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    command = [
        sys.executable,
        "-I",
        "-m",
        "memsrv",
        "bench",
        "ingest",
        "--mib",
        "0.6",
        "--rounds",
        "1",
        "--appends",
        "4",
    ]
    home = str(tmp_path_factory.mktemp("home"))
    env = {"HOME": home, "MEMSRV_HOME": home, "PATH": "/usr/bin:/bin"}
    done = subprocess.run([*command, "--json"], env=env, capture_output=True, text=True, timeout=240, check=True)
    return dict(json.loads(done.stdout))


def test_every_contestant_has_figures(result: Mapping[str, Any]) -> None:
    assert [one["name"] for one in result["contestants"]] == list(CONTESTANTS)
    assert all(
        one[name] > 0
        for one in result["contestants"]
        for name in ("seconds", "events_per_s", "mb_per_s", "of_floor", "of_rows", "of_naive")
    )


def test_all_that_store_events_store_the_same_ones(result: Mapping[str, Any]) -> None:
    events = {one["name"]: one["events"] for one in result["contestants"] if one["name"] != DECODE}

    assert len(set(events.values())) == 1
    assert events[FLOOR] > 100


def test_each_appended_line_was_found_past_a_real_watch(result: Mapping[str, Any]) -> None:
    assert result["latency"]["appends"] == 4
    assert 0 < result["latency"]["p50_ms"] <= result["latency"]["p95_ms"] <= result["latency"]["max_ms"]
    assert 0 < result["latency"]["floor_p50_ms"] <= result["latency"]["floor_p95_ms"]


def test_the_made_up_sessions_are_as_large_as_real_ones(tmp_path: Path) -> None:
    logs = write_sessions(tmp_path, 6 << 20)

    lines = [len(line) for log in logs if "claude" in log.parts for line in log.open("rb")]
    assert 700 < median(lines) < 1_300
    assert 10_000 < sorted(lines)[len(lines) * 99 // 100] < 40_000


def test_the_same_seed_makes_up_the_same_bytes(tmp_path: Path) -> None:
    name = "rollout-2026-05-04T09-00-00-00000000-0000-4000-8000-000000000000.jsonl"

    sizes = [write_session(tmp_path / folder / name, 50_000, "seed", Library()) for folder in "ab"]

    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert sizes[0] == (tmp_path / "a" / name).stat().st_size


def test_nothing_of_a_made_up_session_is_not_understood(tmp_path: Path) -> None:
    from memsrv.bench.contestants import logs_at

    write_sessions(tmp_path, 5 << 20)

    for path, source in logs_at(tmp_path):
        reader = source.reader(path, {})
        for line in path.open("rb"):
            reader.read(line)
        assert not {name: count for name, count in reader.unknown.items() if not name.startswith("field:")}


def test_a_folder_without_logs_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoLogs, match=str(tmp_path)):
        ingesting(tmp_path, rounds=1, appends=0)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_a_log_of_a_gigabyte_takes_no_more_memory_than_one_of_64_mib(tmp_path: Path) -> None:
    peaks = []
    for size in (64 << 20, 1 << 30):
        folder = tmp_path / str(size)
        write_session(folder / "claude" / "projects" / "-big" / f"{size}.jsonl", size, "soak", Library())
        home = folder / "home"
        home.mkdir()
        peaks.append(_peak(folder / "claude", home))

    assert peaks[1] < peaks[0] + 64


def _peak(folder: Path, home: Path) -> float:
    command = [sys.executable, "-I", "-m", "memsrv.bench.contestants", REDACTED, str(folder), str(home)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout)["peak_mb"])


def test_only_the_bench_reads_without_redaction(tmp_path: Path) -> None:
    write_sessions(tmp_path / "logs", 100_000)
    (tmp_path / "home").mkdir()

    assert run(SEARCHABLE, tmp_path / "logs", tmp_path / "home").events > 0
