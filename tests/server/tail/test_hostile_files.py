"""What befalls a log's file, of two agents: links, pipes and folders in its place, endless lines, cut, replaced, gone.

What `test_tail.py` shows of one agent (moves, rotation, compression, what is lost and told) is not shown here again.
"""

import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import zstandard

from memsrv.store import LossKind

MIB = 1 << 20


def test_links_pipes_and_folders_cost_nobody_anything(log: Any, tail: Any) -> None:
    log.add(log.line("first"))
    folder = log.path.parent
    (folder / "loop").symlink_to(folder)
    (folder / "mirror.jsonl").symlink_to(folder / "mirror.jsonl")
    os.mkfifo(folder / "pipe.jsonl")
    (folder / "folder.jsonl").mkdir()
    (folder / "folder.jsonl" / "inside.jsonl").write_bytes(b"")

    report = tail.look(folder)

    assert tail.texts() == ["first"]
    assert [Path(reason.split(": ")[0]).name for reason in report.unopened] == ["mirror.jsonl"]
    assert report.files == 1


def test_a_link_to_a_log_is_the_log(log: Any, tail: Any) -> None:
    log.add(log.line("first"))
    (log.path.parent / "another-name.jsonl").symlink_to(log.path)

    report = tail.look(log.path.parent)

    assert (report.files, report.events, report.duplicates) == (1, 1, 0)


def test_a_folder_that_may_not_be_listed_hides_only_what_is_in_it(log: Any, tail: Any) -> None:
    """Root may list anything: another user looks."""
    log.add(log.line("first"))
    shut = log.path.parent / "shut"
    shut.mkdir()
    (shut / "a.jsonl").write_bytes(log.line("hidden"))
    shut.chmod(0)
    if os.geteuid() == 0:
        pytest.skip("root may list anything")

    tail.look(log.path.parent)

    assert tail.texts() == ["first"]
    shut.chmod(0o700)


def test_what_the_system_will_not_open_is_told_and_the_others_are_read(log: Any, tail: Any) -> None:
    """A loop of links stands for a file without permission: root opens anything else."""
    log.add(log.line("first"))
    away = log.path.rename(log.path.with_name("away"))
    log.path.symlink_to(log.path.name)

    report = tail.look(log.path)

    assert report.unopened
    assert [loss.kind for loss in tail.store.losses()] == [LossKind.UNOPENED]
    log.path.unlink()
    away.rename(log.path)
    tail.look(log.path)
    assert (tail.texts(), tail.store.losses()) == (["first"], [])


def test_a_line_of_ten_megabytes_is_read_and_recalled(log: Any, tail: Any) -> None:
    log.add(log.line("first") + log.line("x" * (10 * MIB), "long") + log.line("last"))

    report = tail.read(log)

    first, long, last = tail.texts()
    assert (first, last, report.unreadable) == ("first", "last", 0)
    assert set(long[:100]) == {"x"}


def test_a_log_that_is_cut_and_grows_past_where_it_was_read(log: Any, tail: Any) -> None:
    log.add(b"".join(log.line(f"old {n}") for n in range(5)))
    tail.read(log)
    log.path.write_bytes(log.beginning)
    log.add(b"".join(log.line(f"new {n}") for n in range(9)))

    tail.read(log)

    assert sorted(tail.texts()) == sorted([f"old {n}" for n in range(5)] + [f"new {n}" for n in range(9)])
    assert tail.store.files()[0].lag == 0


def test_a_log_that_is_cut_and_grows_again_line_by_line(log: Any, tail: Any) -> None:
    """The same lines: none is told twice."""
    lines = [log.line(f"line {n}") for n in range(6)]
    log.add(b"".join(lines))
    tail.read(log)
    log.path.write_bytes(log.beginning)
    for line in [*lines, log.line("more")]:
        log.add(line)
        tail.read(log)

    assert tail.texts() == [*(f"line {n}" for n in range(6)), "more"]


def test_another_log_in_its_place_with_its_inode(log: Any, tail: Any) -> None:
    """What a file system does that gives a new file the inode of the one just deleted: the same file, other bytes."""
    log.add(log.line("mine", "a"))
    tail.read(log)
    inode = log.path.stat().st_ino
    log.path.write_bytes(log.beginning + log.line("another's", "b") + log.line("words", "c"))
    assert log.path.stat().st_ino == inode

    tail.read(log)

    assert sorted(tail.texts()) == ["another's", "mine", "words"]


def test_there_and_back_through_compression(log: Any, tail: Any) -> None:
    """`.jsonl` → `.jsonl.zst` → `.jsonl`, with words added while it was each."""
    log.add(log.line("plain"))
    tail.read(log)
    log.add(log.line("just before"))
    packed = log.path.with_name(f"{log.path.name}.zst")
    packed.write_bytes(zstandard.ZstdCompressor().compress(log.path.read_bytes()))
    log.path.unlink()
    tail.read(log, packed)
    whole = zstandard.ZstdDecompressor().decompress(packed.read_bytes(), max_output_size=MIB)
    log.path.write_bytes(whole)
    packed.unlink()
    log.add(log.line("plain again"))

    report = tail.read(log)

    assert tail.texts() == ["plain", "just before", "plain again"]
    assert (report.events, report.duplicates) == (1, 0)
    assert len(tail.store.files()) == 1


def test_what_was_read_stays_when_the_agent_deletes_its_log(log: Any, tail: Any) -> None:
    log.add(log.line("first") + log.line("second"))
    tail.read(log)
    log.path.unlink()
    other = log.path.with_name("other.jsonl")
    other.write_bytes(log.line("else", "z", sessionId="other"))
    tail.read(log, other)

    assert tail.texts()[:2] == ["first", "second"]
    assert tail.store.losses() == []


# Memory, in a process of its own

_MEASURED = """
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from conftest import Tail, AGENTS
root = Path(sys.argv[3])
log = AGENTS[sys.argv[2]](root)
log.add(log.line("first"))
tail = Tail(root / "home")
tail.read(log)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with log.path.open("ab") as file:
    for _ in range(int(sys.argv[4])):
        start, end = log.line("@", "long").split(b"@")
        file.write(start)
        for _ in range(int(sys.argv[5])):
            file.write(b"x" * (1 << 20))
        file.write(end)
    file.write(log.line("last"))
tail.read(log)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
print([text[:5] for text in tail.texts()], [str(loss.kind) for loss in tail.store.losses()])
"""


def grown(agent: str, root: Path, lines: int, mib: int) -> tuple[int, str]:
    """By how many MiB a process grew that read `lines` lines of so many MiB, and what it read."""
    here = str(Path(__file__).parent)
    out = subprocess.run(
        [sys.executable, "-c", _MEASURED, here, agent, str(root), str(lines), str(mib)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return int(out[0]), out[1]


@pytest.mark.parametrize("agent", ["claude-code", "codex"])
def test_lines_beyond_the_cap_are_read_past_in_flat_memory(agent: str, tmp_path: Path) -> None:
    mib, read = grown(agent, tmp_path, lines=3, mib=40)

    assert read == f"['first', 'last'] {['too long'] * 3}"
    assert mib < 80


@pytest.mark.soak
@pytest.mark.parametrize("agent", ["claude-code", "codex"])
def test_hundred_megabytes_in_a_line_ten_times(agent: str, tmp_path: Path) -> None:
    mib, read = grown(agent, tmp_path, lines=10, mib=100)

    assert read == f"['first', 'last'] {['too long'] * 10}"
    assert mib < 80


def test_a_process_that_may_open_few_files_reads_many_logs(log: Any, tail: Any) -> None:
    """No file is left open."""
    for n in range(300):
        (log.path.parent / f"{n}.jsonl").write_bytes(log.beginning + log.line(f"log {n}"))
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = len(os.listdir("/proc/self/fd")) + 20
    resource.setrlimit(resource.RLIMIT_NOFILE, (few, limit[1]))
    try:
        report = tail.look(log.path.parent)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)

    assert (report.events, report.unopened) == (300, ())
