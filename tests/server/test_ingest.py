"""From files to stored events, exactly once: appended, rewritten, truncated, copied, killed, read by two at once."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memsrv.capture import Capture
from memsrv.consent import Consent
from memsrv.errors import NoLogs, UsageError
from memsrv.ignorefile import IgnoreFiles
from memsrv.ingest import IngestReport, ingest
from memsrv.records import EventType
from memsrv.redact import Redactor
from memsrv.settings import Settings
from memsrv.store import Store

REDACTOR = Redactor(b"k" * 32)
ALL = Capture(Consent(Settings()), IgnoreFiles(Path("/nowhere")))
STEM = "11111111-2222-4333-8444-555555555555"


def line(text: str, uuid: str, **more: Any) -> bytes:
    record = {
        "type": "user",
        "uuid": uuid,
        "parentUuid": None,
        "sessionId": STEM,
        "timestamp": "2026-01-02T03:04:05.678Z",
        "cwd": "/nowhere/shop",
        "version": "2.1.30",
        "message": {"role": "user", "content": text},
    }
    return json.dumps(record | more).encode() + b"\n"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "home" / "memsrv.db")


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder


@pytest.fixture
def log(logs: Path) -> Path:
    return logs / f"{STEM}.jsonl"


def read(store: Store, *paths: Path) -> IngestReport:
    return ingest(store, REDACTOR, paths, capture=ALL)


def texts(store: Store, session: str = STEM) -> list[str]:
    return [event.text for event in store.events(session)]


def test_a_log_becomes_a_session_with_its_events(store: Store, log: Path) -> None:
    log.write_bytes(line("one", "a") + line("two", "b", parentUuid="a"))

    report = read(store, log)

    assert (report.files, report.sessions, report.events, report.unreadable) == (1, 1, 2, 0)
    assert report.changed == (STEM,)
    assert texts(store) == ["one", "two"]
    session = store.session(STEM)
    assert (session.agent, session.project, session.cwd) == ("claude-code", "shop", "/nowhere/shop")
    assert store.files()[0].lag == 0


def test_a_second_ingest_adds_nothing(store: Store, log: Path) -> None:
    log.write_bytes(line("one", "a"))
    read(store, log)

    again = read(store, log)

    assert (again.files, again.sessions, again.events, again.duplicates) == (1, 0, 0, 0)


def test_what_was_appended_is_read_on_from_the_offset(store: Store, log: Path) -> None:
    log.write_bytes(line("one", "a"))
    read(store, log)
    with log.open("ab") as file:
        file.write(line("two", "b"))

    report = read(store, log)

    assert (report.events, report.duplicates) == (1, 0)
    assert texts(store) == ["one", "two"]


def test_an_unfinished_last_line_waits_until_it_is_whole(store: Store, log: Path) -> None:
    whole = line("two", "b")
    for cut in range(1, len(whole) - 1):
        log.write_bytes(line("one", "a") + whole[:cut])
        report = read(store, log)
        assert report.unreadable == 0
        assert texts(store) == ["one"]
    assert store.files()[0].lag == len(whole) - 2

    log.write_bytes(line("one", "a") + whole)
    read(store, log)
    assert texts(store) == ["one", "two"]
    assert store.files()[0].lag == 0


def test_a_whole_last_line_without_its_newline_counts(store: Store, log: Path) -> None:
    log.write_bytes(line("one", "a").rstrip(b"\n"))
    read(store, log)
    with log.open("ab") as file:
        file.write(b"\n" + line("two", "b"))
    read(store, log)

    assert texts(store) == ["one", "two"]


def test_a_damaged_line_in_the_middle_is_counted_with_its_place(store: Store, log: Path) -> None:
    first = line("one", "a")
    log.write_bytes(first + b"\x00" * 300 + b"\n" + b'{"parentUuid":"x","ty\n' + line("two", "b"))

    report = read(store, log)

    assert (report.events, report.unreadable) == (2, 2)
    assert [bad.offset for bad in store.unreadable(str(log))] == [len(first), len(first) + 301]
    assert read(store, log).unreadable == 0
    assert store.files()[0].unreadable == 2


def test_a_truncated_or_rewritten_file_is_read_again_without_doubling(store: Store, log: Path) -> None:
    log.write_bytes(line("one", "a") + b"broken\n" + line("two", "b"))
    read(store, log)

    log.write_bytes(line("one", "a"))  # shorter
    assert read(store, log).duplicates == 1
    log.write_bytes(line("zero", "z") + line("one", "a") + line("three", "c"))  # another beginning
    report = read(store, log)

    assert (report.events, report.duplicates) == (2, 1)
    assert texts(store) == ["one", "two", "zero", "three"]
    assert store.unreadable() == []  # the broken line is no longer there


def test_a_file_that_was_cut_and_grew_past_the_old_offset_is_read_again(store: Store, log: Path) -> None:
    head = line("x" * 5000, "a")  # longer than the fingerprint of the beginning
    log.write_bytes(head + line("two", "b"))
    read(store, log)
    log.write_bytes(head + line("TWO, in other words", "c") + line("three", "d"))

    read(store, log)

    assert texts(store)[1:] == ["two", "TWO, in other words", "three"]


def test_a_forked_session_keeps_only_what_is_its_own(store: Store, logs: Path, log: Path) -> None:
    log.write_bytes(line("one", "a") + line("two", "b"))
    fork = logs / "99999999-2222-4333-8444-555555555555.jsonl"
    fork.write_bytes(line("one", "a") + line("two", "b") + line("mine", "c"))
    os.utime(log, (1, 1))

    report = read(store, logs)

    assert (report.sessions, report.events, report.duplicates) == (2, 3, 2)
    assert texts(store) == ["one", "two"]
    assert texts(store, fork.stem) == ["mine"]


def test_a_copied_log_adds_nothing_and_no_session(store: Store, logs: Path, log: Path) -> None:
    log.write_bytes(line("one", "a"))
    (logs / "backup").mkdir()
    shutil.copy(log, logs / "backup" / log.name)

    report = read(store, logs)

    assert (report.files, report.events, report.duplicates) == (2, 1, 1)
    assert len(store.sessions()) == 1


def test_two_logs_of_one_name_are_two_sessions(store: Store, logs: Path) -> None:
    for folder, uuid in (("p", "a"), ("q", "b")):
        (logs / folder).mkdir()
        (logs / folder / "agent-1.jsonl").write_bytes(line("hi", uuid))

    read(store, logs)

    assert len(store.sessions()) == 2
    assert read(store, logs).events == 0


def test_a_renamed_log_goes_on_as_the_same_session_where_its_name_stays(store: Store, logs: Path, log: Path) -> None:
    log.write_bytes(line("one", "a"))
    read(store, log)
    (logs / "moved").mkdir()
    moved = log.rename(logs / "moved" / log.name)
    with moved.open("ab") as file:
        file.write(line("two", "b"))

    read(store, moved)

    assert texts(store) == ["one", "two"]


def test_files_of_nobody_are_counted_not_blamed(store: Store, logs: Path, log: Path) -> None:
    log.write_bytes(line("one", "a"))
    (logs / "other.json").write_text('{"role": "user"}', "utf-8")
    (logs / "vim.jsonl").write_text('{"type": "keystroke", "payload": {}}\n', "utf-8")
    (logs / "empty.jsonl").write_bytes(b"")
    os.mkfifo(logs / "pipe.jsonl")
    (logs / "folder.jsonl").mkdir()
    (logs / "loop").symlink_to(logs)

    report = read(store, logs)

    assert (report.files, report.not_owned, report.events) == (1, 3, 1)


def test_an_agents_own_folder_is_searched_where_it_keeps_its_logs(store: Store, tmp_path: Path) -> None:
    log = tmp_path / "claude" / "projects" / "-nowhere-shop" / f"{STEM}.jsonl"
    log.parent.mkdir(parents=True)
    log.write_bytes(line("one", "a"))
    (tmp_path / "claude" / "history.jsonl").write_text("{}", "utf-8")

    assert (read(store, tmp_path / "claude").files, texts(store)) == (1, ["one"])


@pytest.mark.parametrize("place", ["missing", "empty", "strange"])
def test_where_there_is_nothing_to_read_the_answer_is_a_sentence(store: Store, tmp_path: Path, place: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange" / "x.json").write_text("{}", "utf-8")

    with pytest.raises(NoLogs, match="name a log file or the folder"):
        read(store, tmp_path / place)


def test_an_unknown_agent_is_a_wrong_request(store: Store, log: Path) -> None:
    with pytest.raises(UsageError, match=r"no agent `vim`.*claude-code"):
        ingest(store, REDACTOR, [log], capture=ALL, agent="vim")


def test_a_log_that_cannot_be_opened_is_reported_and_the_others_are_read(store: Store, logs: Path, log: Path) -> None:
    log.write_bytes(line("one", "a"))
    (logs / "gone.jsonl").symlink_to(logs / "deleted meanwhile")

    report = read(store, logs)

    assert report.events == 1
    assert "gone.jsonl: No such file" in report.unopened[0]


def test_a_subagents_log_is_a_session_under_its_parent(store: Store, logs: Path, log: Path) -> None:
    log.write_bytes(line("explore, please", "a"))
    own = logs / STEM / "subagents" / "agent-0a1b2c3d.jsonl"
    own.parent.mkdir(parents=True)
    own.write_bytes(line("Explore the code and report.", "b", isSidechain=True, agentId="0a1b2c3d"))

    read(store, logs)

    session = store.session("agent-0a1b2c3d")
    assert (session.parent, session.project) == (STEM, "shop")
    (event,) = store.events(session.id)
    assert (event.type, event.sidechain) == (EventType.NOTE, True)


def test_long_lines_and_many_batches_are_read_whole(store: Store, log: Path) -> None:
    long = line("start " + "x" * 3_000_000, "long")
    log.write_bytes(line("one", "a") + long + b"".join(line("y" * 1000, f"n{n}") for n in range(2500)))

    report = read(store, log)

    assert report.events == 2502
    assert store.files()[0].lag == 0
    kept = store.event(STEM, 1).text
    assert kept.startswith("start xxx")
    assert "characters cut" in kept
    assert len(kept) < 65_000


def test_what_is_written_while_a_log_is_read_waits_until_consent_was_looked_up_again(store: Store, log: Path) -> None:
    log.write_bytes(b"".join(line("long " * 60_000, f"a{n}") for n in range(6)))

    def write_on(path: Path, done: int, total: int) -> None:
        if store.counts().events:  # between two batches
            with log.open("ab") as file:
                file.write(line("late", "c"))

    report = ingest(store, REDACTOR, [log], capture=ALL, progress=write_on)

    assert report.events == 6
    assert read(store, log).events > 0
    assert texts(store)[6] == "late"


def test_progress_is_told_before_each_file(store: Store, log: Path) -> None:
    log.write_bytes(line("one", "a"))
    told: list[tuple[Path, int, int]] = []

    ingest(store, REDACTOR, [log], capture=ALL, progress=lambda path, done, total: told.append((path, done, total)))

    assert told == [(log.resolve(), 0, 1)]


def test_a_reading_that_is_ended_between_two_batches_goes_on_from_there(store: Store, log: Path) -> None:
    log.write_bytes(b"".join(line("word " * 100, f"u{n}") for n in range(5000)))
    told: list[Path] = []

    def end(path: Path, done: int, total: int) -> None:
        told.append(path)
        if len(told) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest(store, REDACTOR, [log], capture=ALL, progress=end)
    first = store.counts().events
    rest = ingest(store, REDACTOR, [log], capture=ALL)

    assert 0 < first < 5000
    assert first + rest.events == store.counts().events == 5000


# Secrets

SECRETS = [
    "AKIA" + "QYLPMN5HFIQR7XYA",
    "ghp_" + "0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R",
    "glpat-" + "x7Kq2Lm9Zp4Rt6Yw1Bv3",
    "xoxb-" + "263594206564-2343594206574-FGqddMF8t08v8N7Oq4i57vs1",
    "sk_live_" + "51Hx8K2eZvKYlo2CPz9QwErTy",
    "npm_" + "a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6q7r8",
    "AIza" + "SyD3kQ9mN7xL2pV5rT8wY1zB4cF6hJ0gKsM",
    "SG." + "aB3dE5gH7jK9mN1pQ3sT5v" + "." + "W7yZ9aB3dE5gH7jK9mN1pQ3sT5vW7yZ9aB3dE5gH7jK",
    "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0." + "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "MIIEowIBAAKCAQEAx7Kq2Lm9Zp4Rt6Yw1Bv3",
    "hunter2" + "hunter2x",
    "c0rrect-h0rse-battery",
]


def with_secrets() -> bytes:
    *plain, key, password, variable = SECRETS
    text = "\n".join(
        [
            *plain,
            f"-----BEGIN RSA PRIVATE KEY-----\n{key}\n{key}\n-----END RSA PRIVATE KEY-----",
            f"postgres://u:{password}@db/x",
            f"DB_PASSWORD={variable}",
        ]
    )
    arguments = {"command": f"echo '{text}'", "description": text}
    edit = {"file_path": "/x/.env", "old_string": text, "new_string": "pad " * 480 + text}
    output = {"type": "tool_result", "tool_use_id": "c1", "content": text}
    return (
        line(text, "a")
        + line("", "b", type="assistant", message={"content": [{"type": "text", "text": text}]})
        + line(
            "",
            "c",
            type="assistant",
            message={"content": [{"type": "tool_use", "id": "c1", "name": "Bash", "input": arguments}]},
        )
        + line("", "d", message={"content": [output]}, gitBranch=plain[1], cwd=f"/w/{plain[1]}")
        + line(
            "",
            "e",
            type="assistant",
            message={"content": [{"type": "tool_use", "id": "c2", "name": "Edit", "input": edit}]},
        )
        + json.dumps({"type": "summary", "summary": text, "leafUuid": "f"}).encode()
        + b"\n"
        + line("thanks", "f")
        + json.dumps({"type": "custom-title", "customTitle": text}).encode()
        + b"\n"
        + text.encode()  # not JSON at all: unreadable, and its text must not be kept as an excerpt
        + b"\n"
        + line("bye", "g")
    )


def test_no_planted_secret_is_in_any_byte_that_was_written(store: Store, log: Path) -> None:
    log.write_bytes(with_secrets())

    report = read(store, log)

    assert report.redactions >= 5 * len(SECRETS)
    assert report.unreadable >= 1
    written = [path for path in store.path.parent.iterdir() if path.is_file()]  # before close: the WAL is still there
    assert any(path.name.endswith("-wal") and path.stat().st_size for path in written)
    for path in written:
        data = path.read_bytes()
        for secret in SECRETS:
            assert secret.encode() not in data, (path.name, secret)


# Whatever bytes a log holds

_PIECES = st.one_of(
    st.binary(max_size=30),
    st.sampled_from([b"\n", b"\r\n", b"\x00" * 9, b"{}", b"[]", b'{"type":"user"}', b"\xef\xbb\xbf"]),
    st.integers(0, 9).map(lambda n: line(f"text {n}", f"u{n}")),
    st.integers(0, 9).map(lambda n: line(f"text {n}", f"u{n}")[:-20]),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(_PIECES, max_size=8), cuts=st.lists(st.integers(0, 2000), max_size=4))
def test_any_bytes_in_any_portions_end_as_if_read_at_once(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], cuts: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    data = line("first", "first") + b"".join(pieces)
    log = folder / f"{STEM}.jsonl"
    with Store.open(folder / "once" / "memsrv.db") as once, Store.open(folder / "often" / "memsrv.db") as often:
        for cut in sorted(min(cut, len(data)) for cut in cuts):
            log.write_bytes(data[:cut])
            if data[:cut].strip():
                with contextlib.suppress(NoLogs):  # not yet recognisable
                    read(often, log)
        log.write_bytes(data)
        read(once, log)
        read(often, log)

        assert often.events(STEM) == once.events(STEM)
        assert often.unreadable() == once.unreadable()
        rest = data[once.files()[0].offset :]  # an unfinished line, of which a reading may know that a part is blank
        assert b"\n" not in rest
        assert data[often.files()[0].offset :] in (rest, rest.removeprefix(b"\xef\xbb\xbf").lstrip())
        assert read(often, log).events == 0


_LINES = st.one_of(
    st.integers(0, 9).map(lambda n: (f"text {n}", line(f"text {n}", f"u{n}"))),
    st.binary(max_size=30).map(lambda data: (None, b"x" + data.replace(b"\n", b"").replace(b"{", b"") + b"\n")),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(_LINES, max_size=8), cuts=st.lists(st.integers(0, 2000), max_size=4))
def test_in_any_portions_every_record_is_stored_once_and_every_damage_with_its_place(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str | None, bytes]], cuts: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("lines")
    told = [("first", line("first", "first")), *lines]
    data = b"".join(one for _, one in told)
    log = folder / f"{STEM}.jsonl"
    with Store.open(folder / "home" / "memsrv.db") as store:
        for cut in [*sorted(min(cut, len(data)) for cut in cuts), len(data)]:
            log.write_bytes(data[:cut])
            with contextlib.suppress(NoLogs):  # not yet recognisable
                read(store, log)

        damaged, place = [], 0
        for text, one in told:
            if text is None:
                damaged.append((place, len(one)))
            place += len(one)
        assert texts(store) == list(dict.fromkeys(text for text, _ in told if text is not None))
        assert [(loss.offset, loss.bytes) for loss in store.unreadable()] == damaged
        assert [file.offset for file in store.files()] == [len(data)]


# Processes

_INGEST = """
import sys
from pathlib import Path
from memsrv.capture import Capture
from memsrv.consent import Consent
from memsrv.ignorefile import IgnoreFiles
from memsrv.ingest import ingest
from memsrv.redact import Redactor
from memsrv.settings import Settings
from memsrv.store import Store

print("ready", flush=True)
sys.stdin.readline()
with Store.open(Path(sys.argv[1])) as store:
    everything = Capture(Consent(Settings()), IgnoreFiles(Path("/nowhere")))
    report = ingest(store, Redactor(b"k"), [Path(sys.argv[2])], capture=everything)
    print(report.events, report.duplicates)
"""


def start(database: Path, log: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _INGEST, str(database), str(log)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def test_two_processes_that_ingest_the_same_logs_store_each_event_once(tmp_path: Path, logs: Path) -> None:
    for file in range(3):
        body = b"".join(line(f"text {n} " + "z" * 800, f"{file}-{n}") for n in range(2000))
        (logs / f"{file}.jsonl").write_bytes(body + b"broken\n" + line("end", f"{file}-end"))
    database = tmp_path / "home" / "memsrv.db"
    both = [start(database, logs) for _ in range(2)]
    for process in both:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    added = 0
    for process in both:
        out, err = process.communicate(timeout=200)
        assert process.returncode == 0, err
        added += int(out.split()[0])

    with Store.open(database) as store:
        assert added == store.counts().events == 3 * 2001
        assert store.counts().unreadable == 3
        assert all(file.lag == 0 for file in store.files())


def test_killed_again_and_again_it_ends_as_if_never_killed(tmp_path: Path, log: Path) -> None:
    body = b"".join(line(f"text {n} " + "z" * 2000, f"n{n}") for n in range(3000))
    log.write_bytes(body)
    database = tmp_path / "home" / "memsrv.db"
    for wanted in range(1, 4):  # each time killed once some more was committed
        process = start(database, log)
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
        with Store.open(database) as watcher:
            while watcher.counts().events < wanted * 500 and process.poll() is None:
                pass
        process.kill()
        process.communicate()
    with Store.open(database) as store:
        (file,) = store.files()
        assert file.offset == sum(len(line(f"text {n} " + "z" * 2000, f"n{n}")) for n in range(store.counts().events))

        read(store, log)

        assert [event.id for event in store.events(STEM)] == [f"n{n}" for n in range(3000)]
        assert [event.turn for event in store.events(STEM)] == list(range(3000))


def test_a_path_that_no_file_can_have_costs_nothing_but_itself(store: Store, log: Path) -> None:
    endless = {"type": "tool_use", "id": "c1", "name": "Read", "input": {"file_path": "/srv/" + "x" * 5000 + "/a\0b"}}
    log.write_bytes(line("one", "a") + line("", "b", type="assistant", message={"content": [endless]}))

    report = read(store, log)

    assert (report.events, report.unopened) == (2, ())
