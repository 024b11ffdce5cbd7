"""Recompression: the document by rules; a teacher may leave words of a line out, and change nothing else."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from memsrv.long_term import document
from memsrv.principles import Principle
from memsrv.records import Evidence, Kind, Memory, Trust
from memsrv.redact import Redactor
from memsrv_consolidation.recompress import Recompression, fault, recompress
from memsrv_consolidation.run import Run, TeacherOrder, read_json
from memsrv_consolidation.teachers import teacher
from memsrv_consolidation.teachers.exchanges import Exchanges
from memsrv_consolidation.teachers.gateway import Gateway
from memsrv_consolidation.teachers.ledger import Ledger, Limits, Prices

LONG = (
    "When you deploy the harbour service to the staging server in the evening, never restart the worker before "
    "the queue `tide-4` has been drained completely."
)
SHORTER = "When you deploy harbour service to staging server: never restart worker before queue `tide-4` drained."


def memory(id: str, text: str) -> Memory:
    said = (Evidence("s1", 0, text),)
    return Memory(id, "demo", Kind.PROCEDURAL, text, Trust.HUMAN, said, valid_from="2026-11-01T09:00:00Z")


LEDGER = (memory("m1", LONG),)

Written = tuple[Recompression, dict[str, int], Any]


@pytest.fixture
def written(teach: Callable[[Any], Any], teachers: ModuleType, tmp_path: Path) -> Callable[..., Written]:
    """What is made of memories where the teacher gives these lines; what was left out, and the teacher's server."""

    def make(*lines: dict[str, Any] | str, memories: Any = LEDGER) -> Written:
        said = lines[0] if lines and isinstance(lines[0], str) else json.dumps({"lines": list(lines)})
        server = teach(lambda asked: teachers.Says(said))
        order = TeacherOrder("openai", "m", f"{server.url}/v1", 0, 0, 10**6, 1, 5, str(tmp_path / "spend.jsonl"))
        gateway = Gateway(
            teacher(order, "some-key-of-ours"), Ledger(tmp_path / "spend.jsonl", Limits(10**6, 1), Prices()),
            Exchanges(tmp_path / "teacher.jsonl"), Redactor(b"k"), "run", timeout_s=5,
        )  # fmt: skip
        return *recompress(memories, (), {}, (), gateway), server

    return make


def lines(found: Recompression) -> list[str]:
    return [item.text for item in found.document.items][1:]


def test_by_rules_it_is_the_document_of_the_memories() -> None:
    works = [Principle("pri_1", "`npm` fails with a missing module", "run `npm ci`", 2, 0, 2, ())]

    found, left_out = recompress([memory("m1", LONG)], works, {}, {"m1"}, None)

    assert found.document == document([memory("m1", LONG)], principles=works, answered={"m1"})
    assert (found.principles, found.wordings, left_out) == (tuple(works), {}, {"without_room": 0})


def test_a_persons_edit_stands_in_place_of_the_memorys_words() -> None:
    found, _ = recompress([memory("m1", LONG)], (), {"m1": "Drain `tide-4` first."}, (), None)

    assert lines(found) == ["Drain `tide-4` first."]


def test_a_wording_that_leaves_words_out_takes_the_place_of_the_rules_words(written: Callable[..., Written]) -> None:
    found, left_out, _ = written({"number": 1, "text": SHORTER})

    assert lines(found) == [SHORTER]
    assert found.wordings == {"m1": (LONG, SHORTER)}
    assert found.document.tokens < document([memory("m1", LONG)]).tokens
    assert +left_out == {}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (f"{LONG} Indeed.", "not_shorter"),
        ("", "not_shorter"),
        (SHORTER.replace("worker", "database"), "ungrounded"),
        (SHORTER.replace("harbour service to staging server", "staging server to harbour service"), "ungrounded"),
        (SHORTER.replace("`tide-4`", "`tide-5`"), "ungrounded"),
        (SHORTER.replace(" `tide-4`", ""), "lost_words"),
        (SHORTER.replace("never ", ""), "lost_words"),
        (SHORTER.replace("before ", ""), "lost_words"),
    ],
)
def test_what_changes_more_is_dropped_and_counted_and_the_rules_words_stand(
    written: Callable[..., Written], said: str, reason: str
) -> None:
    found, left_out, _ = written({"number": 1, "text": said})

    assert lines(found) == [LONG]
    assert +left_out == {f"teacher_{reason}": 1}


def test_a_wording_names_the_subject_and_gives_the_value() -> None:
    port = Memory(
        "m1", "demo", Kind.EPISODIC, "The port of the crane is 4010 on weekdays.", Trust.HUMAN, (), "the crane", "port",
        "4010 on weekdays",
    )  # fmt: skip

    assert fault("port of crane is 4010 on weekdays", port) is None
    assert fault("port of crane is 4010", port) == "lost_words"
    assert fault("port 4010 on weekdays", port) == "lost_words"


def test_a_line_that_nobody_asked_about_changes_nothing(written: Callable[..., Written]) -> None:
    found, left_out, _ = written({"number": 7, "text": "x"}, {"number": 0, "text": "y"})

    assert lines(found) == [LONG]
    assert left_out["teacher_misshapen"] == 2


def test_a_teacher_that_answers_nonsense_leaves_the_rules_words(written: Callable[..., Written]) -> None:
    found, left_out, _ = written("I would rather not.")

    assert lines(found) == [LONG]
    assert left_out["teacher_not_json"] == 1


def test_short_lines_and_what_tools_state_are_worth_no_question(written: Callable[..., Written]) -> None:
    quoted = Memory("m2", "demo", Kind.PROCEDURAL, LONG, Trust.WEB)

    *_, server = written(memories=[memory("m1", "Use tabs."), quoted])

    assert server.asked == []


def test_a_run_writes_it_before_it_learns_and_once(make_run: Callable[..., Run]) -> None:
    run = make_run("recompressed")
    child = [sys.executable, "-I", "-m", "memsrv_consolidation", str(run.folder), "--until", "synthesise"]

    subprocess.run(child, stdin=subprocess.DEVNULL, check=True)
    made = run.long_term_file.read_bytes()
    run.conversations_file.unlink()
    subprocess.run(child, stdin=subprocess.DEVNULL, check=True)

    told = read_json(run.long_term_file)
    assert run.long_term_file.read_bytes() == made
    assert told["as_of"] == run.order.created
    assert [entry["ids"] for entry in told["sections"][0]["entries"]] == [["m0"], ["m1"], ["m2"]]
    assert [one["ids"] for one in told["left_out"]] == [["web"]]
    assert "port of staging server is 4010" in run.long_term_text.read_text("utf-8")
