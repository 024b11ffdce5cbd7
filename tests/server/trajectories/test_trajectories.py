"""A session falls into tasks; how each ended is told by what was seen, and unknown where nothing was."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from memsrv.night import sight
from memsrv.records import EventType, Outcome, Trajectory, Trust, from_dict, to_dict
from memsrv.redact import Redactor
from memsrv.store import Store
from memsrv.trajectories import trajectories

Told = Callable[..., Any]

PASSED, FAILED = "==== 12 passed in 0.31s ====", "==== 2 failed, 10 passed in 0.31s ===="


def only(told: Any) -> Trajectory:
    (task,) = trajectories(told.events)
    return task


# Tasks


def test_a_new_request_is_a_new_task_and_steering_stays_with_the_one_before(talk: Told) -> None:
    told = talk().says("Add a tariff for barges to the price list").replies("Which one?").says("The winter one")
    told.edits("tariffs.py", "a", "b").replies().says("no, use the decimal type").edits(
        "tariffs.py", "b", "c"
    ).replies()
    told.says("also cover it with a test").runs("pytest", PASSED).replies()
    told.says("Write a page about mooring for the handbook").edits("mooring.md", "x", "y").replies()

    tasks = trajectories(told.events)

    assert [task.task for task in tasks] == [
        "Add a tariff for barges to the price list",
        "Write a page about mooring for the handbook",
    ]
    assert [(task.turn, task.last) for task in tasks] == [(0, 13), (14, 17)]


def test_what_the_human_says_after_stopping_the_agent_is_steering(talk: Told) -> None:
    told = talk().says("Move the button to the header of the page").edits("a.ts", "x", "y")
    told.hears(EventType.INTERRUPT, Trust.HUMAN, "").says(
        "Place it at the right of the search field instead of the left"
    )

    assert len(trajectories(told.events)) == 1


def test_a_step_says_what_was_done_where_and_how_it_ended(talk: Told) -> None:
    told = talk().says("Run the tests of the crane service").runs("cd crane && pytest -q | tail -3", FAILED)
    told.events[1] = replace(told.events[1], cwd="/work/quay", branch="main")

    (step,) = only(told).steps

    assert (step.turn, step.tool, step.cwd, step.branch) == (1, "Bash", "/work/quay", "main")
    assert step.command == "cd crane && pytest -q | tail -3"
    assert (step.outcome, step.grounds) == (Outcome.FAILURE, "tests: 2 failed, 10 passed")  # the pipe said exit 0
    assert "2 failed" in step.result
    assert told.events[2].outcome is Outcome.SUCCESS  # what the harness recorded stands as it was


def test_a_subagents_session_is_one_task(talk: Told) -> None:
    told = talk().hears(EventType.NOTE, Trust.ASSISTANT, "Look for the tariff table", sidechain=True)
    told.runs("psql -c 'select 1' tariffs").replies("Found it.")
    events = [replace(event, sidechain=True) for event in told.events]

    (task,) = trajectories(events)

    assert (task.task, len(task.steps)) == ("Look for the tariff table", 1)


# Outcomes


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ("thanks, works perfectly", Outcome.SUCCESS),
        ("Great! Now write the release notes for version four of the server", Outcome.SUCCESS),
        ("commit this", Outcome.SUCCESS),
        ("It is still failing with the same error", Outcome.FAILURE),
        ("Traceback (most recent call last):\n  File \"a.py\", line 3\nKeyError: 'x'", Outcome.FAILURE),
        ("src/a.ts:3:14: error TS2304: Cannot find name 'quay'", Outcome.FAILURE),
        ("revert that", Outcome.REJECTED),
        ("Looks good, but the title is too long", Outcome.PARTIAL),
        ("no, I meant the other table", Outcome.PARTIAL),
        ("still slow on the big barge", Outcome.FAILURE),
        ("Sorry to report it's the same.", Outcome.FAILURE),
        ("it did not solve the double booking", Outcome.FAILURE),
        ("i still can not see the tide table, where is it?", Outcome.FAILURE),
        ("I don't see the crane", Outcome.FAILURE),
        ("The buoy is not on the chart.", Outcome.FAILURE),
        ("the map still looks the same", Outcome.FAILURE),
        ("Please check, the colours seem off.", Outcome.FAILURE),
        ("I started it as you told me. The window exited immediately", Outcome.FAILURE),
        ("Thanks! The ferry page was working much better before", Outcome.PARTIAL),
        ("Ahh, ok that looks better. Now add the harbour fees too", Outcome.SUCCESS),
        ("That improved the loading a lot", Outcome.SUCCESS),
        ("This is a great start. Next we need the list of moorings", Outcome.SUCCESS),
        ("push these changes to the harbour branch? what would it start", Outcome.UNKNOWN),
        ("You are misunderstanding, the fee is per metre", Outcome.PARTIAL),
        ("we are not using the old tariff, we should use the new one", Outcome.PARTIAL),
        ("Write a page about mooring for the handbook", Outcome.UNKNOWN),
    ],
)
def test_the_humans_next_words_tell_how_a_task_ended(talk: Told, words: str, outcome: Outcome) -> None:
    told = talk().says("Add a tariff for barges to the list").edits("tariffs.py", "a", "b").replies().says(words)

    assert trajectories(told.events)[0].outcome is outcome


def test_a_complaint_that_the_agent_worked_on_after_is_not_the_end(talk: Told) -> None:
    told = talk().says("Fix the login page of the portal").edits("a.py", "a", "b").replies().says("still broken")
    told.edits("a.py", "b", "c").runs("pytest", PASSED).replies()

    assert only(told).outcome is Outcome.SUCCESS


def test_without_evidence_the_outcome_is_unknown(talk: Told) -> None:
    told = talk().says("Make the header of the page blue").edits("a.css", "red", "blue").replies("Done! It is perfect.")

    assert (only(told).outcome, only(told).confidence, only(told).evidence) == (Outcome.UNKNOWN, 0.0, ())


@pytest.mark.parametrize(("printed", "outcome"), [(PASSED, Outcome.SUCCESS), (FAILED, Outcome.FAILURE)])
def test_the_last_tests_after_the_last_edit_count(talk: Told, printed: str, outcome: Outcome) -> None:
    told = talk().says("Fix the price of the crane").runs("pytest", FAILED, 1).edits("a.py", "a", "b")
    told.runs("pytest | tail", printed).replies()

    assert only(told).outcome is outcome


def test_tests_from_before_the_last_edit_say_nothing_of_the_end(talk: Told) -> None:
    told = talk().says("Fix the price of the crane").runs("pytest", FAILED, 1).edits("a.py", "a", "b").replies()

    assert only(told).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    "undoing",
    [
        "git checkout -- prices/a.py",
        "git restore .",
        "git reset --hard HEAD",
        "git stash",
        "cd prices && git checkout -- a.py",
    ],
)
def test_work_that_git_took_back_was_rejected(talk: Told, undoing: str) -> None:
    told = talk().says("Round the prices up to a euro").edits("/quay/prices/a.py", "a", "b").replies()
    told.says("Show me the price list of the summer season").runs(undoing).replies()

    first, _ = trajectories(told.events)

    assert (first.outcome, first.evidence[-1].seen) == (Outcome.REJECTED, "undone by git took the files back")


def test_staging_less_is_no_taking_back(talk: Told) -> None:
    told = (
        talk().says("Round the prices up to a euro").edits("a.py", "a", "b").runs("git restore --staged a.py").replies()
    )

    assert only(told).outcome is not Outcome.REJECTED


def test_the_inverse_edit_takes_an_edit_back(talk: Told) -> None:
    told = talk().says("Round the prices up to a euro").edits("a.py", "round(p)", "ceil(p)").replies()
    told.says("Take a look at how the prices are made").edits("a.py", "ceil(p)", "round(p)").replies()

    assert trajectories(told.events)[0].outcome is Outcome.REJECTED


def test_committing_speaks_for_it(talk: Told) -> None:
    told = (
        talk().says("Round the prices up to a euro").edits("a.py", "a", "b").runs("git commit -am 'Round up'").replies()
    )

    assert only(told).outcome is Outcome.SUCCESS


def test_a_refused_step_with_nothing_after_it_is_a_rejection(talk: Told) -> None:
    told = talk().says("Clean up the build folder of the project").refuses("rm -rf /", "no")

    assert only(told).outcome is Outcome.REJECTED


def test_an_interrupt_with_something_done_is_partial(talk: Told) -> None:
    told = talk().says("Translate every page of the handbook").edits("a.md", "x", "y")
    told.hears(EventType.INTERRUPT, Trust.HUMAN, "")

    assert only(told).outcome is Outcome.PARTIAL


def test_the_majority_counts_and_a_dissent_lowers_the_confidence(talk: Told) -> None:
    sure = (
        talk()
        .says("Fix the price of the crane")
        .edits("a.py", "a", "b")
        .runs("pytest", PASSED)
        .replies()
        .says("thanks")
    )
    torn = talk().says("Fix the price of the crane").edits("a.py", "a", "b").runs("pytest", FAILED, 1).replies()
    torn.says("thanks")

    assert (only(sure).outcome, only(torn).outcome) == (Outcome.SUCCESS, Outcome.SUCCESS)
    assert only(sure).confidence > only(torn).confidence > 0


def test_an_exit_code_that_was_only_printed_counts_where_none_was_recorded(talk: Told) -> None:
    told = (
        talk().says("Type-check the worker and fix it").edits("a.ts", "a", "b").runs("npx tsc; echo exit=$?", "exit=2")
    )
    told.events[-1] = replace(told.events[-1], outcome=Outcome.UNKNOWN, exit_code=None)

    assert only(told).outcome is Outcome.FAILURE


def test_a_search_that_finds_nothing_is_no_outcome(talk: Told) -> None:
    told = talk().says("Where is the price of the crane defined?").runs("rg crane_price", "", 1).replies("Nowhere.")

    assert only(told).outcome is Outcome.UNKNOWN


# Where they go


def test_a_run_sees_the_trajectories_of_a_session_and_reads_them_back(talk: Told, store: Store) -> None:
    talk().says("Fix the price of the crane").edits("a.py", "a", "b").runs("pytest", PASSED).replies().into(store)

    (episode,) = sight.episodes(store, "demo", Redactor(b"key"))

    assert [task.outcome for task in episode.trajectories] == [Outcome.SUCCESS]
    assert from_dict(Trajectory, to_dict(episode.trajectories[0])) == episode.trajectories[0]


def test_an_empty_session_has_no_tasks() -> None:
    assert trajectories([]) == ()
