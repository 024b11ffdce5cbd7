"""A run with a teacher, in its own process: killed and resumed it asks nothing twice; what fails, rules do."""

import json
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from memsrv.environment import child_environment
from memsrv.records import Episode, Event, EventType, Session, Trust, to_dict
from memsrv_consolidation.given import Given
from memsrv_consolidation.progress import read
from memsrv_consolidation.run import Run, TeacherOrder, read_json, write_json, write_lines
from memsrv_consolidation.teachers import ledger

MakeRun = Callable[..., Run]

SAID = (
    "btw Priya is the owner of the uploader, ask her",
    "btw Tomasz is the owner of the downloader, ask him",
    "The port of the billing service is 4010.",
)


def episode() -> Episode:
    steps = [
        Event(f"e{n}", "s1", EventType.PROMPT, Trust.HUMAN, said, f"2026-11-19T10:0{n}:00Z", turn=n)
        for n, said in enumerate(SAID)
    ]
    return Episode(Session("s1", "claude", "demo", "log.jsonl", started="2026-11-19T10:00:00Z"), tuple(steps))


@pytest.fixture
def taught(make_run: MakeRun, request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Run]:
    """A run with three prompts in one episode, and the order to ask a teacher at `url`."""

    def make(url: str, **more: Any) -> Run:
        said: dict[str, Any] = {
            "name": "anthropic", "model": "some-model", "url": url, "usd_per_million_input": 3.0,
            "usd_per_million_output": 15.0, "tokens_per_day": 10**6, "usd_per_day": 100.0, "timeout_s": 20.0,
            "ledger": str(tmp_path / "spend.jsonl"),
        }  # fmt: skip
        run = make_run("".join(c if c.isalnum() else "-" for c in request.node.name), memories=[])
        write_lines(run.episodes_file, [episode()])
        order = {**read_json(run.order_file), "teacher": to_dict(TeacherOrder(**(said | more)))}
        write_json(run.order_file, order)
        return run

    return make


def start(run: Run, key: str | None, *strings: str) -> "subprocess.Popen[bytes]":
    """The child that asks, as `night` starts it."""
    child = subprocess.Popen(
        [sys.executable, "-I", "-m", "memsrv_consolidation", str(run.folder), "--until", "synthesise"],
        stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=child_environment(),
    )  # fmt: skip
    assert child.stdin
    child.stdin.write(Given(strings, key).as_bytes())
    child.stdin.close()
    child.stdin = None
    return child


def finish(run: Run, key: str | None, *strings: str) -> str:
    child = start(run, key, *strings)
    _, errors = child.communicate(timeout=60)
    assert child.returncode == 0, errors.decode()
    return errors.decode()


def bodies(server: Any) -> Counter[str]:
    return Counter(json.dumps(asked.body, sort_keys=True) for asked in server.asked)


def test_a_run_learns_what_only_the_teacher_saw_and_stops_before_training(
    taught: Callable[..., Run], teach: Callable[[Any], Any], teachers: ModuleType
) -> None:
    server = teach(teachers.well)
    run = taught(server.url)

    finish(run, teachers.KEY)

    assert {fact.value for fact in run.facts()} == {"Priya", "Tomasz", "4010"}
    assert len([one for one in run.conversations() if one.about == "fact"]) == 60
    assert not run.adapter.exists()
    assert len(server.asked) == 3 + 3
    noted = read_json(run.costs_file)["notes"]
    assert noted["left_out"]["by_teacher"] == len(run.facts()) - 1  # the port is read by rules, too


@pytest.mark.parametrize("place", [2, 5, *(pytest.param(n, marks=pytest.mark.soak) for n in (1, 3, 4, 6))])
def test_killed_in_the_middle_of_a_call_it_asks_again_for_that_one_alone(
    taught: Callable[..., Run], teach: Callable[[Any], Any], teachers: ModuleType, tmp_path: Path, place: int
) -> None:
    reached = threading.Event()

    def brain(asked: Any) -> Any:
        if len(server.asked) == place:
            reached.set()
            return teachers.Stalls()
        return teachers.well(asked)

    server = teach(brain)
    run = taught(server.url)
    child = start(run, teachers.KEY)
    assert reached.wait(60)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    server.brain = teachers.well

    finish(run, teachers.KEY)

    assert sorted(bodies(server).values()) == [1] * 5 + [2]
    spent = ledger.today(tmp_path / "spend.jsonl", datetime.now(UTC))
    assert (spent.calls, spent.open) == (7, 1)
    assert {fact.value for fact in run.facts()} == {"Priya", "Tomasz", "4010"}


def test_the_same_replies_give_the_same_facts_and_conversations(
    taught: Callable[..., Run], teach: Callable[[Any], Any], teachers: ModuleType
) -> None:
    run = taught(teach(teachers.well).url)
    finish(run, teachers.KEY)
    before = run.facts_file.read_bytes(), run.conversations_file.read_bytes()
    run.facts_file.unlink()
    run.conversations_file.unlink()

    finish(run, teachers.KEY)

    assert (run.facts_file.read_bytes(), run.conversations_file.read_bytes()) == before


@pytest.mark.parametrize("how", ["401", "spent", "nonsense"])
def test_where_the_teacher_fails_the_run_goes_on_by_rules_and_says_so(
    taught: Callable[..., Run], teach: Callable[[Any], Any], teachers: ModuleType, how: str
) -> None:
    answers = {"401": teachers.Sends(401), "nonsense": teachers.Says("la la la")}
    server = teach(lambda asked: answers.get(how, teachers.Says("")))
    run = taught(server.url, tokens_per_day=100 if how == "spent" else 10**6)

    finish(run, teachers.KEY)

    assert {fact.value for fact in run.facts()} == {"4010"}
    assert len([one for one in run.conversations() if one.about == "fact"]) == 20
    told = run.teacher_file.read_text()
    stopped = [json.loads(line)["reason"] for line in told.splitlines() if '"stopped"' in line]
    why = {"401": ["does not accept the key"], "spent": ["teacher.tokens_per_day"], "nonsense": []}[how]
    # Once: what stopped the first stage is not asked again by the second.
    assert [all(word in reason for word in why) for reason in stopped] == [True] * len(why)


def test_interrupted_while_a_teacher_thinks_it_ends_at_once_and_can_be_resumed(
    taught: Callable[..., Run], teach: Callable[[Any], Any], teachers: ModuleType
) -> None:
    reached = threading.Event()

    def brain(asked: Any) -> Any:
        reached.set()
        return teachers.Stalls()

    server = teach(brain)
    run = taught(server.url)
    child = start(run, teachers.KEY)
    assert reached.wait(60)

    child.send_signal(signal.SIGTERM)

    assert child.wait(10) == 130
    child.communicate()
    told = read(run)
    assert told is not None
    assert told.state == "interrupted"


def test_the_users_strings_reach_no_teacher(
    taught: Callable[..., Run], teach: Callable[[Any], Any], teachers: ModuleType
) -> None:
    server = teach(teachers.well)
    run = taught(server.url)

    finish(run, teachers.KEY, "Tomasz", "downloader")

    sent = "".join(json.dumps(asked.body) for asked in server.asked)
    assert "Priya" in sent
    assert "Tomasz" not in sent
    assert "downloader" not in sent
    assert {fact.value for fact in run.facts()} == {"Priya", "4010"}


@pytest.mark.parametrize("given", [b"{", b"[]", b'{"strings": "abc", "key": null}', b'{"strings": [], "key": 7}'])
def test_what_is_not_the_documented_object_is_refused_and_not_quoted(
    taught: Callable[..., Run], teach: Callable[[Any], Any], teachers: ModuleType, given: bytes
) -> None:
    run = taught(teach(teachers.well).url)
    ended = subprocess.run(
        [sys.executable, "-I", "-m", "memsrv_consolidation", str(run.folder)], input=given, capture_output=True,
        check=False,
    )  # fmt: skip

    assert ended.returncode == 2
    assert ended.stderr == b"what stands on stdin is not the JSON object of docs/contracts.md\n"


def test_rules_alone_open_no_client_and_write_no_ledger(make_run: MakeRun) -> None:
    run = make_run("by-rules")
    code = (
        "import sys; from memsrv_consolidation.__main__ import main\n"
        "print(main(sys.argv[1:]), [m for m in ('anthropic', 'openai', 'httpx2') if m in sys.modules])"
    )
    ended = subprocess.run(
        [sys.executable, "-I", "-c", code, str(run.folder), "--until", "synthesise"], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ended.stdout == "0 []\n", ended.stderr
    assert not run.teacher_file.exists()
