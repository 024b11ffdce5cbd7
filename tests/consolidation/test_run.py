"""The run folder: whole files or none, and progress that others can read."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from memsrv.errors import RunFailed, RunInProgress
from memsrv.records import Fact, Kind, Trust
from memsrv_consolidation import progress
from memsrv_consolidation.run import Run, clear_unfinished, one_at_a_time, write_json, write_lines

FACT = Fact("f1", Kind.EPISODIC, "The port of api is 4010.", Trust.HUMAN, (), "api", "port", "4010")


def test_facts_that_were_written_are_read_again(tmp_path: Path) -> None:
    run = Run(tmp_path)

    write_lines(run.facts_file, [FACT])

    assert run.facts() == [FACT]


def test_a_file_that_fails_half_way_is_not_there(tmp_path: Path) -> None:
    run = Run(tmp_path)

    def facts() -> object:
        yield FACT
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space"):
        write_lines(run.facts_file, facts())  # type: ignore[arg-type]

    assert not run.facts_file.exists()


def test_what_a_killed_stage_left_is_cleared(tmp_path: Path) -> None:
    (tmp_path / "facts.jsonl.part").write_text("{")
    (tmp_path / "adapter.part").mkdir()

    clear_unfinished(Run(tmp_path))

    assert list(tmp_path.iterdir()) == []


def test_a_damaged_line_is_named_with_its_file_and_number(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.facts_file.write_text('{"id": "f1"\n')

    with pytest.raises(RunFailed, match=r"facts.jsonl:1 cannot be read .*delete the file and resume"):
        run.facts()


def test_a_missing_order_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RunFailed, match=r"run\.json is missing; start a new run"):
        _ = Run(tmp_path).order


def test_progress_counts_and_estimates_what_is_left(tmp_path: Path) -> None:
    run = Run(tmp_path)
    pace = progress.Pace(run, 42, lambda: datetime(2026, 11, 20, tzinfo=UTC))

    pace.begin("train", 10)
    pace.count(10, 10)

    told = progress.read(run)
    assert told is not None
    assert (told.stage, told.state, told.done, told.total, told.pid) == ("train", "running", 10, 10, 42)
    assert told.eta_s == 0


def test_progress_ends_with_a_sentence(tmp_path: Path) -> None:
    run = Run(tmp_path)
    progress.Pace(run, 42).end("failed", "the disk is full; make room")

    told = progress.read(run)

    assert told is not None
    assert (told.state, told.message) == ("failed", "the disk is full; make room")


def test_a_run_without_a_stage_has_no_progress(tmp_path: Path) -> None:
    assert progress.read(Run(tmp_path)) is None


def test_a_second_run_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    second = (
        "import sys, pathlib; from memsrv_consolidation.run import one_at_a_time\n"
        "with one_at_a_time(pathlib.Path(sys.argv[1])): pass"
    )

    with one_at_a_time(tmp_path):
        ended = subprocess.run(
            [sys.executable, "-c", second, str(tmp_path)], capture_output=True, text=True, check=False
        )

    assert "RunInProgress: another consolidation is running" in ended.stderr
    with one_at_a_time(tmp_path):
        pass


def test_the_lock_is_refused_within_one_process_too(tmp_path: Path) -> None:
    with one_at_a_time(tmp_path), pytest.raises(RunInProgress), one_at_a_time(tmp_path):
        pass


def test_the_folder_and_progress_load_no_torch() -> None:
    code = (
        "import sys, memsrv_consolidation.run, memsrv_consolidation.progress, memsrv_consolidation.pipeline\n"
        "print([m for m in ('torch', 'transformers', 'peft', 'trl') if m in sys.modules])"
    )

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ended.stdout.strip() == "[]"


def test_json_is_replaced_not_appended(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {"a": 1})
    write_json(tmp_path / "x.json", {"b": 2})

    assert json.loads((tmp_path / "x.json").read_text()) == {"b": 2}
