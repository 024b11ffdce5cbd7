"""How a memory came to say what it says: a line for each change, and the ledger as it stood on any earlier day."""

import itertools
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from memsrv.app import App
from memsrv.asof import AsOf
from memsrv.consent import Consent
from memsrv.errors import NotFound
from memsrv.home import Home
from memsrv.recall import show
from memsrv.records import Kind, Memory, Outcome, Trust
from memsrv.redact import Redactor
from memsrv.remember import Saved, remember, save
from memsrv.settings import Settings
from memsrv.store import Delta, Store, Use

REDACTOR = Redactor(b"0" * 32)


def saved(store: Store, text: str, now: str, kind: Kind = Kind.EPISODIC, **rest: Any) -> Saved:
    return save(store, REDACTOR, text, kind=kind, project="demo", now=now, **rest)


def then(store: Store, moment: str, project: str = "demo") -> set[str]:
    return {memory.text for memory in AsOf(store, Consent(Settings()), moment).memories(project)}


PORTS = ("8080", "8443", "8080", "9000")


@pytest.fixture(params=["at once", "one by one", "backwards"])
def months(request: pytest.FixtureRequest, store: Store, talk: Any) -> Store:
    """The port of the staging server, month by month; read in different orders."""
    told = [
        talk(f"m{n}", started=f"2026-0{n}-10T09:00:00").says(f"The staging server listens on port {port}.")
        for n, port in enumerate(PORTS, 1)
    ]
    for session in told[::-1] if request.param == "backwards" else told:
        session.into(store)
        if request.param != "at once":
            remember(store, [session.name])
    remember(store)
    return store


@pytest.mark.parametrize(("month", "port"), list(enumerate(PORTS, 1)))
def test_a_day_is_told_as_it_was_in_whatever_order_the_logs_were_read(months: Store, month: int, port: str) -> None:
    assert then(months, f"2026-0{month}-20T00:00:00Z") == {f"The port of the staging server is {port}."}


def test_nothing_was_known_before_it_was_said(months: Store) -> None:
    assert then(months, "2026-01-01T00:00:00Z") == set()


def test_of_a_day_only_quotes_of_before_are_shown(months: Store) -> None:
    (memory,) = AsOf(months, Consent(Settings()), "2026-01-20T00:00:00Z").memories("demo")

    assert [quote.session for quote in memory.evidence] == ["m1"]
    assert (memory.valid_to, memory.superseded_by) == (None, None)


def test_what_is_said_now_is_what_stands_without_a_day(months: Store) -> None:
    assert then(months, "2027-01-01T00:00:00Z") == {memory.text for memory in months.memories("demo")}


def test_what_was_retired_held_until_then(store: Store) -> None:
    made = saved(store, "The owner of the billing module is Marta.", "2026-01-10T09:00:00.000001Z")
    store.retire(made.id, "2026-02-10T09:00:00.000Z")

    assert then(store, "2026-02-10T08:59:59Z") == {made.text}
    assert then(store, "2026-02-11T00:00:00Z") == set()


def test_what_was_saved_retired_and_saved_again_has_a_gap(store: Store) -> None:
    first = saved(store, "The owner of the billing module is Marta.", "2026-01-10T09:00:00.000001Z")
    store.retire(first.id, "2026-02-10T09:00:00.000Z")
    saved(store, "The owner of the billing module is Marta.", "2026-03-10T09:00:00.000001Z")

    held = [bool(then(store, f"2026-0{month}-20T00:00:00Z")) for month in (1, 2, 3)]

    assert held == [True, False, True]


def test_what_another_claim_was_said_to_replace_held_until_then(store: Store) -> None:
    first = saved(store, "The owner of the billing module is Marta.", "2026-01-10T09:00:00.000001Z")
    after = saved(store, "Billing belongs to the whole team.", "2026-02-10T09:00:00.000001Z", supersedes=first.id)

    assert then(store, "2026-01-20T00:00:00Z") == {first.text}
    assert then(store, "2026-02-20T00:00:00Z") == {after.text}


def test_a_memory_that_had_not_been_said_is_not_there(months: Store) -> None:
    newest = next(memory for memory in months.memories("demo"))

    with pytest.raises(NotFound, match="had not been said"):
        AsOf(months, Consent(Settings()), "2026-01-20T00:00:00Z").memory(newest.id)


def test_a_search_of_an_earlier_day_finds_what_held_and_no_later_turn(tmp_path: Path, talk: Any) -> None:
    app = App(Home(tmp_path), Settings(), tmp_path)
    for month, port in ((1, "8080"), (2, "8443")):
        told = talk(f"m{month}", started=f"2026-0{month}-10T09:00:00")
        told.says(f"The staging server listens on port {port}.").into(app.store)
    remember(app.store)

    found = app.search("port of the staging server", project="*", as_of=datetime(2026, 1, 20, tzinfo=UTC)).results
    today = app.search("port of the staging server", project="*").results

    assert {result.session for result in found} == {"m1"}
    assert "8080" in found[0].text
    assert "8443" in today[0].text
    app.close()


# Changes


def deltas(store: Store, id: str) -> list[tuple[Delta, str]]:
    return [(change.delta, change.who) for change in store.changes([id])]


def test_every_change_has_its_line(store: Store, talk: Any) -> None:
    talk("a", started="2026-01-10T09:00:00").says("The staging server listens on port 8080.").into(store)
    talk("b", started="2026-01-11T09:00:00").says("The staging server listens on port 8080.").into(store)
    remember(store, ["a"])
    (memory,) = store.memories("demo")
    remember(store, ["b"])
    newer = saved(store, "The port of the staging server is 9000.", "2026-01-12T09:00:00.5Z", trust=Trust.HUMAN)
    again = saved(store, memory.text, "2026-01-13T09:00:00.5Z")

    assert again.superseded == (newer.id,)
    assert deltas(store, memory.id) == [
        (Delta.ADD, "rules"), (Delta.MERGE, "rules"), (Delta.RETIRE, "human"), (Delta.EDIT, "assistant"),
    ]  # fmt: skip
    assert store.changes([memory.id])[2].successor == newer.id
    assert deltas(store, newer.id) == [(Delta.ADD, "human"), (Delta.RETIRE, "assistant")]


def test_reading_the_same_again_changes_nothing(months: Store) -> None:
    before = months.changes([memory.id for memory in months.memories(include_retired=True)])
    remember(months)

    assert months.changes([memory.id for memory in months.memories(include_retired=True)]) == before


def test_a_memory_is_shown_with_what_became_of_it_and_of_whom_it_was_given_to(store: Store, talk: Any) -> None:
    made = saved(store, "The port of the tide database is 5434.", "2026-10-01T09:00:00.5Z")
    store.retire(made.id, "2026-10-02T09:00:00.5Z")
    store.keep_uses("a", [Use(made.id, "a", 3, Outcome.FAILURE)])

    shown = show(store, made.id)

    assert [change.delta for change in shown.changes] == [Delta.ADD, Delta.RETIRE]
    assert shown.counters is not None
    assert (shown.counters.given, shown.counters.success, shown.counters.failure) == (1, 0, 1)


# Within one second


@pytest.mark.parametrize("clock", ["2026-11-09T12:00:00Z", "2026-11-09T12:00:00.123456Z"])
def test_of_two_that_contradict_each_other_at_one_tick_the_later_call_holds(store: Store, clock: str) -> None:
    values = ["1111", "2222", "3333", "4444", "5555"]
    for one, other in itertools.permutations(values, 2):
        for value in (one, other):
            saved(store, f"The port of the staging server is {value}.", clock)
        assert {memory.value for memory in store.memories("demo")} == {other}


def test_words_without_a_fraction_are_not_older_than_the_beginning_of_their_second(store: Store) -> None:
    saved(store, "The port of the staging server is 1111.", "2026-11-09T12:00:00.2Z")
    saved(store, "The port of the staging server is 2222.", "2026-11-09T12:00:00.25Z")
    saved(store, "The port of the staging server is 3333.", "2026-11-09T12:00:00.3Z")

    assert {memory.value for memory in store.memories("demo")} == {"3333"}


def test_what_a_tool_stated_ends_nothing_that_a_person_or_an_agent_said(store: Store) -> None:
    for trust, origin in itertools.product((Trust.HUMAN, Trust.ASSISTANT, Trust.COMMAND), ("rules", "saved")):
        subject, id = f"the {trust} {origin} database", f"mem_{trust}_{origin}"
        store.remember([
            Memory(id, "demo", Kind.EPISODIC, f"The port of {subject} is 1111.", trust, (), subject, "port", "1111",
                   "2026-11-09T12:00:00.2Z", origin=origin)
        ])  # fmt: skip
        saved(store, f"The port of {subject} is 6666.", "2026-11-10T12:00:00.2Z", trust=Trust.TOOL)
        assert store.memory(id).valid_to is None


# What saving tells


def test_who_saves_is_told_what_says_nearly_the_same_and_what_nearly_the_opposite(store: Store) -> None:
    first = saved(store, "The invoice sheet keeps its totals in a hidden footer row.", "2026-10-01T09:00:00Z")
    again = saved(store, "The invoice sheet keeps the totals in its hidden footer row", "2026-10-02T09:00:00Z")
    against = saved(store, "The invoice sheet never keeps its totals in a hidden footer row.", "2026-10-03T09:00:00Z")

    assert first.alike == ()
    assert [(one.sort, one.id) for one in again.alike] == [("duplicate", first.id)]
    assert {(one.sort, one.id) for one in against.alike} == {("contradiction", first.id), ("contradiction", again.id)}


def test_what_says_more_than_rules_read_of_it_is_kept_whole(store: Store) -> None:
    known = saved(store, "The dev server runs on port 6002.", "2026-10-01T09:00:00Z")
    again = saved(store, "Please note: the dev server always listens on port 6002", "2026-10-02T09:00:00Z")
    more = saved(store, "The dev server runs on port 6002 or 6003 depending on CI.", "2026-10-03T09:00:00Z")
    twice = saved(store, "The dev server runs on port 6002 or 6003 depending on CI.", "2026-10-04T09:00:00Z")

    assert (again.status, again.id) == ("duplicate_of", known.id)
    assert (more.status, more.text) == ("created", "The dev server runs on port 6002 or 6003 depending on CI.")
    assert (twice.status, twice.id) == ("duplicate_of", more.id)
    assert {memory.id for memory in store.memories("demo")} == {known.id, more.id}


def test_an_agent_is_told_that_it_ended_what_a_person_said(store: Store) -> None:
    said = saved(store, "The port of the tide database is 5434.", "2026-10-01T09:00:00Z", trust=Trust.HUMAN)
    newer = saved(store, "The port of the tide database is 5435.", "2026-10-02T09:00:00Z")
    once_more = saved(store, "The port of the tide database is 5436.", "2026-10-03T09:00:00Z")
    agreed = saved(store, "The port of the tide database is 5437.", "2026-10-04T09:00:00Z", trust=Trust.HUMAN)

    assert newer.overruled == (said.id,)
    assert once_more.overruled == agreed.overruled == ()


def test_whose_words_may_not_be_given_back_are_not_told_to_who_saves(tmp_path: Path) -> None:
    app = App(Home(tmp_path), Settings.model_validate({"projects": {"demo": {"recall": False}}}), tmp_path)
    app.save("The invoice sheet keeps its totals in a hidden footer row.", kind=Kind.EPISODIC, project="demo")

    again = app.save("The invoice sheet keeps the totals in its hidden footer row", kind=Kind.EPISODIC, project="demo")

    assert again.alike == ()
