"""The full-text index: a turn is found by the words of those beside it, and holds exactly what the turns hold."""

from collections.abc import Callable
from typing import Any

import pytest

from memsrv.records import EventType, Trust
from memsrv.store import FileState, Store, search

from .conftest import Talk

Talking = Callable[..., Talk]


def beside(store: Store, words: str, **rest: Any) -> list[str]:
    return [hit.id for hit in store.search_turns(words, around=0.35, **rest)]


def is_exact(store: Store) -> bool:
    """FTS5 compares the index with what it is of, and raises where they differ."""
    with store._connection.writing() as db:
        db.execute("INSERT INTO events_fts (events_fts, rank) VALUES ('integrity-check', 1)")
    return True


def test_a_turn_is_found_by_the_words_of_those_beside_it(store: Store, talk: Talking) -> None:
    talk("a").says("Why is the harbour slow?").replies("It sorts twice.").says("Thanks.").into(store)

    assert set(beside(store, "harbour")) == {"a:0", "a:1"}
    assert beside(store, "harbour")[0] == "a:0"


def test_its_own_words_alone_are_looked_for_unless_asked(store: Store, talk: Talking) -> None:
    talk("a").says("Why is the harbour slow?").replies("It sorts twice.").into(store)

    assert [hit.id for hit in store.search_turns("harbour")] == ["a:0"]


def test_a_turn_that_arrives_later_is_a_neighbour_too(store: Store, talk: Talking) -> None:
    told = talk("a").says("Why is it slow?").into(store).replies("The harbour sorts twice.")
    more = FileState("/logs/more.jsonl", "claude-code", "a", 1, 7, "0", 1, offset=1)
    store.append(more, store.session("a"), told.events)

    assert set(beside(store, "harbour")) == {"a:0", "a:1"}
    assert is_exact(store)


def test_sessions_are_no_neighbours(store: Store, talk: Talking) -> None:
    talk("a").says("one").into(store)
    talk("b").says("harbour").into(store)

    assert beside(store, "harbour") == ["b:0"]


def test_what_memsrv_told_and_a_hosts_summary_lend_no_words(store: Store, talk: Talking) -> None:
    told = talk("a").says("one").hears(EventType.TOOL_RESULT, Trust.TOOL, "harbour", echo=True).says("two")
    told.hears(EventType.SUMMARY, Trust.TOOL, "The quay.").replies("three").into(store)

    assert beside(store, "harbour") == []
    assert beside(store, "quay") == ["a:3"]


def test_words_that_change_change_for_the_neighbours_too(store: Store, talk: Talking) -> None:
    talk("a").says("one").replies("harbour").says("two").into(store)
    with store._connection.writing() as db:
        db.execute("UPDATE events SET text = 'quay' WHERE id = 'a:1'")

    assert beside(store, "harbour") == []
    assert set(beside(store, "quay")) == {"a:0", "a:1", "a:2"}
    assert is_exact(store)


def test_a_row_that_goes_takes_its_words_along(store: Store, talk: Talking) -> None:
    talk("a").says("one").replies("harbour").says("two").into(store)
    with store._connection.writing() as db:
        db.execute("DELETE FROM events WHERE id = 'a:1'")

    assert beside(store, "harbour") == []
    assert is_exact(store)


def test_a_common_word_counts_for_what_rare_ones_find(
    store: Store, talk: Talking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST_RANKED", 5)
    told = talk("a")
    for _ in range(9):
        told.says("the port again")
    told.says("a crane").says("filler").says("the crane's port").into(store)

    assert [hit.id for hit in store.search_turns("port crane")] == ["a:11", "a:9"]


def test_of_words_that_are_everywhere_the_newest_turns_are_found(
    store: Store, talk: Talking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST_RANKED", 5)
    told = talk("a")
    for _ in range(20):
        told.says("the port again")
    told.into(store)

    assert {int(hit.id[2:]) for hit in store.search_turns("port")} == set(range(15, 20))


def test_a_project_is_found_behind_many_hits_of_others(store: Store, talk: Talking) -> None:
    loud = talk("loud", "other")
    for _ in range(30):
        loud.says("harbour harbour harbour")
    loud.into(store)
    talk("quiet").says("a word about the harbour, among many others that nobody asked for").into(store)

    assert [hit.id for hit in store.search_turns("harbour", project="demo", limit=2)] == ["quiet:0"]


@pytest.mark.parametrize("query", ["c++", "a-b", "x*", '"', "{text}: a", "NOT", "^a", "🜚", "\x00", "a" * 9000, "___"])
def test_any_text_is_a_query(store: Store, talk: Talking, query: str) -> None:
    talk("a").says("one").into(store)

    store.search(query)
