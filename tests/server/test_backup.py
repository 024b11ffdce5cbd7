"""Backups: whole while others write, verified before anything is touched, old or new after a kill, and never a way back
for what was erased."""

import gzip
import io
import json
import os
import stat
import subprocess
import sys
import tarfile
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from memsrv import backup
from memsrv.archive import MANIFEST
from memsrv.errors import BackupRefused, NotFound
from memsrv.home import Home
from memsrv.records import Event, EventType, Kind, Session, Trust
from memsrv.redact import Redactor
from memsrv.remember import save
from memsrv.store import SCHEMA, FileState, Store
from memsrv_adapters.shelf import Shelf
from memsrv_adapters.version import TrainedFact

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
REDACTOR = Redactor(b"0" * 32)


def fill(home: Home, port: str = "6417") -> None:
    """A home with a session, a memory and a live version."""
    import numpy
    from safetensors.numpy import save_file

    with Store.open(home.database) as store:
        events = [Event(f"e{port}", "s", EventType.PROMPT, Trust.HUMAN, f"The port of the gateway is {port}.")]
        place = FileState(f"/logs/{port}", "claude-code", f"s{port}", 1, 1, "x", 1)
        store.append(place, Session(f"s{port}", "claude-code", "demo", f"/logs/{port}"), events)
        save(store, REDACTOR, f"The port of the gateway is {port}.", kind=Kind.EPISODIC, project="demo",
             now=f"2026-11-19T0{len(store.memories(include_retired=True))}:00:00Z", trust=Trust.HUMAN)  # fmt: skip
        memory = store.memories()[-1]
    made = home.root / "made"
    made.mkdir(exist_ok=True)
    side = numpy.full((2, 2), float(port), dtype=numpy.float32)
    save_file({"m.q.lora_A.weight": side, "m.q.lora_B.weight": side}, made / "adapter_model.safetensors")
    (made / "adapter_config.json").write_text('{"peft_type": "LORA", "r": 2}')
    shelf = Shelf(home.adapters)
    version = shelf.put(
        made, project="demo", base="memsrv-tiny", base_hash="ab" * 32, strategy="paper", run=f"r{port}",
        created="2026-11-20T03:00:00Z", facts=[TrainedFact(memory.id, memory.text)],
    )  # fmt: skip
    shelf.promote("demo", version.version)
    home.config.write_text(f"port = {port}\n")
    (home.root / ".memsrvignore").write_text(f"/private-{port}\n")


def state(home: Home) -> tuple[Any, ...]:
    """All that a backup is for."""
    with Store.open(home.database) as store:
        memories, events = store.memories(include_retired=True), [store.events(s.id) for s in store.sessions()]
        assert store.unsound() is None
    shelf = Shelf(home.adapters)
    versions = [shelf.verify(version).manifest for version in shelf.versions("demo")]
    return (
        memories,
        events,
        versions,
        shelf.pointers("demo"),
        home.config.read_text(),
        (home.root / ".memsrvignore").read_text(),
    )


def made(home: Home, to: Path | None = None, now: datetime = NOW) -> Path:
    with Store.open(home.database) as store:
        return Path(backup.make(home, store, to, now).path)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.root.mkdir()
    fill(home)
    return home


# Making one


def test_what_is_restored_into_an_empty_home_is_what_was_there(home: Home, tmp_path: Path) -> None:
    file = made(home, tmp_path / "mine.tar.gz")
    empty = Home(tmp_path / "empty")

    restored = backup.restore(empty, file, NOW)

    assert state(empty) == state(home)
    assert (restored.made, restored.erased_again) == ("2026-11-20T03:00:00Z", 0)


def test_a_backup_made_while_others_write_holds_one_moment(home: Home, tmp_path: Path) -> None:
    """Each transaction of the writer adds two events; a backup that held a part of one would hold an odd number."""
    stop, rounds = threading.Event(), []

    def write() -> None:
        with Store.open(home.database) as store:
            while not stop.is_set():
                n = len(rounds)
                pair = [Event(f"w{n}{half}", "w", EventType.NOTE, Trust.TOOL, "x" * 500) for half in "ab"]
                known = store.file("/logs/w")
                place = FileState("/logs/w", "claude-code", "w", 1, 1, "x", 1, offset=n + 1)
                session = Session("w", "claude-code", "demo", "/logs/w")
                assert not store.append(place, session, pair, read_from=known).stale
                rounds.append(n)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        files = []
        for n in range(6):
            seen = len(rounds)
            while len(rounds) < seen + 5:
                assert writer.is_alive()
            files.append(made(home, tmp_path / f"{n}.tar.gz"))
    finally:
        stop.set()
        writer.join(30)

    for n, file in enumerate(files):
        there = Home(tmp_path / f"there{n}")
        backup.restore(there, file, NOW)
        with Store.open(there.database) as store:
            events = store.events("w")
            assert store.unsound() is None
            assert len(events) % 2 == 0
            assert len(events) >= 10 * (n + 1)


def test_a_backup_is_its_owners_alone_and_lists_the_hash_of_every_member(home: Home) -> None:
    file = made(home)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.parent == home.backups
    with tarfile.open(file) as tar:
        names = tar.getnames()
        manifest = json.load(tar.extractfile(MANIFEST) or io.BytesIO())
    assert names[-1] == MANIFEST
    assert set(manifest["files"]) == set(names) - {MANIFEST}
    assert manifest["schema"] == list(SCHEMA)
    assert "adapters/demo/v1/adapter_model.safetensors" in names


def test_neither_the_token_nor_the_ledger_of_spending_travels(home: Home) -> None:
    home.token.write_text("a-secret-that-opens-the-endpoint")
    home.spend.write_text("{}\n")

    with tarfile.open(made(home)) as tar:
        names = tar.getnames()

    assert not {"token", "spend.jsonl"} & set(names)


def test_a_file_that_exists_is_not_overwritten(home: Home, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")

    with pytest.raises(BackupRefused, match="exists"):
        made(home, tmp_path / "precious")

    assert (tmp_path / "precious").read_text() == "mine"


_FULL = """
import resource, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from memsrv import backup
from memsrv.home import Home
from memsrv.store import Store
home = Home(Path(sys.argv[1]))
store = Store.open(home.database)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), -1))
try:
    backup.make(home, store, Path(sys.argv[3]), datetime.now(UTC))
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX limits")
@pytest.mark.parametrize("limit", [0, 2_000, 60_000])
def test_a_full_disk_leaves_no_half_a_backup(home: Home, tmp_path: Path, limit: int) -> None:
    file = tmp_path / "mine.tar.gz"

    ended = subprocess.run(
        [sys.executable, "-I", "-c", _FULL, str(home.root), str(limit), str(file)],
        env=os.environ, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert ended.stdout.startswith(("StoreError", "OSError")), ended.stdout
    assert not file.exists()
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []
    assert not home.backups.exists() or list(home.backups.iterdir()) == []


# Putting one back


def test_what_was_there_is_moved_aside_whole(home: Home, tmp_path: Path) -> None:
    old = state(home)
    file = made(home, tmp_path / "old.tar.gz")
    fill(home, "7000")
    new = state(home)

    restored = backup.restore(home, file, NOW)

    assert state(home) == old
    assert restored.replaced is not None
    assert state(Home(Path(restored.replaced))) == new


def test_a_check_touches_nothing(home: Home, tmp_path: Path) -> None:
    file = made(home, tmp_path / "old.tar.gz")
    fill(home, "7000")
    before = state(home)

    assert backup.restore(home, file, NOW, check=True).replaced is None

    assert state(home) == before
    assert not home.backups.exists() or list(home.backups.iterdir()) == []
    assert not list(home.root.glob(".restore-*"))


def test_there_is_nothing_to_restore_from_where_no_file_is(home: Home) -> None:
    with pytest.raises(NotFound, match="backups"):
        backup.restore(home, home.root / "none.tar.gz", NOW)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.98])
def test_half_a_backup_is_refused_before_anything_is_touched(home: Home, tmp_path: Path, share: float) -> None:
    file = made(home, tmp_path / "old.tar.gz")
    file.write_bytes(file.read_bytes()[: int(share * file.stat().st_size)])
    before = state(home)

    with pytest.raises(BackupRefused, match=r"damaged|cut short"):
        backup.restore(home, file, NOW)

    assert state(home) == before


def repacked(file: Path, change: Any) -> None:
    """`file` with its members as `change` makes them; the manifest stays true to what it said."""
    with tarfile.open(file) as tar:
        members = [(m, (tar.extractfile(m) or io.BytesIO()).read()) for m in tar]
    with tarfile.open(file, "w:gz") as tar:
        for member, data in change(members):
            member.size = len(data) if member.isreg() else 0
            tar.addfile(member, io.BytesIO(data))


def named(name: str, type: bytes = tarfile.REGTYPE, link: str = "") -> tuple[tarfile.TarInfo, bytes]:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = type, link
    return entry, b"x"


HOSTILE = {
    "another byte": lambda m: [(e, b"X" + d[1:]) if e.name == "config.toml" else (e, d) for e, d in m],
    "a missing member": lambda m: [(e, d) for e, d in m if e.name != "config.toml"],
    "a member too many": lambda m: [named("adapters/demo/v9/manifest.json"), *m],
    "the same twice": lambda m: [m[0], *m],
    "a way up": lambda m: [named("../escaped"), *m],
    "an absolute name": lambda m: [named("/tmp/escaped"), *m],
    "a link": lambda m: [named("config.toml", type=tarfile.SYMTYPE, link="/etc/passwd"), *m],
    "a hard link": lambda m: [named("config.toml", type=tarfile.LNKTYPE, link="memsrv.db"), *m],
    "a device": lambda m: [named("config.toml", type=tarfile.CHRTYPE), *m],
    "a folder": lambda m: [named("adapters", type=tarfile.DIRTYPE), *m],
    "a program": lambda m: [named("adapters/demo/v1/run.py"), *m],
    "something after the manifest": lambda m: [*m, named("config.toml")],
    "no manifest": lambda m: m[:-1],
    "a manifest that is no JSON": lambda m: [*m[:-1], (m[-1][0], b"{")],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_backup_that_was_tampered_with_is_refused(home: Home, tmp_path: Path, name: str) -> None:
    file = made(home, tmp_path / "old.tar.gz")
    repacked(file, HOSTILE[name])
    before, files = state(home), sorted(tmp_path.rglob("*"))

    with pytest.raises(BackupRefused, match=r"old\.tar\.gz"):
        backup.restore(home, file, NOW)

    assert state(home) == before
    assert [p for p in sorted(tmp_path.rglob("*")) if p not in files and ".lock" not in p.name and p.suffix] == []


def test_what_is_no_archive_at_all_is_refused(home: Home, tmp_path: Path) -> None:
    (tmp_path / "letter.tar.gz").write_text("Dear Sir or Madam")

    with pytest.raises(BackupRefused, match="damaged"):
        backup.restore(home, tmp_path / "letter.tar.gz", NOW)


def test_a_bomb_is_refused_before_it_is_unpacked(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "bomb.tar.gz"
    with tarfile.open(file, "w:gz") as tar:
        entry = tarfile.TarInfo("memsrv.db")
        entry.size = 64 << 20
        tar.addfile(entry, io.BytesIO(bytes(entry.size)))

    with pytest.raises(BackupRefused, match="room"):
        backup.restore(home, file, NOW)


def test_a_header_that_would_fill_the_memory_is_not_read(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "bomb.tar.gz"
    header = tarfile.TarInfo("long")
    header.type, header.size = tarfile.XHDTYPE, 64 << 20
    with gzip.open(file, "wb") as out:
        out.write(header.tobuf(tarfile.PAX_FORMAT))
        out.write(bytes(header.size))

    with pytest.raises(BackupRefused, match="memory"):
        backup.restore(home, file, NOW)


def test_a_newer_backup_is_refused_with_a_sentence(home: Home, tmp_path: Path) -> None:
    file = made(home, tmp_path / "old.tar.gz")

    def newer(members: Any) -> Any:
        manifest = json.loads(members[-1][1])
        return [*members[:-1], (members[-1][0], json.dumps({**manifest, "schema": [*SCHEMA, "m999_future"]}).encode())]

    repacked(file, newer)

    with pytest.raises(BackupRefused, match=r"newer memsrv .*m999_future.*upgrade"):
        backup.restore(home, file, NOW)


@pytest.mark.parametrize("lock", ["endpoint.lock", "watch.lock", "mcp.lock", "runs/running.lock"])
def test_while_memsrv_is_at_work_nothing_is_restored(home: Home, tmp_path: Path, lock: str) -> None:
    file = made(home, tmp_path / "old.tar.gz")
    home.runs.mkdir()
    (home.root / lock.replace(".lock", ".json")).write_text('{"pid": 4711}')
    before = state(home)

    with FileLock(home.root / lock), pytest.raises(BackupRefused, match=r"at work .* end it"):
        backup.restore(home, file, NOW)

    assert state(home) == before


def test_a_process_that_has_the_database_open_is_named(home: Home, tmp_path: Path) -> None:
    file = made(home, tmp_path / "old.tar.gz")
    holding = "import sys; f = open(sys.argv[1]); print('ready', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-I", "-c", holding, str(home.database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()

        with pytest.raises(BackupRefused, match=f"process {process.pid} "):
            backup.restore(home, file, NOW)

        process.communicate()


def test_a_process_whose_database_was_replaced_does_not_write_into_the_old_one(home: Home, tmp_path: Path) -> None:
    from memsrv.errors import StoreError

    with Store.open(home.database) as store:
        home.database.rename(home.root / "aside.db")
        Store.open(home.database).close()

        with pytest.raises(StoreError, match=r"replaced .* start this memsrv again"):
            store.note("a", "b")


_KILLED = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from memsrv import backup
from memsrv.home import Home
home, file, at, seen = Home(Path(sys.argv[1])), Path(sys.argv[2]), int(sys.argv[3]), 0
def step(name):
    global seen
    seen += 1
    if seen == at:
        os._exit(137)
backup.restore(home, file, datetime.now(UTC), step=step)
"""


@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.soak)])
def test_a_restore_that_is_killed_leaves_the_old_or_becomes_the_new(home: Home, tmp_path: Path, every: int) -> None:
    old = state(home)
    file = made(home, tmp_path / "old.tar.gz")
    fill(home, "7000")
    new = state(home)
    ends: list[bool] = []
    for at in range(1, 30, every):
        victim = Home(tmp_path / f"victim{at}")
        subprocess.run(["cp", "-r", str(home.root), str(victim.root)], check=True)
        killed = subprocess.run(
            [sys.executable, "-I", "-c", _KILLED, str(victim.root), str(file), str(at)],
            env=os.environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert killed.returncode in (0, 137), killed.stderr

        backup.complete(victim)

        assert state(victim) in (old, new)
        assert not backup.complete(victim)
        ends.append(state(victim) == old)
        if killed.returncode == 0:
            break
    assert len(ends) * every >= 10
    assert killed.returncode == 0
    assert ends == sorted(ends)  # once it is the restored one, it stays that


# Erasing reaches them


def test_what_was_erased_since_does_not_come_back_from_a_backup_kept_elsewhere(home: Home, tmp_path: Path) -> None:
    from memsrv import forget

    file = made(home, tmp_path / "elsewhere.tar.gz")
    with Store.open(home.database) as store:
        id = store.memories()[0].id
        shown = forget.forget(home, store, [id], now=NOW, erase=True)
        forget.forget(home, store, [id], now=NOW, erase=True, confirm=shown.confirm)

    restored = backup.restore(home, file, NOW + timedelta(minutes=1))

    assert restored.erased_again >= 2
    kept = [path for path in home.root.rglob("*") if path.is_file() and b"is 6417" in path.read_bytes()]
    assert kept == []
    assert Shelf(home.adapters).pointers("demo").current is None


def test_erasing_reaches_what_a_restore_moved_aside(home: Home, tmp_path: Path) -> None:
    from memsrv import forget

    file = made(home, tmp_path / "old.tar.gz")
    backup.restore(home, file, NOW)
    with Store.open(home.database) as store:
        id = store.memories()[0].id
        shown = forget.forget(home, store, [id], now=NOW, erase=True)
        done = forget.forget(home, store, [id], now=NOW, erase=True, confirm=shown.confirm)

    assert [name.endswith("-replaced") for name in done.backups] == [True]
    assert [path for path in home.root.rglob("*") if path.is_file() and b"is 6417" in path.read_bytes()] == []


_ON_A_FULL_DISK = """
import os, resource, sys
from pathlib import Path
from memsrv import archive
folder = Path(sys.argv[1])
(folder / "big").write_bytes(os.urandom(500_000))
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
archive.pack([("big", folder / "big")], {}, folder / "made.tar.gz")
"""


def test_a_disk_that_is_full_names_the_file_and_keeps_no_half_of_it(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-I", "-c", _ON_A_FULL_DISK, str(tmp_path)], capture_output=True, text=True, check=False
    )

    assert "made.tar.gz" in ended.stderr.splitlines()[-1]
    assert [path.name for path in tmp_path.iterdir()] == ["big"]
