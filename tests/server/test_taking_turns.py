"""Writers take turns in the order in which they come, and nobody waits to read."""

import threading
import time
from pathlib import Path

from filelock import FileLock, Timeout

from memsrv.store.connection import Connection

PATIENCE = 30


def waits_to_write(folder: Path) -> bool:
    probe = FileLock(folder / "writer-next.lock")
    try:
        probe.acquire(timeout=0)
    except Timeout:
        return True
    probe.release()
    return False


def wait_until_somebody_waits_to_write(folder: Path) -> None:
    limit = time.monotonic() + PATIENCE
    while not waits_to_write(folder):
        assert time.monotonic() < limit, "nobody waits"
        time.sleep(0.001)


def write(connection: Connection, name: str, order: list[str]) -> None:
    with connection.writing():
        order.append(name)


def test_who_has_just_written_lets_those_who_wait_go_first(tmp_path: Path) -> None:
    busy, patient = Connection(tmp_path / "memsrv.db"), Connection(tmp_path / "memsrv.db")
    order: list[str] = []

    for _ in range(10):
        waiting = threading.Thread(target=write, args=(patient, "patient", order))
        with busy.writing():
            waiting.start()
            wait_until_somebody_waits_to_write(tmp_path)
        write(busy, "busy again", order)
        waiting.join(PATIENCE)

    assert order == ["patient", "busy again"] * 10


def test_while_one_thread_waits_to_write_another_reads_through_the_same_connection(tmp_path: Path) -> None:
    elsewhere, ours = Connection(tmp_path / "memsrv.db"), Connection(tmp_path / "memsrv.db")
    order: list[str] = []
    waiting = threading.Thread(target=write, args=(ours, "written", order))

    with elsewhere.writing():
        waiting.start()
        wait_until_somebody_waits_to_write(tmp_path)

        assert ours.read("SELECT count(*) FROM events")[0][0] == 0
        assert order == []

    waiting.join(PATIENCE)
    assert order == ["written"]
