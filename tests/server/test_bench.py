"""Benches give figures for what they measured, and say why for what they did not."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from memsrv.bench.redact import ordinary, planted, redaction
from memsrv.canaries import FAMILIES
from memsrv.errors import UsageError


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "plain.py").write_text("def total(prices):\n    return sum(prices)\n" * 50)
    (folder / "settings.py").write_text('token = "zX8kQ2mN9pL4vR7tY1wB"\n')
    (folder / "picture.png").write_bytes(b"\x89PNG")
    return folder


def test_every_family_is_planted_in_every_position() -> None:
    seen = [(position, canary.family) for position, canary, _, _ in planted(1)]

    assert len({position for position, _ in seen}) == 6
    assert len(seen) == len(set(seen)) == 6 * len(FAMILIES)


def test_a_planted_text_holds_what_may_not_be_left_of_it() -> None:
    assert all(mark in text for _, _, text, marks in planted(1) for mark in marks)


def test_it_counts_what_was_caught_and_what_ordinary_code_lost(code: Path) -> None:
    measured = redaction(0.01, code)

    ours = measured.engines[0]
    assert (ours.caught, ours.missed) == (ours.planted, ())
    assert (measured.files, ours.false_alarms) == (2, 1)
    assert ours.false_alarms_per_100_kb == pytest.approx(1e5 / measured.bytes, rel=0.01)


def test_an_engine_that_is_not_installed_is_skipped_with_a_reason(code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dataclaw.secrets", None)

    [_, theirs] = redaction(0.01, code).engines

    assert "not installed" in (theirs.skipped or "")


def test_no_more_is_read_than_was_asked_for_and_from_all_over(tmp_path: Path) -> None:
    for name in "abcdefgh":
        (tmp_path / f"{name}.py").write_text(name * 1000)

    texts = ordinary(tmp_path, 2000)

    assert [text[0] for text in texts] == ["a", "e"]


def test_a_folder_without_code_is_a_wrong_request(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no source file"):
        redaction(1, tmp_path)


def test_the_command_prints_one_json_document(code: Path) -> None:
    command = [sys.executable, "-m", "memsrv", "bench", "redact", str(code), "--mb", "0.1", "--json"]

    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)

    result: dict[str, Any] = json.loads(done.stdout)
    assert [engine["name"] for engine in result["engines"]] == ["memsrv", "DataClaw"]
