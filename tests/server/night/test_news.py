"""What counts as new: against the live version, the last finished run, and what a person said again since."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from memsrv.consent import Consent
from memsrv.night.due import TRIES, News
from memsrv.night.news import heard_in, news
from memsrv.night.sight import remembered
from memsrv.records import Fact, to_dict
from memsrv.remember import remember
from memsrv.settings import Settings
from memsrv.store import Store
from memsrv_adapters.version import AdapterVersion, Manifest, Stage, TrainedFact
from memsrv_consolidation.run import Order, Run, write_json, write_lines

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
SETTINGS = Settings()
ALL = Consent(SETTINGS)
PNPM = "Please always use pnpm for installs."
PORT = "The port of the billing service is 4010."


@pytest.fixture
def look(store: Store, tmp_path: Path) -> Callable[..., News]:
    """The news of `demo` after `remember`, with whatever else is told about its runs and versions."""

    def look(tries: int = 0, now: datetime = NOW, **rest: Any) -> News:
        remember(store)
        given = {"runs": [], "versions": [], "live": None, "settings": SETTINGS} | rest
        return news(
            "demo", remembered(store, "demo", ALL), tries=lambda run: tries, heard=heard_in(store, now), **given
        )

    return look


@pytest.fixture
def ran(tmp_path: Path) -> Callable[..., Run]:
    """A run folder as the child leaves it: with the facts it saw, and a report if it came to one."""

    def ran(
        id: str, facts: list[Fact] | None = None, created: str = "2026-11-15T03:00:00Z", verdict: str | None = None,
        state: str | None = None, base: str = "memsrv-tiny",
    ) -> Run:  # fmt: skip
        run = Run(tmp_path / "runs" / id)
        run.folder.mkdir(parents=True)
        write_json(run.order_file, to_dict(Order(id, "demo", base, "distil", 7, 1, created)))
        write_json(run.memory_file, {"memories": []})
        if facts is not None:
            write_lines(run.facts_file, facts)
        if verdict:
            write_json(run.report_file, {"verdict": verdict, "reason": "as told"})
            write_json(run.shelved_file, {"version": "v1"})
        if state:
            dead = next(pid for pid in range(99_999, 1, -1) if not psutil.pid_exists(pid))
            progress = {"stage": "train", "state": state, "done": 1, "total": 9, "eta_s": None, "pid": dead,
                        "started": created, "updated": created}  # fmt: skip
            write_json(run.progress_file, progress)
        return run

    return ran


def version(facts: list[Fact], stage: Stage = Stage.LEARNING, run: str = "a", **rest: Any) -> AdapterVersion:
    learned = tuple(TrainedFact(fact.id, fact.text, stage) for fact in facts)
    manifest = Manifest("v1", 1, "demo", "memsrv-tiny", "h", "distil", run, "2026-11-15T03:00:00Z", facts=learned)
    return AdapterVersion(replace(manifest, **rest), Path("nowhere"))


def test_before_the_first_night_everything_is_new(store: Store, talk: Any, look: Callable[..., News]) -> None:
    talk().says(PORT).says(PNPM).into(store)

    found = look()

    assert (found.new, found.unfinished) == (2, None)
    assert found.oldest == datetime(2026, 11, 2, 9, 1, tzinfo=UTC)


def test_what_the_live_version_was_trained_on_is_not_new(store: Store, talk: Any, look: Callable[..., News]) -> None:
    talk().says(PORT).into(store)
    look()
    live = version(remembered(store, "demo", ALL))
    talk("later", started="2026-11-18T09:00:00").says(PNPM).into(store)

    found = look(live=live)

    assert (found.new, found.oldest, found.seen) == (1, datetime(2026, 11, 18, 9, 1, tzinfo=UTC), "v1")


def test_what_changed_is_new(store: Store, talk: Any, look: Callable[..., News]) -> None:
    talk().says(PORT).into(store)
    look()
    live = version(remembered(store, "demo", ALL))
    talk("later", started="2026-11-18T09:00:00").says("The port of the billing service is now 4020.").into(store)

    assert look(live=live).new == 1


def test_words_that_may_not_be_trained_on_are_no_news(store: Store, talk: Any, look: Callable[..., News]) -> None:
    from memsrv.records import EventType, Trust

    talk().hears(EventType.TOOL_RESULT, Trust.WEB, "The port of the shop service is 9999.").into(store)

    assert look().new == 0


def test_what_the_gate_refused_is_not_tried_again_until_something_is_new(
    store: Store, talk: Any, look: Callable[..., News], ran: Callable[..., Run]
) -> None:
    talk().says(PORT).says(PNPM).into(store)
    look()
    refused = ran("a", remembered(store, "demo", ALL), verdict="refuse")

    assert look(runs=[refused]).new == 0
    assert look(runs=[refused]).seen == "a"

    talk("later", started="2026-11-18T09:00:00").says("Our linter is ruff.").into(store)
    assert look(runs=[refused]).new == 1


def test_what_a_person_rolled_back_is_not_trained_again_the_next_night(
    store: Store, talk: Any, look: Callable[..., News], ran: Callable[..., Run]
) -> None:
    talk().says(PORT).says(PNPM).into(store)
    look()
    facts = remembered(store, "demo", ALL)

    assert look(runs=[ran("b", facts, verdict="promote")], live=version(facts[:1])).new == 0


def test_a_tainted_versions_run_no_longer_counts(
    store: Store, talk: Any, look: Callable[..., News], ran: Callable[..., Run]
) -> None:
    talk().says(PORT).into(store)
    look()
    facts = remembered(store, "demo", ALL)
    tainted = replace(version(facts, run="a"), tainted="a memory was erased")

    assert look(runs=[ran("a", facts, verdict="promote")], versions=[tainted]).new == 1


def test_another_base_makes_everything_new(
    store: Store, talk: Any, look: Callable[..., News], ran: Callable[..., Run]
) -> None:
    talk().says(PORT).into(store)
    look()
    facts = remembered(store, "demo", ALL)
    settings = Settings(base="Qwen/Qwen2.5-7B-Instruct")

    assert look(runs=[ran("a", facts, verdict="promote")], live=version(facts), settings=settings).new == 1


# Said again


def test_what_was_said_in_two_sessions_is_repeated(store: Store, talk: Any, look: Callable[..., News]) -> None:
    talk().says(PNPM).into(store)
    assert look().repeated == ()

    talk("again", started="2026-11-04T09:00:00").says(PNPM).into(store)
    assert look().repeated == ("For installs, use pnpm.",)


def test_said_twice_in_one_session_is_said_once(store: Store, talk: Any, look: Callable[..., News]) -> None:
    talk().says(PNPM).says(PNPM).into(store)

    assert look().repeated == ()


def test_said_again_after_it_was_learned_and_not_graduated_counts_once(
    store: Store, talk: Any, look: Callable[..., News], ran: Callable[..., Run]
) -> None:
    talk().says(PNPM).into(store)
    look()
    facts = remembered(store, "demo", ALL)
    first, live = ran("a", facts, verdict="promote"), version(facts)
    talk("again", started="2026-11-18T09:00:00").says(PNPM).into(store)

    assert look(runs=[first], live=live).repeated == ("For installs, use pnpm.",)
    second = ran("b", facts, created="2026-11-19T03:00:00Z", verdict="refuse")
    assert look(runs=[second, first], live=live).repeated == ()


def test_what_has_graduated_is_not_repeated(store: Store, talk: Any, look: Callable[..., News]) -> None:
    talk().says(PNPM).into(store)
    talk("again", started="2026-11-18T09:00:00").says(PNPM).into(store)
    look()

    assert look(live=version(remembered(store, "demo", ALL), Stage.GRADUATED)).repeated == ()


# Clocks


def test_words_from_the_future_have_no_age(store: Store, talk: Any, look: Callable[..., News]) -> None:
    talk(started="2027-01-01T00:00:00").says(PORT).into(store)

    found = look()

    assert (found.new, found.oldest) == (1, None)


# Runs


def test_the_newest_run_without_a_report_is_unfinished_and_its_facts_stay_news(
    store: Store, talk: Any, look: Callable[..., News], ran: Callable[..., Run]
) -> None:
    talk().says(PORT).into(store)
    look()
    left = ran("b", remembered(store, "demo", ALL), state="interrupted")

    found = look(runs=[left, ran("a", verdict="refuse", facts=[])])

    assert found.new == 1
    assert found.unfinished is not None
    assert (found.unfinished.id, found.unfinished.tries) == ("b", 0)
    assert found.unfinished.at == datetime(2026, 11, 15, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize("state", ["failed", "running"])
def test_a_run_that_failed_or_vanished_counts_as_a_try(
    store: Store, look: Callable[..., News], ran: Callable[..., Run], state: str
) -> None:
    found = look(runs=[ran("b", [], state=state)])

    assert found.unfinished is not None
    assert found.unfinished.tries == 1


def test_a_run_that_fails_again_and_again_is_left_to_a_person(
    store: Store, talk: Any, look: Callable[..., News], ran: Callable[..., Run]
) -> None:
    talk().says(PORT).into(store)
    look()
    hopeless = ran("b", remembered(store, "demo", ALL), state="failed")

    found = look(tries=TRIES, runs=[hopeless])

    assert (found.unfinished, found.new, found.seen) == (None, 0, "b")


def test_an_older_run_that_was_left_behind_is_not_taken_up(
    store: Store, look: Callable[..., News], ran: Callable[..., Run]
) -> None:
    assert look(runs=[ran("b", [], verdict="refuse"), ran("a", [], state="interrupted")]).unfinished is None


def test_a_run_that_passed_and_never_reached_the_shelf_is_unfinished(
    store: Store, talk: Any, look: Callable[..., News], ran: Callable[..., Run]
) -> None:
    talk().says(PORT).into(store)
    look()
    left = ran("20261115-030000-demo", remembered(store, "demo", ALL), verdict="promote")
    left.shelved_file.unlink()

    found = look(runs=[left])

    assert found.unfinished is not None
    assert (found.unfinished.id, found.new) == (left.order.id, 1)
