"""What remembering finds is held against labels of real logs: shares with their intervals, halves that never move."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from memsrv.bench import labelled
from memsrv.bench.remember import Figures, RememberBench, remembering
from memsrv.bench.shares import share
from memsrv.errors import UsageError

REAL = Path(__file__).resolve().parents[2].parent / "shared" / "logs"
SAID = "For the tests, always use vitest instead of mocha."
OTHER = "What does this project do?"


@pytest.fixture
def real_logs() -> Path:
    if not REAL.is_dir():
        pytest.skip("the real logs are not on this machine (../shared/logs)")
    return REAL


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A preference and a question, a command that failed and its fix, tests that failed and passed after an edit."""
    folder = tmp_path / "logs"
    folder.mkdir()
    lines = [_prompt(SAID), _prompt(OTHER)]
    lines += _ran("c1", "python setup.py build", "Exit code 127\npython: command not found", failed=True)
    lines += _ran("c2", "python3 setup.py build", "built")
    lines += _ran("c3", "pytest tests/test_total.py", "Exit code 1\nTypeError: total()\n1 failed in 0.1s", failed=True)
    edit = {"file_path": "/srv/shop/total.py", "old_string": "return total", "new_string": "return total()"}
    lines += _called("c4", "Edit", edit, "The file /srv/shop/total.py has been updated.")
    lines += _ran("c5", "pytest tests/test_total.py", "1 passed in 0.1s")
    common = {"sessionId": "s1", "cwd": "/srv/shop", "version": "2.0.13"}
    text = [
        json.dumps({**common, "uuid": f"u{n}", "timestamp": f"2026-11-02T09:{n:02}:00.000Z", **line})
        for n, line in enumerate(lines)
    ]
    (folder / "s1.jsonl").write_text("\n".join(text) + "\n")
    return folder


def _prompt(text: str) -> dict[str, Any]:
    return {"type": "user", "message": {"role": "user", "content": text}}


def _ran(call: str, command: str, printed: str, *, failed: bool = False) -> list[dict[str, Any]]:
    return _called(call, "Bash", {"command": command}, printed, failed=failed)


def _called(
    call: str, tool: str, given: Mapping[str, str], printed: str, *, failed: bool = False
) -> list[dict[str, Any]]:
    use = {"type": "tool_use", "id": call, "name": tool, "input": given}
    result = {"type": "tool_result", "tool_use_id": call, "content": printed, "is_error": failed}
    return [
        {"type": "assistant", "message": {"id": f"m-{call}", "role": "assistant", "content": [use]}},
        {"type": "user", "message": {"role": "user", "content": [result]}},
    ]


def _labels(tmp_path: Path, preferences: Mapping[str, str], fixes: Mapping[str, tuple[str, str]]) -> Path:
    folder = tmp_path / "labels"
    folder.mkdir(exist_ok=True)
    rows = [f"s1.jsonl\t{labelled.of_text(text)}\t{label}" for text, label in preferences.items()]
    (folder / "preferences.tsv").write_text("\n".join(["path\tmessage\tlabel", *rows]) + "\n")
    rows = [f"s1.jsonl\t{call}\t{label}\t{passed}" for call, (label, passed) in fixes.items()]
    (folder / "fixes.tsv").write_text("\n".join(["path\tfailure\tlabel\tpassed", *rows]) + "\n")
    return folder


def _all(bench: RememberBench, kind: str) -> Figures:
    [measured] = [one for one in bench.kinds if one.kind == kind]
    return measured.figures[-1]


def _hits(bench: RememberBench, kind: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """(right, said) and (found, wanted)."""
    row = _all(bench, kind)
    return (row.precision.hits, row.precision.of), (row.recall.hits, row.recall.of)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        (8, 10, 0.4902, 0.9433),
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (50, 100, 0.4038, 0.5962),
        (81, 263, 0.2553, 0.3662),
    ],
)
def test_an_interval_is_wilsons(hits: int, of: int, low: float, high: float) -> None:
    seen = share(hits, of)

    assert (seen.low, seen.high) == pytest.approx((low, high), abs=1e-4)


def test_of_nothing_there_is_no_share_and_anything_may_be_true() -> None:
    nothing = share(0, 0)

    assert (nothing.share, nothing.low, nothing.high) == (None, 0.0, 1.0)


def test_labels_never_change_sides() -> None:
    sides = [labelled.half(key) for key in ("a", "b", "c", "call_1")]

    assert sides == ["held-out", "held-out", "tune", "held-out"]


def test_there_are_labels_enough_and_both_halves_have_some_of_each() -> None:
    messages, failures = labelled.preferences(), labelled.fixes()
    everything = [("message", label) for label in messages] + [("failure", label) for label in failures]

    halves = {(kind, label.yes, labelled.half(label.key)) for kind, label in everything}

    assert len(messages) >= 200
    assert len(failures) >= 60
    assert len({(label.path, label.key) for label in messages}) == len(messages)
    assert len({(label.path, label.key) for label in failures}) == len(failures)
    assert len(halves) == 12


def test_what_is_found_where_a_label_says_so_is_right(logs: Path, tmp_path: Path) -> None:
    labels = _labels(tmp_path, {SAID: "yes", OTHER: "no"}, {"c1": ("c2", ""), "c3": ("c4", "c5")})

    bench = remembering(logs, half="both", labels=labels)

    assert _hits(bench, "preferences") == ((1, 1), (1, 1))
    assert _hits(bench, "fixes") == ((2, 2), (2, 2))


def test_flipped_labels_take_all_that_was_right(logs: Path, tmp_path: Path) -> None:
    labels = _labels(tmp_path, {SAID: "no", OTHER: "yes"}, {"c1": ("none", ""), "c3": ("none", "")})

    bench = remembering(logs, half="both", labels=labels)

    assert _hits(bench, "preferences") == ((0, 1), (0, 1))
    assert _hits(bench, "fixes") == ((0, 2), (0, 0))


def test_a_failure_paired_with_another_event_is_wrong(logs: Path, tmp_path: Path) -> None:
    labels = _labels(tmp_path, {}, {"c1": ("c5", ""), "c3": ("c2", "c5")})  # total.py is not what c2 changed

    assert _hits(remembering(logs, half="both", labels=labels), "fixes") == ((0, 2), (0, 2))


def test_what_nobody_labelled_is_counted_and_not_scored(logs: Path, tmp_path: Path) -> None:
    labels = _labels(tmp_path, {OTHER: "no"}, {"c1": ("unclear", ""), "c9": ("none", "")})

    bench = remembering(logs, half="both", labels=labels)

    assert [(one.unclear, one.gone, one.unlabelled) for one in bench.kinds] == [(0, 0, 1), (1, 1, 1)]
    assert _hits(bench, "preferences") == _hits(bench, "fixes") == ((0, 0), (0, 0))


def test_the_baselines_are_judged_by_the_same_labels(logs: Path, tmp_path: Path) -> None:
    labels = _labels(tmp_path, {SAID: "yes", OTHER: "no"}, {"c1": ("c2", ""), "c3": ("none", "")})

    bench = remembering(logs, half="both", labels=labels)

    words, following = _all(bench, "preferences"), _all(bench, "fixes")
    assert (words.baseline_precision, words.baseline_recall) == (share(1, 1), share(1, 1))
    assert (following.baseline_precision, following.baseline_recall) == (share(1, 2), share(1, 1))


def test_places_are_shown_of_the_half_to_tune_on_only(logs: Path, tmp_path: Path) -> None:
    labels = _labels(tmp_path, {SAID: "yes", OTHER: "yes"}, {"c1": ("c2", ""), "c3": ("c2", "")})

    places = remembering(logs, half="both", show=True, labels=labels).places

    assert places
    assert {labelled.half(place.key) for place in places} == {"tune"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--logs PATH"),
        (["--logs", ".", "--half", "third"], "no half `third`"),
        (["--logs", ".", "--show"], "--half tune"),
        (["--logs", "."], "none of the"),
    ],
)
def test_a_wrong_request_is_told_what_to_do_instead(arguments: list[str], said: str, tmp_path: Path) -> None:
    done = _bench(arguments, tmp_path, check=False)

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_labels_that_cannot_be_read_are_a_wrong_request(logs: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        remembering(logs, labels=tmp_path / "nowhere")


def test_the_command_measures_real_logs_and_prints_one_json_document(real_logs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "some"
    for log in sorted({label.path for label in labelled.fixes() if label.path.startswith(("codex/jn", "gemini/"))}):
        (folder / log).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(real_logs / log, folder / log)

    bench = json.loads(_bench(["--logs", str(folder), "--half", "both", "--json"], tmp_path).stdout)

    fixes = bench["kinds"][1]
    assert [(row["agent"], row["labels"], row["recall"]["of"]) for row in fixes["figures"]] == [
        ("codex", 24, 10), ("gemini", 4, 3), ("all", 28, 13)]  # fmt: skip
    assert fixes["figures"][-1]["recall"]["hits"] > 0
    assert bench["absent"] > 0
    assert bench["places"] == []


def _bench(arguments: list[str], folder: Path, *, check: bool = True) -> subprocess.CompletedProcess[str]:
    home = {"HOME": str(folder), "MEMSRV_HOME": str(folder / "home"), "PATH": "/usr/bin:/bin", "COLUMNS": "200"}
    command = [sys.executable, "-m", "memsrv", "bench", "remember", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=check, timeout=200, env=home, cwd=folder)
