"""Sessions become memories: newer words supersede, nothing is told twice, evidence is literal, order is free."""

import itertools
import random
from pathlib import Path
from typing import Any

import pytest

from memsrv.capture import Capture
from memsrv.consent import Consent
from memsrv.errors import NotFound, UsageError
from memsrv.ignorefile import IgnoreFiles
from memsrv.ingest import ingest
from memsrv.records import Kind, Trust
from memsrv.redact import Redactor
from memsrv.remember import Saved, remember, save
from memsrv.settings import Settings
from memsrv.store import Store
from memsrv.tombstones import claim_hash

REDACTOR = Redactor(b"0" * 32)
NOW = "2026-11-09T12:00:00Z"


def live(store: Store, project: str = "demo") -> set[str]:
    return {memory.text for memory in store.memories(project)}


def saved(store: Store, text: str, kind: Kind = Kind.SEMANTIC, now: str = NOW, **rest: Any) -> Saved:
    return save(store, REDACTOR, text, kind=kind, project="demo", now=now, **rest)


@pytest.fixture
def week(talk: Any) -> list[Any]:
    """Four sessions of one project; the port and the indentation change their minds."""
    return [
        talk("mon", started="2026-11-02T09:00:00").says("The staging server listens on port 8080. Always use tabs for indentation."),  # noqa: E501
        talk("tue", started="2026-11-03T09:00:00").says("No, the staging server is on port 8443 now, not 8080."),
        talk("wed", started="2026-11-04T09:00:00").says("From now on, use 4 spaces, not tabs."),
        talk("thu", started="2026-11-05T09:00:00").runs("pnpm test").edits("a", "b", "c").runs("pnpm test"),
    ]  # fmt: skip


def test_newer_words_supersede_older_ones_across_sessions(store: Store, week: list[Any]) -> None:
    for told in week:
        told.into(store)
    remember(store)

    assert live(store) == {
        "The port of the staging server is 8443.",
        "For indentation, use 4 spaces.",
        "The test command of this project is pnpm test.",
    }


def test_what_was_superseded_points_to_what_replaced_it(store: Store, week: list[Any]) -> None:
    for told in week:
        told.into(store)
    remember(store)
    (old,) = [m for m in store.memories("demo", include_retired=True) if m.value == "8080"]

    assert old.superseded_by is not None
    assert store.memory(old.superseded_by).value == "8443"
    assert old.valid_to == "2026-11-03T09:01:00Z"


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_the_order_in_which_sessions_are_read_does_not_matter(
    store: Store, week: list[Any], order: tuple[int, ...]
) -> None:
    for place in order:
        week[place].into(store)
        remember(store, [week[place].name])

    assert live(store) == {
        "The port of the staging server is 8443.",
        "For indentation, use 4 spaces.",
        "The test command of this project is pnpm test.",
    }


def test_one_at_a_time_gives_the_same_ledger_as_all_at_once(tmp_path: Path, week: list[Any]) -> None:
    with Store.open(tmp_path / "one.db") as one, Store.open(tmp_path / "all.db") as all_:
        for told in week:
            told.into(one)
            remember(one, [told.name])
            told.into(all_)
        remember(all_)
        ledgers = [sorted(s.memories(include_retired=True), key=lambda m: m.id) for s in (one, all_)]

        assert ledgers[0] == ledgers[1]


def test_remembering_again_adds_nothing(store: Store, week: list[Any]) -> None:
    for told in week:
        told.into(store)
    first = remember(store)
    again = remember(store)

    assert first.added == 5
    assert (again.added, again.updated, again.superseded) == (0, 0, 0)


def test_a_claim_said_in_two_sessions_is_one_memory_with_two_quotes(store: Store, talk: Any) -> None:
    talk("a", started="2026-11-02T09:00:00").says("Always use tabs for indentation.").into(store)
    talk("b", started="2026-11-03T09:00:00").says("always use tabs for indentation").into(store)
    remember(store)
    (memory,) = store.memories("demo")

    assert {quote.session for quote in memory.evidence} == {"a", "b"}
    assert memory.valid_from == "2026-11-02T09:01:00Z"


def test_a_claim_that_returns_is_live_again(store: Store, talk: Any) -> None:
    for day, port in (("02", 8080), ("03", 8443), ("04", 8080)):
        told = talk(f"s{day}", started=f"2026-11-{day}T09:00:00").says(f"The staging server listens on port {port}.")
        told.into(store)
        remember(store, [told.name])

    assert live(store) == {"The port of the staging server is 8080."}


def test_reaffirmed_words_are_as_new_as_their_last_saying(store: Store, talk: Any) -> None:
    for day, port in (("02", 8080), ("04", 8080), ("03", 8443)):
        told = talk(f"s{day}", started=f"2026-11-{day}T09:00:00").says(f"The staging server listens on port {port}.")
        told.into(store)
        remember(store, [told.name])

    assert live(store) == {"The port of the staging server is 8080."}


def test_a_replacement_ends_what_it_replaces(store: Store, talk: Any) -> None:
    talk("a", started="2026-11-02T09:00:00").says("For releases, always use make ship.").into(store)
    talk("b", started="2026-11-03T09:00:00").says("From now on, use `just release` instead of `make ship`.").into(store)
    remember(store)

    assert live(store) == {"Use just release instead of make ship."}


def test_what_is_to_be_avoided_adds_up(store: Store, talk: Any) -> None:
    talk("a").says("In tests, never use sleep.").replies().says("In tests, never use the network.").into(store)
    remember(store)

    assert live(store) == {"For tests, avoid sleep.", "For tests, avoid the network."}


NO_MODULE = "E   ModuleNotFoundError: No module named '{}'"


def broke(talk: Any, day: int, output: str, *remedies: str) -> Any:
    told = talk(f"day-{day}", started=f"2026-11-{day:02}T09:00:00").runs("pytest -q", output, 1)
    for remedy in remedies:
        told.runs(remedy)
    return told.runs("pytest -q")


def test_the_fix_of_one_missing_module_does_not_end_the_fix_of_another(store: Store, talk: Any) -> None:
    broke(talk, 2, NO_MODULE.format("httpx"), "uv add httpx").into(store)
    broke(talk, 3, NO_MODULE.format("rich"), "uv add rich").into(store)
    remember(store)

    assert {text for text in live(store) if text.startswith("When")} == {
        "When `pytest -q` fails with ModuleNotFoundError for `httpx`: run `uv add httpx`.",
        "When `pytest -q` fails with ModuleNotFoundError for `rich`: run `uv add rich`.",
    }


def test_a_newer_fix_of_the_same_failure_ends_the_older(store: Store, talk: Any) -> None:
    broke(talk, 2, NO_MODULE.format("rich"), "pip install rich").into(store)
    broke(talk, 3, NO_MODULE.format("rich"), "uv add rich").into(store)
    remember(store)

    assert {text for text in live(store) if text.startswith("When")} == {
        "When `pytest -q` fails with ModuleNotFoundError for `rich`: run `uv add rich`."
    }


def test_failures_of_which_nothing_is_known_do_not_end_each_others_fixes(store: Store, talk: Any) -> None:
    broke(talk, 2, "1 failed", "make db-up").into(store)
    broke(talk, 3, "1 failed", "uv sync").into(store)
    remember(store)

    assert {text for text in live(store) if text.startswith("When")} == {
        "When `pytest -q` fails with exit code 1: run `make db-up`.",
        "When `pytest -q` fails with exit code 1: run `uv sync`.",
    }


def test_what_a_command_shows_does_not_overrule_what_the_human_said(store: Store, talk: Any) -> None:
    talk("a", started="2026-11-02T09:00:00").says("Run the tests with `make test`.").into(store)
    talk("b", started="2026-11-03T09:00:00").runs("pytest -q").edits("a", "b", "c").runs("pytest -q").into(store)
    remember(store)

    assert live(store) == {"The test command of this project is make test."}


def test_projects_do_not_overrule_each_other(store: Store, talk: Any) -> None:
    talk("a", "one").says("The package manager is pnpm.").into(store)
    talk("b", "two").says("The package manager is npm.").into(store)
    remember(store)

    assert len(live(store, "one")) == len(live(store, "two")) == 1


def test_a_retired_memory_does_not_come_back_from_the_same_log(store: Store, talk: Any) -> None:
    talk("a").says("Always use tabs for indentation.").into(store)
    remember(store)
    store.retire(store.memories("demo")[0].id, NOW)
    remember(store)

    assert live(store) == set()


def test_an_erased_memory_does_not_come_back(store: Store, talk: Any) -> None:
    talk("a").says("Always use tabs for indentation.").into(store)
    remember(store)
    forgotten = store.memories("demo")[0]
    store.bury(store.stones_of([forgotten]), [claim_hash(forgotten.id)])
    store.sweep(store.tombstones(), store.erased_claims())
    remember(store)

    assert store.memories("demo", include_retired=True) == []


def test_a_session_that_is_not_there_is_named(store: Store) -> None:
    with pytest.raises(NotFound):
        remember(store, ["nowhere"])


def test_a_saved_claim_is_taken_apart(store: Store) -> None:
    made = saved(store, "Use ruff instead of flake8.")

    assert made.status == "created"
    assert (made.subject, made.relation, made.value) == ("linting", "use", "ruff")


def test_saving_the_same_again_is_a_duplicate(store: Store) -> None:
    first = saved(store, "Use ruff instead of flake8.")
    again = saved(store, "use  ruff instead of flake8")

    assert (again.status, again.id) == ("duplicate_of", first.id)


def test_saving_what_a_session_already_taught_is_a_duplicate(store: Store, talk: Any) -> None:
    talk("a").says("Always use tabs for indentation.").into(store)
    remember(store)

    assert saved(store, "For indentation, use tabs.").status == "duplicate_of"


def test_saving_a_newer_value_supersedes(store: Store, talk: Any) -> None:
    talk("a").says("The staging server listens on port 8080.").into(store)
    remember(store)
    made = saved(store, "The port of the staging server is 8443.", Kind.EPISODIC)

    assert made.status == "superseding"
    assert [memory.value for memory in store.memories("demo")] == ["8443"]


def test_a_saved_claim_may_name_what_it_supersedes(store: Store) -> None:
    old = saved(store, "The harbour master gets nervous in November.", Kind.EPISODIC)
    new = saved(store, "The harbour master retired.", Kind.EPISODIC, now="2026-11-10T12:00:00Z", supersedes=old.id)

    assert (new.status, new.superseded) == ("superseding", (old.id,))
    assert store.memory(old.id).superseded_by == new.id


def test_remembering_again_does_not_undo_what_was_superseded_by_hand(store: Store, talk: Any) -> None:
    talk("a").says("The owner of the billing module is Marta.").into(store)
    remember(store)
    saved(store, "Billing belongs to the whole team.", Kind.EPISODIC, supersedes=store.memories("demo")[0].id)
    remember(store)

    assert live(store) == {"Billing belongs to the whole team."}


def test_saving_looks_closely_only_at_what_it_could_touch(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(50):
        saved(store, f"The port of service svc{number} is {number + 1000}.", Kind.EPISODIC)
    before = saved(store, "For releases, use make ship.")
    looked: list[str] = []
    whole = Store.memories_called
    monkeypatch.setattr(Store, "memories", lambda *_, **__: pytest.fail("every memory of the project was loaded"))
    monkeypatch.setattr(Store, "memories_called", lambda s, ids: looked.extend(ids) or whole(s, ids))

    after = saved(store, "Use `just release` instead of `Make ship`.", now="2026-11-10T12:00:00Z")

    assert after.superseded == (before.id,)
    assert looked == [before.id]


def test_a_secret_is_redacted_before_it_is_saved(store: Store) -> None:
    made = saved(store, "The registry token is ghp_" + "9aK2mXq7Zt4RwB8cLfY3hNs6VpD1gJe5uQ0T" + ".", Kind.EPISODIC)

    assert made.redactions == 1
    assert "9aK2mXq7" not in store.memory(made.id).text


def test_what_an_agent_saves_is_not_a_humans_word(store: Store) -> None:
    assert store.memory(saved(store, "Use ruff instead of flake8.").id).trust is Trust.ASSISTANT


@pytest.mark.parametrize("text", ["", "  ", "x" * 3000])
def test_what_is_no_claim_cannot_be_saved(store: Store, text: str) -> None:
    with pytest.raises(UsageError):
        saved(store, text)


def test_every_memory_quotes_its_evidence(store: Store, week: list[Any]) -> None:
    for told in week:
        told.into(store)
    remember(store)

    for memory in store.memories("demo", include_retired=True):
        assert memory.evidence
        for quote in memory.evidence:
            event = store.event(quote.session, quote.turn)
            assert quote.quote in event.text or quote.quote in (event.command or "")


def test_any_shuffle_of_many_sessions_ends_in_the_same_live_memories(tmp_path: Path, talk: Any) -> None:
    said = [f"The staging server listens on port {port}." for port in (8080, 8443, 8080, 9000)]
    said += ["Always use tabs for indentation.", "From now on, use 4 spaces, not tabs.", "In tests, never use sleep."]
    talks = [talk(f"s{n}", started=f"2026-11-{n + 1:02}T09:00:00").says(words) for n, words in enumerate(said)]
    ends: set[frozenset[str]] = set()
    for seed in range(6):
        with Store.open(tmp_path / f"{seed}.db") as shuffled:
            for told in random.Random(seed).sample(talks, len(talks)):
                told.into(shuffled)
                remember(shuffled, [told.name])
            ends.add(frozenset(live(shuffled)))

    assert len(ends) == 1


LOGS = Path(__file__).resolve().parents[2] / "../shared/logs/claude"


@pytest.mark.skipif(not LOGS.exists(), reason="the shared real logs are not here")
def test_real_sessions_hold_the_one_lasting_word_that_a_reader_finds_in_them(store: Store) -> None:
    ingest(store, REDACTOR, [LOGS.resolve()], capture=Capture(Consent(Settings()), IgnoreFiles(Path("/nowhere"))))
    remember(store)

    assert [memory.evidence[0].quote for memory in store.memories()] == ["please add transformer.js too first"]
