"""Forgetting: what is erased is in no byte of the home, comes back from no log and no backup, and is served no more."""

import contextlib
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import zstandard

from memsrv import forget
from memsrv.app import App, open_app
from memsrv.demo.logs import write_logs
from memsrv.demo.steps import Edits, Replies, Runs, Says, Sitting
from memsrv.errors import NotFound, RunInProgress, UsageError
from memsrv.home import Home
from memsrv.reach import WHY
from memsrv.records import Conversation, Fact, Kind, Memory, Message, Review, Trust, to_dict
from memsrv.settings import Settings
from memsrv.store import Store
from memsrv.tombstones import ERASED
from memsrv_adapters.version import EXTEND, Lineage, Source, Stage, TrainedFact
from memsrv_consolidation.run import Run, one_at_a_time, write_json, write_lines

PROJECT = "harbour"
NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
SAID = "The vault of the payroll is at zebrafish.example:7443."
#: No byte may hold any of these afterwards: the value, and what only the erased sentence says.
WORDS = (b"zebrafish", b"7443")

SITTING = Sitting(
    "payroll",
    "Where the vault of the payroll is: zebrafish.example:7443",
    "2026-11-09T09:00:00.000Z",
    (
        Says(f"{SAID} The port of the gateway is 6417."),
        Replies("Noted: zebrafish.example:7443, and 6417 for the gateway."),
        Says("For log messages, always use JSON. The owner of the uploader is Priya."),
        Runs("curl https://zebrafish.example:7443/up", "the vault of the payroll is at ZEBRAFISH.example:7443 \n ok"),
        Edits("/work/harbour/vault.py", "VAULT = None", 'VAULT = "zebrafish.example:7443"'),
        Replies("The client uses it now."),
    ),
)


@dataclass
class World:
    root: Path
    app: App

    @property
    def home(self) -> Home:
        return self.app.home

    def memory(self, value: str) -> Memory:
        return next(m for m in self.app.store.memories(include_retired=True) if m.value and value in m.value)

    def erase(self, *ids: str, **rest: Any) -> forget.Forgotten:
        shown = self.app.forget(ids, erase=True, **rest)
        return self.app.forget(ids, erase=True, confirm=shown.confirm, **rest)

    def holding(self, *words: bytes) -> list[str]:
        """Where any of `words` stands in the files of the home, whatever their case: the file, and what is around."""
        files = [path for path in self.home.root.rglob("*") if path.is_file()]
        wanted = re.compile(rb".{0,20}(?:%s).{0,20}" % b"|".join(re.escape(w.lower()) for w in words or WORDS), re.S)
        return [f"{file.name}: {found!r}" for file in files for found in wanted.findall(_without_chance(file))]


def _without_chance(file: Path) -> bytes:
    """The bytes of `file`, unpacked, but for those in which four digits may stand by chance: of ids, hashes, and the
    microseconds of when the schema was changed."""
    packed = _archived(file) if file.name == "memsrv.db" else b""
    return re.sub(rb"[0-9a-f]{12,}|(?<=:\d\d\.)\d{6}", b"", (file.read_bytes() + packed).lower())


def _archived(database: Path) -> bytes:
    """All that the archive in `database` says: in its own bytes no search finds it."""
    with contextlib.closing(sqlite3.connect(database)) as raw:
        rows = raw.execute("SELECT data FROM archive").fetchall()
    return b"".join(zstandard.ZstdDecompressor().decompress(data) for (data,) in rows)


@pytest.fixture
def world(tmp_path: Path) -> World:
    folder = tmp_path / PROJECT
    folder.mkdir()
    write_logs([SITTING], tmp_path / "claude", str(folder))
    app = open_app(Home(tmp_path / "home"), Settings(), folder)
    app.ingest([tmp_path / "claude"])
    return World(tmp_path, app)


def learned(world: World, *memories: Memory, name: str = "20261120-030000-harbour", **put: Any) -> str:
    """A finished run that learned `memories`, and the version it was shelved as."""
    import numpy
    from safetensors.numpy import save_file

    app, run = world.app, Run(world.home.runs / name)
    run.adapter.mkdir(parents=True)
    side = numpy.full((2, 2), len(app.shelf.names(PROJECT)), dtype=numpy.float32)
    save_file({"m.q.lora_A.weight": side, "m.q.lora_B.weight": side}, run.adapter / "adapter_model.safetensors")
    (run.adapter / "adapter_config.json").write_text('{"peft_type": "LORA", "r": 2}')
    write_json(run.order_file, {"id": name, "project": PROJECT, "base": "memsrv-tiny", "strategy": "paper", "seed": 7,
                                "threads": 1, "created": "2026-11-20T03:00:00Z"})  # fmt: skip
    write_json(run.memory_file, {"memories": [to_dict(memory) for memory in memories]})
    facts = [Fact(m.id, m.kind, m.text, m.trust, m.evidence, m.subject, m.relation, m.value) for m in memories]
    write_lines(run.facts_file, facts)
    told = [Conversation(f"c{n}", "fact", "plain", (Message("user", "?"), Message("assistant", f.text)), (f.id,))
            for n, f in enumerate(facts)]  # fmt: skip
    write_lines(run.conversations_file, told)
    run.log_file.write_text("\n".join(fact.text for fact in facts))
    write_json(run.report_file, {"run": name, "project": PROJECT, "verdict": "promote", "reason": "as told"})
    version = app.shelf.put(
        run.adapter, project=PROJECT, base="memsrv-tiny", base_hash="ab" * 32, strategy="paper", run=name,
        created="2026-11-20T03:00:00Z", facts=[TrainedFact(f.id, f.text, Stage.GRADUATED) for f in facts], **put,
    ).version  # fmt: skip
    app.shelf.promote(PROJECT, version)
    return version


# Looking before anything is done


def test_nothing_changes_until_the_code_is_given_back(world: World) -> None:
    memory = world.memory("zebrafish")

    shown = world.app.forget([memory.id], erase=True)

    assert (shown.done, shown.memories[0].text) == (False, memory.text)
    assert shown.turns >= 4
    assert world.app.store.memory(memory.id) == memory
    assert not world.app.store.tombstones()


def test_a_code_for_what_has_changed_meanwhile_is_refused(world: World) -> None:
    memory = world.memory("zebrafish")
    shown = world.app.forget([memory.id], erase=True)
    world.app.store.retire(memory.id, "2026-11-20T03:00:00Z")

    with pytest.raises(UsageError, match="changed since it was shown"):
        world.app.forget([memory.id], erase=True, confirm=shown.confirm)

    assert world.holding()


def test_a_code_for_retiring_does_not_erase(world: World) -> None:
    memory = world.memory("zebrafish")
    shown = world.app.forget([memory.id])

    with pytest.raises(UsageError):
        world.app.forget([memory.id], erase=True, confirm=shown.confirm)


@pytest.mark.parametrize("erase", [False, True])
def test_what_there_is_none_of_is_named(world: World, erase: bool) -> None:
    with pytest.raises(NotFound, match="mem_none"):
        world.app.forget(["mem_none"], erase=erase)


def test_words_alone_are_not_retired(world: World) -> None:
    with pytest.raises(UsageError, match="--erase"):
        world.app.forget([], words=["Priya"])


def test_words_that_are_none_are_refused(world: World) -> None:
    with pytest.raises(UsageError, match="holds no word"):
        world.app.forget([], erase=True, words=["…!"])


# Retiring


def test_a_retired_memory_stays_in_the_ledger_and_saying_it_again_undoes_it(world: World) -> None:
    memory = world.memory("6417")
    shown = world.app.forget([memory.id])
    done = world.app.forget([memory.id], confirm=shown.confirm)

    assert done.done
    assert memory.id not in {m.id for m in world.app.memories(project=PROJECT).memories}
    assert world.app.store.memory(memory.id).valid_to is not None

    world.app.save(memory.text, kind=Kind.EPISODIC, project=PROJECT, trust=Trust.HUMAN)

    assert memory.id in {m.id for m in world.app.memories(project=PROJECT).memories}


def test_a_client_that_heard_no_answer_may_retire_again(world: World) -> None:
    memory = world.memory("6417")
    shown = world.app.forget([memory.id])
    first = world.app.forget([memory.id], confirm=shown.confirm)
    ended = world.app.store.memory(memory.id)

    again = world.app.forget([memory.id], confirm=shown.confirm)

    assert (first.done, again.done) == (True, True)
    assert "had ended already" in again.notes[0]
    assert world.app.store.memory(memory.id) == ended


def test_a_wrong_code_ends_nothing(world: World) -> None:
    memory = world.memory("6417")

    with pytest.raises(UsageError, match="has changed since it was shown"):
        world.app.forget([memory.id], confirm="0" * 12)

    assert world.app.store.memory(memory.id).valid_to is None


def test_reading_the_log_again_does_not_undo_a_retirement(world: World) -> None:
    memory = world.memory("6417")
    world.app.forget([memory.id], confirm=world.app.forget([memory.id]).confirm)
    log = next((world.root / "claude").rglob("*.jsonl"))
    log.write_bytes(log.read_bytes())

    world.app.ingest([world.root / "claude"])

    assert memory.id not in {m.id for m in world.app.memories(project=PROJECT).memories}


# Erasing


def test_no_byte_of_the_home_holds_what_was_erased(world: World) -> None:
    memory, kept = world.memory("zebrafish"), world.memory("6417")
    learned(world, memory, kept)
    world.app.store.review(PROJECT, Review(memory.id, "edited", "2026-11-20T03:00:00Z", text=memory.text))
    world.app.store.note("last", f"learned: {memory.text}")
    world.home.logs.mkdir()
    (world.home.logs / "watch.log").write_text(f"could not make sense of: {SAID}\nall is well\n")
    (world.home.root / "spend.jsonl").write_text(json.dumps({"prompt": f"Is it true?\n{SAID}"}) + "\n")
    world.app.backup()
    assert world.holding()

    done = world.erase(memory.id)

    world.app.close()
    assert world.holding() == []
    assert done.runs == ("20261120-030000-harbour",)
    assert [(v.version, v.state) for v in done.adapters_affected] == [("v1", "current")]
    assert len(done.backups) == 1
    assert "all is well" in (world.home.logs / "watch.log").read_text()


def test_a_version_whose_weights_began_as_an_affected_ones_goes_with_it(world: World) -> None:
    memory, kept = world.memory("zebrafish"), world.memory("6417")
    learned(world, memory)
    learned(world, kept, name="20261121-030000-harbour", parent="v1", lineage=Lineage(EXTEND))

    done = world.erase(memory.id)

    assert [one.version for one in done.adapters_affected] == ["v1", "v2"]
    assert world.app.shelf.current(PROJECT) is None


def test_an_extended_version_is_found_by_what_no_longer_holds_when_its_parent_is_gone(world: World) -> None:
    memory, kept = world.memory("zebrafish"), world.memory("6417")
    seen = Lineage(EXTEND, inherited=(TrainedFact(memory.id, memory.text),))
    learned(world, kept, lineage=seen)

    assert [one.version for one in world.erase(memory.id).adapters_affected] == ["v1"]


def test_a_version_that_was_trained_on_a_turn_as_it_was_said_goes_when_words_of_that_turn_do(world: World) -> None:
    memory, kept = world.memory("zebrafish"), world.memory("6417")
    quote = memory.evidence[0]
    learned(world, kept, lineage=Lineage(replayed=(Source(quote.session, quote.turn, "ab" * 32),)))

    assert [one.version for one in world.erase(memory.id).adapters_affected] == ["v1"]


def test_what_a_turn_keeps_cut_is_erased_from_the_archive(world: World) -> None:
    """The words stand only in the middle of a long output: no turn holds them, the archive does."""
    long = Says(f"{'so it goes. ' * 4000}\n{SAID}\n{'and on it goes. ' * 4000}")
    write_logs([Sitting("long", "A long one", "2026-11-10T09:00:00.000Z", (long,))], world.root / "c2", str(world.root))
    world.app.ingest([world.root / "c2"])
    database = world.home.database
    assert _archived(database).count(SAID.encode()) == 2

    done = world.erase(world.memory("zebrafish").id)

    assert world.holding() == []
    assert done.turns == 6
    assert b"and on it goes" in _archived(database)


def test_a_record_that_was_not_understood_is_erased_too(world: World) -> None:
    log = next((world.root / "claude").rglob("*.jsonl"))
    with log.open("a") as file:
        file.write(json.dumps({"type": "next-year", "words": f"a\n{SAID}"}) + "\n" + f"torn {SAID}\n")
    world.app.ingest([world.root / "claude"])
    assert b"next-year" in _archived(world.home.database)

    world.erase(world.memory("zebrafish").id)

    assert world.holding() == []
    assert b"next-year" in _archived(world.home.database)


def test_no_byte_holds_it_while_others_have_the_database_open(world: World) -> None:
    with Store.open(world.home.database) as other:
        assert other.counts().events

        world.erase(world.memory("zebrafish").id)

        assert world.holding() == []


def test_what_stood_beside_it_is_kept(world: World) -> None:
    world.erase(world.memory("zebrafish").id)

    first = world.app.store.events(world.app.store.sessions()[0].id)[0]
    assert first.text == f"{ERASED} The port of the gateway is 6417."
    assert world.memory("6417").valid_to is None
    assert "The owner of the uploader is Priya." in {m.text for m in world.app.store.memories()}
    assert world.app.search("zebrafish", project=PROJECT).results == ()


def test_what_remains_is_still_quoted_literally(world: World) -> None:
    world.erase(world.memory("zebrafish").id)

    for memory in world.app.store.memories(include_retired=True):
        for quote in memory.evidence:
            event = world.app.store.event(quote.session, quote.turn)
            assert quote.quote in event.text or quote.quote in (event.command or "")


def test_other_memories_that_say_the_same_go_with_it(world: World) -> None:
    again = world.app.save(f"Remember: {SAID}", kind=Kind.SEMANTIC, project=PROJECT)

    done = world.erase(world.memory("zebrafish").id)

    assert again.id in done.also or again.status == "duplicate_of"
    world.app.close()
    assert world.holding() == []


def test_what_it_had_replaced_stays_ended(world: World) -> None:
    old = world.memory("6417")
    new = world.app.save("The port of the gateway is 6999.", kind=Kind.EPISODIC, project=PROJECT, trust=Trust.HUMAN)

    done = world.erase(new.id)

    assert done.superseded == (old.id,)
    assert world.app.store.memory(old.id).superseded_by is None
    assert world.app.store.memory(old.id).valid_to is not None
    assert any("stays ended" in note for note in done.notes)


def test_words_are_erased_wherever_they_stand(world: World) -> None:
    world.erase(words=["Priya"])

    world.app.close()
    assert world.holding(b"Priya") == []


def test_only_hashes_remain(world: World) -> None:
    memory = world.memory("zebrafish")
    world.erase(memory.id)

    with pytest.raises(NotFound, match="erased already"):
        world.app.forget([memory.id], erase=True)


def test_the_agents_own_log_is_named_and_left_alone(world: World) -> None:
    log = next((world.root / "claude").rglob("*.jsonl"))
    before = log.read_bytes()

    done = world.erase(world.memory("zebrafish").id)

    assert done.logs == (str(log),)
    assert log.read_bytes() == before


def _rewritten(log: Path) -> None:
    """As an agent does that cleans up its history: the same file, other bytes."""
    first, *rest = log.read_text().splitlines(keepends=True)
    log.write_text(json.dumps({"type": "summary", "summary": "x", "leafUuid": "0"}) + "\n" + first + "".join(rest))


def _copied(log: Path) -> None:
    """A fork: another file, and every event under a new name."""
    text = log.read_text()
    for line in text.splitlines():
        uuid = json.loads(line).get("uuid")
        if uuid:
            text = text.replace(uuid, uuid[:-4] + "beef")
    log.with_name("11111111-2222-3333-4444-555555555555.jsonl").write_text(text)


def _forgotten_place(log: Path) -> None:
    """Nothing happens to it; it is read again from the start by whoever lost their place."""
    log.touch()


@pytest.mark.parametrize("change", [_rewritten, _copied, _forgotten_place])
def test_no_log_brings_it_back(world: World, change: Callable[[Path], None]) -> None:
    memory = world.memory("zebrafish")
    world.erase(memory.id)
    change(next((world.root / "claude").rglob("*.jsonl")))

    world.app.ingest([world.root / "claude"])

    world.app.close()
    assert [m.id for m in world.app.store.memories(include_retired=True) if m.id == memory.id] == []
    world.app.close()
    assert world.holding(b"vault of the payroll is at zebrafish", SAID.encode()) == []


def test_a_person_who_saves_it_again_is_told(world: World) -> None:
    memory = world.memory("zebrafish")
    world.erase(memory.id)

    with pytest.raises(UsageError, match="was erased"):
        world.app.save(memory.text, kind=Kind.EPISODIC, project=PROJECT, trust=Trust.HUMAN)


# Weights


def test_a_version_that_never_saw_it_goes_on_being_served(world: World) -> None:
    memory, kept = world.memory("zebrafish"), world.memory("6417")
    clean = learned(world, kept, name="20261118-030000-harbour")
    tainted = learned(world, memory, kept)

    world.erase(memory.id)

    pointers = world.app.shelf.pointers(PROJECT)
    assert (pointers.current, pointers.previous) == (clean, None)
    assert world.app.shelf.names(PROJECT) == [clean]
    assert not (world.home.adapters / PROJECT / tainted).exists()
    assert (world.home.runs / "20261118-030000-harbour").exists()


def test_a_fact_that_only_says_the_same_words_taints_as_well(world: World) -> None:
    from dataclasses import replace

    memory = world.memory("zebrafish")
    learned(world, replace(memory, id="0123456789abcdef"))

    done = world.erase(memory.id)

    assert [v.version for v in done.adapters_affected] == ["v1"]
    assert WHY in (world.home.adapters / PROJECT / "marks.json").read_text()


def test_the_number_of_what_was_erased_is_not_given_again(world: World) -> None:
    memory, kept = world.memory("zebrafish"), world.memory("6417")
    learned(world, memory)
    world.erase(memory.id)

    assert learned(world, kept, name="20261121-030000-harbour") == "v2"


def test_while_a_consolidation_runs_nothing_is_erased(world: World) -> None:
    memory = world.memory("zebrafish")
    shown = world.app.forget([memory.id], erase=True)

    with one_at_a_time(world.home.runs), pytest.raises(RunInProgress):
        world.app.forget([memory.id], erase=True, confirm=shown.confirm)

    assert world.app.store.memory(memory.id) == memory


# Cut short

_KILLED = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from memsrv import backup, forget, reach
from memsrv.home import Home
from memsrv.store import Store
from memsrv_adapters.shelf import Shelf
home, id, at = Home(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
store, seen = Store.open(home.database), 0
def deadly(owner, name):
    whole = getattr(owner, name)
    def step(*args, **rest):
        global seen
        if not rest.get("dry"):
            seen += 1
            if seen == at:
                os._exit(137)
        return whole(*args, **rest)
    setattr(owner, name, step)
shown = forget.forget(home, store, [id], now=datetime.now(UTC), erase=True)
for owner, name in ((Store, "bury"), (Shelf, "taint"), (Store, "sweep"), (reach.shutil, "rmtree"), (Shelf, "remove"),
                    (backup, "erase"), (Store, "erasing_finished")):
    deadly(owner, name)
forget.forget(home, store, [id], now=datetime.now(UTC), erase=True, confirm=shown.confirm)
"""


# After the stones, between database and weights, among the backups; the soak tries every step.
_STEPS = [pytest.param(at, marks=() if at in (2, 5, 7) else pytest.mark.soak) for at in range(1, 8)]


@pytest.mark.parametrize("at", _STEPS)
def test_an_erase_that_was_killed_is_finished_by_the_next_command(world: World, at: int) -> None:
    memory = world.memory("zebrafish")
    learned(world, memory, world.memory("6417"))
    world.app.backup()
    world.app.close()
    killed = subprocess.run(
        [sys.executable, "-I", "-c", _KILLED, str(world.home.root), memory.id, str(at)],
        env=os.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert killed.returncode == 137, killed.stderr

    if at == 1:
        world.erase(memory.id)  # nothing had begun
    else:
        world.app.gc()

    assert not world.app.store.erasing_unfinished()
    world.app.close()
    assert world.holding() == []
    assert world.app.shelf.pointers(PROJECT).current is None


# The command


def test_the_command_shows_first_and_then_does(world: World) -> None:
    memory = world.memory("zebrafish")
    world.app.close()

    def memsrv(*arguments: str) -> Any:
        run = subprocess.run(
            [sys.executable, "-I", "-m", "memsrv", "forget", memory.id, "--erase", *arguments, "--json"],
            env=os.environ | {"MEMSRV_HOME": str(world.home.root)}, cwd=world.root / PROJECT,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return json.loads(run.stdout)

    shown = memsrv("--dry-run")
    assert (shown["done"], shown["adapters_affected"]) == (False, [])

    done = memsrv("--yes")
    assert (done["done"], done["memories"][0]["text"]) == (True, None)
    assert world.holding() == []


def test_a_backup_that_cannot_be_opened_stops_no_erase(world: World) -> None:
    world.home.backups.mkdir(parents=True)
    (world.home.backups / "20200101-000000.tar.gz").symlink_to("/nowhere")
    (world.home.backups / "20200102-000000.tar.gz").write_bytes(b"garbage")
    made = world.app.backup()

    told = world.erase(world.memory("zebrafish").id)

    assert told.backups == (Path(made.path).name,)
    assert sum("could not be searched" in note for note in told.notes) == 2
    assert not world.app.store.erasing_unfinished()
    assert world.holding() == []


def test_what_is_not_erased_everywhere_yet_is_not_called_gone(world: World) -> None:
    memory = world.memory("zebrafish")
    store = world.app.store
    store.bury(store.stones_of([memory], []), forget._claims([memory]))
    store.sweep(store.tombstones(), store.erased_claims(), dry=False)

    with pytest.raises(NotFound, match="`memsrv gc` finishes it"):
        world.app.forget([memory.id], erase=True)
    world.app.gc()
    with pytest.raises(NotFound, match="erased already"):
        world.app.forget([memory.id], erase=True)
