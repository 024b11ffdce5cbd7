"""Documents that an agent rewrites: sessions are taken whole; what changed is revised, what was undone is flagged."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from memsrv.capture import Capture
from memsrv.consent import Consent
from memsrv.ignorefile import IgnoreFiles
from memsrv.ingest import Declined, IngestReport, ingest
from memsrv.records import Event, EventType, Trust
from memsrv.redact import Redactor
from memsrv.settings import Allowed, Settings
from memsrv.sources import LineSource, LogFacts, Lost, Snapshot, SnapshotSource, UnreadableLineError
from memsrv.sources.machine import Machine
from memsrv.store import LossKind, Store
from memsrv.tombstones import bury

REDACTOR = Redactor(b"k" * 32)
ALL = Capture(Consent(Settings()), IgnoreFiles(Path("/nowhere")))


class Notebook(SnapshotSource):
    """An agent that keeps all sessions in one JSON document: `{session: {"cwd": …, "said": [[id, text], …]}}`."""

    name = "notebook"

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.meanwhile: Callable[[], object] = lambda: None

    def folders(self, machine: Machine) -> Sequence[Path]:
        return (machine.home / ".notebook",)

    def discover(self, root: Path) -> Sequence[Path]:
        return sorted(root.glob("*.book"))

    def owns(self, path: Path, head: bytes) -> bool:
        return path.suffix == ".book"

    def snapshots(self, path: Path, marks: Mapping[str, str]) -> Iterator[Snapshot]:
        try:
            sessions = json.loads(path.read_bytes())
        except ValueError as error:
            raise UnreadableLineError("no whole document") from error
        for name, told in sessions.items():
            mark = json.dumps(told)
            if marks.get(name) == mark:
                continue
            self.taken.append(name)
            events = tuple(
                Event(id, name, EventType.PROMPT, Trust.HUMAN, text, cwd=told.get("cwd"))
                for id, text in told["said"]
                if text is not None
            )
            lost = tuple(Lost(n, "a page is torn") for n, (_, text) in enumerate(told["said"]) if text is None)
            yield Snapshot(name, mark, LogFacts(cwd=told.get("cwd")), events, {"type:doodle": 1}, lost)
            self.meanwhile()


class World:
    def __init__(self, root: Path) -> None:
        self.store = Store.open(root / "home" / "memsrv.db")
        self.book = root / "all.book"
        self.source = Notebook()
        self.sessions: dict[str, Any] = {}

    def says(self, session: str, *said: tuple[str, str | None], cwd: str = "/nowhere/shop") -> "World":
        self.sessions[session] = {"cwd": cwd, "said": said}
        self.book.write_text(json.dumps(self.sessions))
        return self

    def read(self, *paths: Path, capture: Capture = ALL, **more: Any) -> IngestReport:
        return ingest(self.store, REDACTOR, paths or [self.book], capture=capture, sources=[self.source], **more)

    def texts(self, session: str) -> list[str]:
        return [event.text for event in self.store.events(session)]

    def on_path(self, session: str) -> list[str]:
        return [event.text for event in self.store.events(session) if event.on_main_path]

    def found(self, word: str) -> list[str]:
        return [hit.id for hit in self.store.search_turns(word)]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_every_session_of_a_document_becomes_one_with_its_events(world: World) -> None:
    world.says("s1", ("a", "one"), ("b", "two")).says("s2", ("c", "three"), cwd="/nowhere/dock")

    report = world.read()

    assert (report.files, report.sessions, report.events) == (1, 2, 3)
    assert (world.texts("s1"), world.texts("s2")) == (["one", "two"], ["three"])
    assert [session.project for session in world.store.sessions()] == ["shop", "dock"]
    assert world.found("three") == ["c"]
    [file] = world.store.files()
    assert (file.lag, file.unknown) == (0, {"type:doodle": 2})


def test_what_did_not_change_is_not_parsed_again(world: World) -> None:
    world.says("s1", ("a", "one")).says("s2", ("b", "two"))
    world.read()
    world.says("s2", ("b", "two"), ("c", "three"))

    report = world.read()

    assert world.source.taken == ["s1", "s2", "s2"]
    assert (report.events, report.revised, report.duplicates, report.changed) == (1, 0, 0, ("s2",))
    assert world.texts("s2") == ["two", "three"]


def test_a_document_that_is_rewritten_without_change_adds_nothing(world: World) -> None:
    world.says("s1", ("a", "one"))
    world.read()
    (world.book.parent / "new").write_bytes(world.book.read_bytes())
    (world.book.parent / "new").rename(world.book)

    report = world.read()

    assert (report.sessions, report.events, report.revised) == (0, 0, 0)


def test_an_event_that_grew_is_revised_where_it_stands(world: World) -> None:
    world.says("s1", ("a", "one"), ("b", "started"), ("c", "three"))
    world.read()
    world.store.mark_remembered({"s1": 3})
    world.says("s1", ("a", "one"), ("b", "started and finished with marmalade"), ("c", "three"))

    report = world.read()

    assert (report.events, report.revised, report.changed) == (0, 1, ("s1",))
    assert world.texts("s1") == ["one", "started and finished with marmalade", "three"]
    assert world.found("marmalade") == ["b"]
    assert world.store.unremembered() == {"s1": 3}


def test_what_the_user_undid_stays_off_the_main_path(world: World) -> None:
    world.says("s1", ("a", "one"), ("b", "wrong"), ("c", "way"))
    world.read()
    world.store.mark_remembered({"s1": 3})
    world.says("s1", ("a", "one"), ("d", "right"))

    report = world.read()

    assert report.events == 1
    assert world.texts("s1") == ["one", "wrong", "way", "right"]
    assert world.on_path("s1") == ["one", "right"]
    assert world.store.unremembered() == {"s1": 4}


def test_what_was_undone_and_comes_back_is_on_the_main_path_again(world: World) -> None:
    world.says("s1", ("a", "one"), ("b", "two"))
    world.read()
    world.says("s1", ("a", "one"))
    world.read()
    world.says("s1", ("a", "one"), ("b", "two"))
    world.read()

    assert world.on_path("s1") == ["one", "two"]


def test_a_log_that_knows_less_of_a_session_undoes_nothing_of_another_log(world: World) -> None:
    """An old copy of the document."""
    world.says("s1", ("a", "one"), ("b", "two"))
    world.read()
    copy = world.book.with_name("copy.book")
    copy.write_text(json.dumps({"s1": {"cwd": "/nowhere/shop", "said": [("a", "one")]}}))

    world.read(copy)

    assert world.on_path("s1") == ["one", "two"]
    assert len(world.store.sessions()) == 1


def test_a_half_written_document_is_no_loss_unless_it_stays_so(world: World) -> None:
    world.says("s1", ("a", "one"))
    whole = world.book.read_bytes()
    world.book.write_bytes(whole[:-9])

    first = world.read()
    assert (first.half_written, first.unreadable, world.store.losses()) == (1, 0, [])

    second = world.read()
    assert (second.half_written, second.unreadable) == (0, 1)
    assert [loss.kind for loss in world.store.losses()] == [LossKind.DAMAGED]
    assert world.read().unreadable == 0

    world.book.write_bytes(whole)
    world.read()
    assert world.store.losses() == []
    assert world.texts("s1") == ["one"]


def test_a_document_that_is_half_written_for_a_moment_loses_and_doubles_nothing(world: World) -> None:
    world.says("s1", ("a", "one"))
    world.read()
    world.book.write_bytes(b"{")
    world.read()
    world.says("s1", ("a", "one"), ("b", "two"))

    report = world.read()

    assert (report.events, report.revised, world.store.losses()) == (1, 0, [])
    assert world.on_path("s1") == ["one", "two"]


def test_a_record_that_cannot_be_read_is_counted_until_it_can(world: World) -> None:
    world.says("s1", ("a", "one"), ("b", None)).says("s2", ("c", "three"), ("d", None))
    assert world.read().unreadable == 2
    assert [(loss.session, loss.offset) for loss in world.store.losses()] == [("s1", 1), ("s2", 1)]
    assert world.store.files()[0].unreadable == 2

    world.says("s1", ("a", "one"), ("b", "two"))
    world.read()

    assert [loss.session for loss in world.store.losses()] == ["s2"]
    assert world.texts("s1") == ["one", "two"]


def test_a_session_that_may_not_be_read_leaves_no_byte_and_the_others_are_read(world: World, tmp_path: Path) -> None:
    settings = Settings.model_validate({"projects": {"vault": {"capture": False}}})
    capture = Capture(Consent(settings), IgnoreFiles(Path("/nowhere")))
    world.says("open-1", ("a", "one")).says("closed-1", ("b", "zanzibar"), cwd="/nowhere/vault")

    report = world.read(capture=capture)

    assert (report.events, report.declined) == (1, 1)
    assert [session.id for session in world.store.sessions()] == ["open-1"]
    world.store.close()
    for file in (tmp_path / "home").iterdir():
        assert b"zanzibar" not in file.read_bytes()
        assert b"closed-1" not in file.read_bytes()


def test_a_session_that_may_not_be_read_is_not_parsed_again_until_it_changes_or_may_be(world: World) -> None:
    said = {"projects": {"diary": Allowed(capture=False)}}
    closed = Capture(Consent(Settings.model_validate(said)), IgnoreFiles(Path("/nowhere")))
    declined = Declined()
    world.says("s1", ("a", "one"), cwd="/nowhere/diary").says("s2", ("b", "two"))
    world.read(capture=closed, declined=declined)
    world.says("s2", ("b", "two"), ("c", "three"))

    reports = [world.read(capture=closed, declined=declined) for _ in range(2)]
    assert [report.declined for report in reports] == [1, 1]
    assert world.source.taken == ["s1", "s2", "s2"]

    world.says("s1", ("a", "one"), ("d", "four"), cwd="/nowhere/diary")
    world.read(capture=closed, declined=declined)
    assert world.source.taken[3:] == ["s1"]
    assert world.read(capture=ALL, declined=declined).events == 2
    assert world.texts("s1") == ["one", "four"]


def test_a_session_that_may_be_read_again_is_read(world: World) -> None:
    settings = Settings.model_validate({"projects": {"vault": {"capture": False}}})
    world.says("s1", ("a", "one")).says("s2", ("b", "two"), cwd="/nowhere/vault")
    world.read(capture=Capture(Consent(settings), IgnoreFiles(Path("/nowhere"))))

    assert world.read().events == 1
    assert world.texts("s2") == ["two"]


def test_secrets_are_redacted_before_anything_is_compared_or_stored(world: World) -> None:
    secret = "ghp_" + "x7K2mQ9vL4nR8tW3pY6zB1cD5fG0hJ2kM4nP"[:36]
    world.says("s1", ("a", f"the token is {secret}"))
    first = world.read()
    world.says("s1", ("a", f"the token is {secret}"), ("b", "two"))

    second = world.read()

    assert first.redactions == 1
    assert second.revised == 0
    assert secret not in world.texts("s1")[0]


def test_what_was_erased_does_not_come_back_with_a_revision(world: World) -> None:
    world.says("s1", ("a", "the vault is at zebrafish seven"))
    world.read()
    stones = [stone for stone in [bury("00" * 16, "zebrafish seven")] if stone]
    world.store.bury(stones, [])
    world.store.sweep(world.store.tombstones(), frozenset())
    world.says("s1", ("a", "the vault is at zebrafish seven"), ("b", "so zebrafish seven it is"))

    report = world.read()

    assert report.revised == 0
    assert world.texts("s1") == ["the vault is at [erased]", "so [erased] it is"]


def test_another_process_that_is_quicker_is_not_overtaken_by_older_words(world: World) -> None:
    """While this process holds what it parsed, another one reads a newer document and stores it."""
    world.says("s1", ("a", "old"))
    other = Store.open(world.store.path)
    done: list[IngestReport] = []

    class Slow(Notebook):
        def snapshots(self, path: Path, marks: Mapping[str, str]) -> Iterator[Snapshot]:
            for snapshot in super().snapshots(path, marks):
                if not done:
                    world.says("s1", ("a", "new"), ("b", "more"))
                    done.append(ingest(other, REDACTOR, [world.book], capture=ALL, sources=[Notebook()]))
                yield snapshot

    world.source = Slow()
    world.read()

    assert done[0].events == 2
    assert world.texts("s1") == ["new", "more"]


def test_a_reading_that_is_ended_between_two_sessions_goes_on_with_the_second(world: World) -> None:
    world.says("s1", ("a", "one")).says("s2", ("b", "two"))
    told: list[Path] = []

    def end(path: Path, done: int, total: int) -> None:
        told.append(path)
        if len(told) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        world.read(progress=end)
    assert (world.texts("s1"), world.texts("s2")) == (["one"], [])

    world.read()

    assert world.source.taken.count("s1") == 1
    assert world.texts("s2") == ["two"]


def test_a_document_that_was_moved_goes_on_where_it_was(world: World) -> None:
    world.says("s1", ("a", "one"), ("b", "two"))
    world.read()
    world.book = world.book.rename(world.book.with_name("moved.book"))

    report = world.read()

    assert (report.events, world.source.taken) == (0, ["s1"])
    assert [file.path for file in world.store.files()] == [str(world.book)]
    assert world.store.session("s1").path == str(world.book)


def test_two_agents_with_a_session_of_one_name_have_one_each(world: World) -> None:
    class Export(Notebook):
        name = "export"

    world.says("s1", ("a", "one"))
    world.read()
    world.source = Export()
    copy = world.book.with_name("export.book")
    copy.write_bytes(world.book.read_bytes())

    world.read(copy)

    assert {(session.id, session.agent) for session in world.store.sessions()} == {
        ("s1", "notebook"),
        ("s1-export", "export"),
    }


class Scroll(LineSource):
    """An agent that appends all sessions to one file: `# name` begins one, any other line is said in it."""

    name = "scroll"

    def folders(self, machine: Machine) -> Sequence[Path]:
        return ()

    def discover(self, root: Path) -> Sequence[Path]:
        return ()

    def owns(self, path: Path, head: bytes) -> bool:
        return path.suffix == ".scroll"

    def session_id(self, path: Path) -> str:
        return path.stem

    def reader(self, path: Path, state: Mapping[str, Any]) -> "_Unrolled":
        return _Unrolled(path, state)


class _Unrolled:
    def __init__(self, path: Path, state: Mapping[str, Any]) -> None:
        self.now = state.get("now", path.stem)
        self.lines = state.get("lines", 0)
        self.seen: dict[str, LogFacts] = {}
        self.unknown: Mapping[str, int] = {}

    @property
    def facts(self) -> LogFacts:
        return LogFacts(cwd="/nowhere/shop", title=f"about {self.now}")

    @property
    def sessions(self) -> Mapping[str, LogFacts]:
        return {**self.seen, self.now: self.facts}

    @property
    def state(self) -> dict[str, Any]:
        return {"now": self.now, "lines": self.lines}

    def read(self, line: bytes) -> list[Event]:
        self.lines += 1
        text = line.decode().strip()
        if text.startswith("# "):
            self.now = text[2:]
            return []
        self.seen[self.now] = self.facts
        return [Event(f"{self.lines}", self.now, EventType.PROMPT, Trust.HUMAN, text)]


def test_one_file_of_lines_may_tell_several_sessions(world: World, tmp_path: Path) -> None:
    scroll = tmp_path / "all.scroll"
    scroll.write_text("before any\n# s1\none\ntwo\n# s2\nthree\n")

    def read() -> IngestReport:
        return ingest(world.store, REDACTOR, [scroll], capture=ALL, sources=[Scroll()])

    assert (read().sessions, read().events) == (3, 0)
    with scroll.open("a") as file:
        file.write("four\n# s1\nfive\n")
    read()

    assert world.texts("all") == ["before any"]
    assert world.texts("s1") == ["one", "two", "five"]
    assert world.texts("s2") == ["three", "four"]
    assert {session.title for session in world.store.sessions()} == {"about all", "about s1", "about s2"}
    assert world.store.files()[0].session == "s1"
