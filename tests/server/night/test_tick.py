"""One look of the timer, with a real store, real run folders and a real training that makes way and goes on."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from memsrv.errors import RunFailed, UnknownBase
from memsrv.home import Home
from memsrv.night import Night
from memsrv.night.child import nobody
from memsrv.night.conditions import Conditions, sense
from memsrv.night.due import Deed
from memsrv.night.journal import Journal, last_decision
from memsrv.night.tick import decisions, look
from memsrv.records import Kind, Memory, Trust
from memsrv.remember import remember
from memsrv.settings import Allowed, Settings, Teacher
from memsrv.status import RunStanding
from memsrv.store import Store
from memsrv_consolidation.progress import read
from memsrv_consolidation.run import Run, one_at_a_time, read_json

NIGHT = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
QUIET = Conditions(now=NIGHT, idle_s=3600, powered=True, memory_mib=8000, busy=False, disk_mib=10, disk_free_mib=90_000)
ALLOWED = Allowed(train=True)
SERVICES = ("billing", "search", "mail", "shop", "login", "audit", "stock")


def later(minutes: int) -> Conditions:
    return replace(QUIET, now=NIGHT + timedelta(minutes=minutes))


@pytest.fixture
def night(store: Store, tmp_path: Path) -> Night:
    return Night(Home(tmp_path), Settings(projects={"demo": {"train": True}}))


@pytest.fixture
def told(store: Store, talk: Callable[..., Any]) -> None:
    """Three facts of `demo`, and three of a project that nobody allowed to be trained on."""
    for project in ("demo", "private"):
        said = talk(project, project, "2026-11-18T09:00:00")
        for number, service in enumerate(SERVICES[:3]):
            said.says(f"The port of the {service} service is 40{number}0.")
        said.into(store)
    remember(store)


# Deciding


@pytest.mark.usefixtures("told")
def test_only_projects_that_may_be_trained_on_are_judged(store: Store, night: Night) -> None:
    [decision] = decisions(night, store, QUIET)

    assert (decision.project, decision.deed, decision.reason) == ("demo", Deed.RUN, "3 facts are new")


@pytest.mark.usefixtures("told")
def test_a_look_that_only_decides_writes_down_why(store: Store, night: Night) -> None:
    journal = look(night, store, replace(QUIET, powered=False), nobody)

    [entry] = journal.projects
    assert (entry.decision, entry.reason) == ("wait", "3 facts are new, but the machine runs on battery")
    assert last_decision(night.home) == journal
    assert night.runs() == []


@pytest.mark.usefixtures("told")
def test_a_project_that_is_damaged_does_not_keep_the_others_waiting(store: Store, night: Night) -> None:
    (night.home.adapters / "private" / "v1").mkdir(parents=True)
    both = replace(
        night, settings=night.settings.model_copy(update={"projects": dict.fromkeys(("demo", "private"), ALLOWED)})
    )

    demo, private = decisions(both, store, QUIET)

    assert demo.deed is Deed.RUN
    assert private.reason.startswith("it cannot be judged: private@v1 is damaged")


@pytest.mark.usefixtures("told")
def test_where_one_project_is_asked_for_the_others_wait(store: Store, night: Night) -> None:
    both = replace(
        night, settings=night.settings.model_copy(update={"projects": dict.fromkeys(("demo", "private"), ALLOWED)})
    )

    demo, private = decisions(both, store, QUIET, "private")

    assert (demo.deed, demo.reason) == (Deed.WAIT, "only private was asked for")
    assert private.deed is Deed.RUN


@pytest.mark.usefixtures("told")
def test_a_look_beside_another_one_decides_nothing(store: Store, night: Night) -> None:
    first = look(night, store, replace(QUIET, powered=False), nobody)

    with FileLock(night.home.root / "night.lock"):
        assert look(night, store, later(20), nobody) == first
    assert last_decision(night.home) == first


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("damaged", ["{", '{"projects": 3}', "[]"])
def test_a_damaged_journal_stops_no_night(damaged: str, store: Store, night: Night) -> None:
    night.home.night.write_text(damaged)

    [entry] = look(night, store, replace(QUIET, powered=False), nobody).projects

    assert entry.reason == "3 facts are new, but the machine runs on battery"


@pytest.mark.usefixtures("told")
def test_what_a_person_must_provide_first_is_waited_for(store: Store, night: Night) -> None:
    bare = replace(night, needed=("no_such_trainer",))

    [entry] = look(bare, store, QUIET, nobody).projects

    assert entry.decision == "wait"
    assert entry.reason.startswith("3 facts are new, but training needs no_such_trainer; run `pip install")


@pytest.mark.usefixtures("told")
def test_what_cannot_be_begun_is_noted_and_raised(store: Store, night: Night) -> None:
    lost = replace(night, settings=night.settings.model_copy(update={"base": "/no/such/model"}))

    with pytest.raises(UnknownBase):
        look(lost, store, QUIET, nobody)

    noted = last_decision(night.home)
    assert noted is not None
    assert noted.projects[0].outcome is not None
    assert noted.projects[0].outcome.startswith("failed: ")


@pytest.mark.usefixtures("told")
def test_a_run_that_goes_on_is_in_the_way(store: Store, night: Night) -> None:
    with one_at_a_time(night.home.runs):
        assert sense(night.home, None, NIGHT).busy
    assert not sense(night.home, None, NIGHT).busy


def test_the_machine_is_sensed_without_a_home(tmp_path: Path) -> None:
    found = sense(Home(tmp_path / "not" / "yet"), 7.0, NIGHT)

    assert (found.disk_mib, found.idle_s, found.busy) == (0, 7.0, False)
    assert found.memory_mib > 0
    assert found.disk_free_mib > 0


@pytest.mark.usefixtures("told")
def test_a_child_that_cannot_start_is_tried_again_an_hour_later_and_then_left_to_a_person(
    store: Store, night: Night, random_base: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho out of memory >&2\nexit 1\n")
    broken.chmod(0o755)
    failing = replace(
        night,
        python=str(broken),
        settings=night.settings.model_copy(update={"base": str(random_base), "threads": 1, "any_base": True}),
    )
    deeds = []
    for hours in range(7):
        with suppress(RunFailed):
            look(failing, store, replace(QUIET, now=NIGHT.replace(hour=hours)), nobody)
        noted = last_decision(night.home)
        assert noted is not None
        deeds.append((noted.projects[0].decision, noted.projects[0].tries))

    assert [deed for deed, _ in deeds].count("run") == 1
    assert [deed for deed, _ in deeds].count("resume") == 2
    assert deeds[-1] == ("wait", 3)


# One real night: it begins, makes way, goes on, and is refused by the gate


@dataclass(frozen=True)
class Nightfall:
    """What was there when the night made way, and when it had gone on."""

    night: Night
    store: Store
    before: dict[str, Any]
    paused: Journal
    standing: RunStanding
    checkpoints: list[str]
    resumed: Journal
    next: Journal


def remembered_bytes(night: Night, store: Store) -> dict[str, Any]:
    files = [path for path in night.home.adapters.rglob("*") if path.is_file()]
    return {"memories": store.memories(include_retired=True), **{str(path): path.read_bytes() for path in files}}


@pytest.fixture(scope="module")
def nightfall(tmp_path_factory: pytest.TempPathFactory, random_base: Path) -> Iterator[Nightfall]:
    home = Home(tmp_path_factory.mktemp("nightfall"))
    settings = Settings(
        base=str(random_base), threads=1, any_base=True, projects={"demo": {"train": True}},
        teacher=Teacher(name="anthropic", model="claude"),
    )  # fmt: skip
    night = Night(home, settings)
    with Store.open(home.database) as store, pytest.MonkeyPatch.context() as environment:
        environment.delenv("ANTHROPIC_API_KEY", raising=False)
        store.remember(
            Memory(f"mem_{service}", "demo", Kind.EPISODIC, f"The port of {service} is 40{number}0.", Trust.HUMAN,
                   subject=service, relation="port", value=f"40{number}0", valid_from="2026-11-19T10:00:00Z")
            for number, service in enumerate(SERVICES)
        )  # fmt: skip
        before = remembered_bytes(night, store)

        def once_it_trains() -> bool:
            progress = read(Run(home.runs / night.runs()[0].id))
            return progress is not None and progress.stage == "train" and progress.done > 0

        paused = look(night, store, QUIET, once_it_trains)
        [standing] = night.runs()
        checkpoints = [path.parent.name for path in home.runs.glob("*/checkpoints/**/whole")]
        resumed = look(night, store, later(20), nobody)
        yield Nightfall(
            night, store, before, paused, standing, checkpoints, resumed, look(night, store, later(40), nobody)
        )


def test_a_run_makes_way_for_whoever_comes_back(nightfall: Nightfall) -> None:
    [entry] = nightfall.paused.projects

    assert (entry.decision, entry.outcome, entry.tries) == ("run", "paused: you came back", 0)
    assert (nightfall.standing.state, nightfall.standing.stage) == ("interrupted", "train")
    assert nightfall.standing.reason == "paused: you came back; the next quiet night resumes it"
    assert nightfall.checkpoints


def test_the_next_look_resumes_it_from_its_checkpoint(nightfall: Nightfall) -> None:
    [entry] = nightfall.resumed.projects
    trained = read_json(nightfall.night.home.runs / nightfall.standing.id / "report.json")["training"]

    assert (entry.decision, entry.run, entry.outcome) == ("resume", nightfall.standing.id, "refuse")
    assert trained["resumed_from"] in nightfall.checkpoints


def test_a_night_without_the_teachers_key_goes_by_rules_and_says_so(nightfall: Nightfall) -> None:
    [run] = nightfall.night.runs()

    assert run.unaided is not None
    assert run.unaided.startswith("anthropic needs a key, and ANTHROPIC_API_KEY is not set")


def test_a_failed_gate_changes_nothing(nightfall: Nightfall) -> None:
    assert remembered_bytes(nightfall.night, nightfall.store) == nightfall.before
    assert nightfall.night.shelf.current("demo") is None


def test_what_was_refused_is_not_tried_again_twenty_minutes_later(nightfall: Nightfall) -> None:
    [entry] = nightfall.next.projects

    assert (entry.decision, entry.reason) == ("wait", f"nothing is new since {nightfall.standing.id}")
    assert len(nightfall.night.runs()) == 1


def test_the_run_was_told_what_short_term_memory_held(nightfall: Nightfall) -> None:
    told = json.loads((nightfall.night.home.runs / nightfall.standing.id / "memory.json").read_text())

    assert set(told["short_term"]) == {f"mem_{service}" for service in SERVICES}
