"""A session that is forgotten: what rests on it alone goes, its turns with an erase, and no log of it is read again."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from memsrv import forget
from memsrv.app import App, open_app
from memsrv.demo.logs import write_logs
from memsrv.demo.steps import Delegates, Replies, Runs, Says, Sitting
from memsrv.errors import NotFound, UsageError
from memsrv.home import Home
from memsrv.reach import WHY
from memsrv.records import Event, EventType, Memory, Session, Trust
from memsrv.settings import Settings
from memsrv.store import FileState
from memsrv_adapters.version import CONFIG, WEIGHTS, Lineage, Source, TrainedFact
from memsrv_consolidation.run import one_at_a_time

PROJECT = "harbour"
SITTINGS = (
    Sitting("gone", "The vault at zebrafish", "2026-11-09T09:00:00.000Z", (
        Says("The port of the vault is 7443. For log messages, always use JSON."),
        Runs("ls ocelot", "ocelot"),
        Delegates("Look where the walrus is", (Runs("find . -name walrus", "./walrus"), Replies("In the walrus pen.")),
                  "The walrus is in its pen."),
    )),
    Sitting("kept", "The gateway", "2026-11-10T09:00:00.000Z", (
        Says("The port of the gateway is 6417. For log messages, always use JSON."),
        Replies("Noted: 6417."),
    )),
)  # fmt: skip


class Desk:
    def __init__(self, root: Path) -> None:
        self.folder, self.logs, self.home = root / PROJECT, root / "claude", Home(root / "home")
        self.folder.mkdir()
        write_logs(SITTINGS, self.logs, str(self.folder))
        self.app: App = open_app(self.home, Settings(), self.folder)
        self.app.ingest([self.logs])

    def session(self, word: str) -> str:
        found = (s.id for s in self.app.store.sessions() if not s.parent)
        return next(id for id in found if word in self.app.store.events(id)[0].text)

    def log(self, word: str) -> Path:
        return next(path for path in self.logs.rglob("*.jsonl") if path.stem == self.session(word))

    def memory(self, value: str) -> Memory:
        return next(m for m in self.app.store.memories(include_retired=True) if m.value and value in m.value)

    def forget(self, session: str, erase: bool = True) -> forget.Forgotten:
        shown = self.app.forget(session=session, erase=erase)
        return self.app.forget(session=session, erase=erase, confirm=shown.confirm)

    def holding(self, *words: bytes) -> list[str]:
        """The files of the home, and the rows of the archive, in which any of `words` stands."""
        # A number is looked for by itself: any four digits stand in one of so many hashes now and then.
        sought = {word: rb"(?<![0-9a-z])%s(?![0-9a-z])" % word if word.isdigit() else word for word in words}
        found = [f"{p.name}: {w!r}" for p in self.home.root.rglob("*") if p.is_file() for w, pattern in sought.items()
                 if re.search(pattern, p.read_bytes())]  # fmt: skip
        ids = [session.id for session in self.app.store.sessions(twice=True)]
        told = json.dumps([str(one) for id in ids for one in self.app.store.archived(id)])
        return found + [f"archive: {word!r}" for word in words if word.decode() in told]

    def shelve(self, sources: Sequence[Source], replayed: Sequence[Source] = ()) -> str:
        import numpy
        from safetensors.numpy import save_file

        made = self.home.root / "made"
        made.mkdir(exist_ok=True)
        save_file({"m.q.lora_A.weight": numpy.ones((2, 2), dtype=numpy.float32)}, made / WEIGHTS)
        (made / CONFIG).write_text('{"peft_type": "LORA", "r": 2}')
        version = self.app.shelf.put(
            made, project=PROJECT, base="memsrv-tiny", base_hash="ab" * 32, strategy="paper", run="cleared",
            created="2026-11-20T03:00:00Z", facts=[TrainedFact("f", "Nobody says this.", sources=tuple(sources))],
            lineage=Lineage(replayed=tuple(replayed)),
        ).version  # fmt: skip
        self.app.shelf.promote(PROJECT, version)
        return version


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_session_is_shown_first_with_all_that_goes(desk: Desk) -> None:
    gone = desk.session("vault")

    shown = desk.app.forget(session=gone, erase=True)

    assert not shown.done
    assert [memory.id for memory in shown.memories] == [desk.memory("7443").id]
    assert shown.whole[0] == gone
    assert len(shown.whole) == 2  # and its subagent's
    assert shown.turns == sum(len(desk.app.store.events(id)) for id in shown.whole)
    assert str(desk.log("vault")) in shown.logs


def test_an_erased_session_leaves_no_byte_and_the_others_stay(desk: Desk) -> None:
    gone, kept = desk.session("vault"), desk.session("gateway")
    before = desk.app.store.events(kept)
    desk.app.backup()

    done = desk.forget(gone)
    desk.app.close()

    assert done.done
    assert {session.id for session in desk.app.store.sessions(twice=True)} == {kept}
    assert desk.app.store.events(kept) == before
    assert desk.memory("6417").valid_to is None
    desk.app.close()
    assert desk.holding(b"zebrafish", b"7443", b"ocelot", b"walrus") == []


def test_nor_does_a_single_word_of_what_a_reader_keeps_to_read_on(desk: Desk) -> None:
    kept = [
        {"type": "custom-title", "customTitle": "Axolotl"},
        {"type": "summary", "summary": "Narwhal", "leafUuid": "not there yet"},
        {"type": "queue-operation", "operation": "enqueue", "content": "Quokka"},
    ]
    with desk.log("vault").open("a") as log:
        log.writelines(json.dumps(line | {"sessionId": desk.session("vault")}) + "\n" for line in kept)
    desk.app.ingest([desk.logs])
    desk.app.close()
    assert all(map(desk.holding, (b"Axolotl", b"Narwhal", b"Quokka")))

    desk.forget(desk.session("vault"))

    desk.app.close()
    assert desk.holding(b"Axolotl", b"Narwhal", b"Quokka") == []


def test_what_another_session_said_too_stays_without_the_words_of_this_one(desk: Desk) -> None:
    both, gone = desk.memory("JSON"), desk.session("vault")
    assert {quote.session for quote in both.evidence} == {gone, desk.session("gateway")}

    desk.forget(gone)

    assert {quote.session for quote in desk.memory("JSON").evidence} == {desk.session("gateway")}


@pytest.mark.parametrize("again", ["touched", "copied", "goes on"])
def test_no_log_brings_an_erased_session_back(desk: Desk, again: str) -> None:
    gone, log = desk.session("vault"), desk.log("vault")
    desk.forget(gone)
    text = log.read_text()
    if again == "touched":
        log.write_text(" \n" + text)  # it is read from its beginning
    elif again == "copied":  # a fork: the same records under another name
        log.with_name("11111111-2222-3333-4444-555555555555.jsonl").write_text(text)
    else:
        line = next(row for row in map(json.loads, text.splitlines()) if row.get("type") == "user")
        line["uuid"], line["message"]["content"] = "later", "The owner of the zebrafish is Ada."
        log.write_text(text + json.dumps(line) + "\n")

    desk.app.ingest([desk.logs])

    desk.app.close()
    assert gone not in {session.id for session in desk.app.store.sessions(twice=True)}
    desk.app.close()
    assert desk.holding(b"zebrafish", b"7443", b"ocelot", b"walrus") == []


def test_an_export_of_an_erased_session_is_not_stored(desk: Desk) -> None:
    gone = desk.session("vault")
    desk.forget(gone)
    session = Session("transcript-1", "claude", PROJECT, "/export.md", original=gone)
    told = Event("x1", session.id, EventType.PROMPT, Trust.HUMAN, "The port of the vault is 7443.")

    desk.app.store.append(FileState("/export.md", "claude", session.id, 1, 1, "x", 1), session, [told])

    assert session.id not in {one.id for one in desk.app.store.sessions(twice=True)}


@pytest.mark.parametrize("how", ["fact", "replayed"])
def test_versions_that_list_the_session_are_served_no_more(desk: Desk, how: str) -> None:
    gone, kept = ([Source(desk.session(word), 0, "ab")] for word in ("vault", "gateway"))
    clean = desk.shelve(kept)
    told = desk.shelve(gone) if how == "fact" else desk.shelve(kept, gone)

    done = desk.forget(desk.session("vault"))

    assert [version.version for version in done.adapters_affected] == [told]
    assert desk.app.shelf.names(PROJECT) == [clean]
    assert WHY in (desk.home.adapters / PROJECT / "marks.json").read_text()


def test_a_run_that_saw_the_session_goes(desk: Desk) -> None:
    for name, word in (("1-harbour", "vault"), ("2-harbour", "gateway")):
        (desk.home.runs / name).mkdir(parents=True)
        (desk.home.runs / name / "episodes.jsonl").write_text(json.dumps({"session": {"id": desk.session(word)}}))

    done = desk.forget(desk.session("vault"))

    assert done.runs == ("1-harbour",)
    assert [path.name for path in desk.home.runs.iterdir() if path.is_dir()] == ["2-harbour"]


def test_without_erase_what_rests_on_it_ends_and_its_turns_stay(desk: Desk) -> None:
    gone = desk.session("vault")

    done = desk.forget(gone, erase=False)

    assert [memory.id for memory in done.memories] == [desk.memory("7443").id]
    assert desk.memory("7443").valid_to
    assert desk.memory("JSON").valid_to is None
    assert desk.app.store.events(gone)
    with pytest.raises(UsageError, match="no memory rests on"):
        desk.app.forget(session=gone)


def test_a_session_there_is_none_of_is_named_and_one_that_was_erased_is_told(desk: Desk) -> None:
    gone = desk.session("vault")
    with pytest.raises(NotFound, match="there is no session nobody"):
        desk.app.forget(session="nobody", erase=True)

    desk.forget(gone)

    with pytest.raises(NotFound, match="erased already"):
        desk.app.forget(session=gone, erase=True)


def test_what_a_person_forked_off_it_stays_and_is_told(desk: Desk) -> None:
    gone = desk.session("vault")
    fork = Session("forked", "claude", PROJECT, "/fork.jsonl", parent=gone)
    said = Event("f1", fork.id, EventType.PROMPT, Trust.HUMAN, "Now the jetty.", on_main_path=True)
    desk.app.store.append(FileState("/fork.jsonl", "claude", fork.id, 1, 1, "x", 1), fork, [said])

    done = desk.forget(gone)

    assert [event.text for event in desk.app.store.events("forked")] == ["Now the jetty."]
    assert any("forked" in note for note in done.notes)


def test_an_erase_of_a_session_that_was_cut_short_is_finished_by_gc(desk: Desk) -> None:
    gone, store = desk.session("vault"), desk.app.store
    with one_at_a_time(desk.home.runs):
        store.bury(store.stones_of([], [], [gone]), store.session_claims([gone]))

    desk.app.gc()

    assert not store.erasing_unfinished()
    assert gone not in {session.id for session in store.sessions(twice=True)}


def test_the_command_erases_a_session(desk: Desk) -> None:
    gone = desk.session("vault")
    desk.app.close()

    def memsrv(*arguments: str) -> Any:
        run = subprocess.run(
            [sys.executable, "-I", "-m", "memsrv", "forget", "--session", gone, "--erase", *arguments],
            env=os.environ | {"MEMSRV_HOME": str(desk.home.root)}, cwd=desk.folder, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return run.stdout

    assert json.loads(memsrv("--dry-run", "--json"))["whole"][0] == gone
    assert f"Erased all of {gone}" in memsrv("--yes")
    assert gone not in {session.id for session in desk.app.store.sessions(twice=True)}
