"""Erased words are in no byte of the search index, nor of the vectors: theirs, or those of the turns beside them."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing

import pytest

from memsrv.errors import StoreError
from memsrv.store import Made, Store
from memsrv.store.connection import Connection

from .conftest import Talk

Talking = Callable[..., Talk]
#: No other word begins like it: an index holds it whole, not as the end that is not shared with the word before.
ERASED = "Quetzalcoatl"
TURNS = 6


def told(talk: Talking, store: Store, *holding: int) -> None:
    """A session in which the turns `holding` say the word."""
    spoken = talk("a")
    for turn in range(TURNS):
        spoken.says(f"turn {turn} of {ERASED} in the harbour" if turn in holding else f"turn {turn} in the harbour")
    spoken.into(store)
    everything, _ = store.without_vectors("m", 100)
    store.keep_vectors("m", [Made(*one, bytes(4), 1.0) for one in everything])


def bury(store: Store) -> None:
    store.bury(store.stones_of([], [ERASED]), [])


def sweep(store: Store) -> None:
    store.sweep(store.tombstones(), store.erased_claims())


def left(store: Store) -> list[str]:
    """What of the word is left: bytes, words of the index, rows that differ from their index, vectors."""
    with closing(sqlite3.connect(store.path)) as raw:
        raw.execute("CREATE VIRTUAL TABLE temp.terms USING fts5vocab('main', 'events_fts', 'row')")
        found = [f"term {term}" for (term,) in raw.execute("SELECT term FROM temp.terms WHERE term LIKE 'quetz%'")]
        raw.execute("INSERT INTO events_fts (events_fts, rank) VALUES ('integrity-check', 1)")
        raw.rollback()
    store.close()
    for file in store.path.parent.iterdir():
        found += [f"bytes in {file.name}"] if ERASED.casefold().encode() in file.read_bytes().lower() else []
    return found


@pytest.mark.parametrize("holding", [(2,), (0,), (5,), (2, 3), (1, 3), (0, 1, 2, 3, 4, 5)])
def test_the_turns_beside_an_erased_one_forget_its_words(store: Store, talk: Talking, holding: tuple[int, ...]) -> None:
    told(talk, store, *holding)
    assert len(store.search_turns(ERASED, around=0.35)) > 1

    bury(store)
    sweep(store)

    assert store.search_turns(ERASED, around=0.35) == []
    assert left(store) == []


def test_a_turn_that_changed_before_its_neighbour_is_erased_leaves_nothing(store: Store, talk: Talking) -> None:
    told(talk, store, 1, 2)
    with store._connection.writing() as db:
        db.execute("UPDATE events SET text = 'soup' WHERE turn = 1")
        db.execute("DELETE FROM events WHERE turn = 3")

    bury(store)
    sweep(store)

    assert left(store) == []


def test_the_vector_of_an_erased_turn_goes_and_those_beside_it_stay(store: Store, talk: Talking) -> None:
    told(talk, store, 2)
    erased = store.search_turns(ERASED)[0].n

    bury(store)
    sweep(store)

    kept = {vector.n for vector in store.vectors("m")}
    assert (erased in kept, len(kept)) == (False, TURNS - 1)


_KILLED = """
import os, sys
from pathlib import Path
from memsrv.store import Store, connection, erasing
at, seen = int(sys.argv[2]), 0
def deadly(owner, name):
    whole = getattr(owner, name)
    def step(*args, **rest):
        global seen
        seen += 1
        if seen == at:
            os._exit(137)
        return whole(*args, **rest)
    setattr(owner, name, step)
erasing._BATCH = 2
store = Store.open(Path(sys.argv[1]))
store.bury(store.stones_of([], [sys.argv[3]]), [])
for owner, name in ((connection.Connection, "writing"), (connection.Connection, "compact"), (os, "_exit")):
    deadly(owner, name)
store.sweep(store.tombstones(), store.erased_claims())
os._exit(0)
"""


# Between the batches of turns, in front of the index's rebuilding, of the file's; the soak tries every write.
@pytest.mark.parametrize("at", [pytest.param(n, marks=() if n in (2, 6) else pytest.mark.soak) for n in range(1, 8)])
def test_an_erase_killed_in_the_midst_leaves_no_word_once_it_is_finished(store: Store, talk: Talking, at: int) -> None:
    told(talk, store, 0, 3, 5)
    store.close()
    killed = subprocess.run(
        [sys.executable, "-I", "-c", _KILLED, str(store.path), str(at), ERASED],
        env=os.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert killed.returncode == 137, killed.stderr

    with Store.open(store.path) as again:
        assert again.erasing_unfinished()
        sweep(again)

        assert left(again) == []


def test_an_erase_is_not_called_done_while_someone_reads_what_was_before(store: Store, talk: Talking) -> None:
    told(talk, store, 2)
    path = store.path
    with closing(sqlite3.connect(path, isolation_level=None)) as reader, closing(Connection(path, 0.2)) as impatient:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM events").fetchone()
        own = Store(impatient)
        bury(own)

        with pytest.raises(StoreError, match="`memsrv gc`"):
            sweep(own)
        assert own.search_turns(ERASED, around=0.35) == []
        reader.execute("COMMIT")
        sweep(own)

    assert left(store) == []
