"""How people want to be worked with, in sentences that were made up; and what only sounds like it."""

from typing import Any

import pytest

from memsrv.lenses import claims
from memsrv.lenses.manners import is_manner
from memsrv.lenses.prose import is_plan

WANTED = [
    "You should be using the shared crane fixtures for that kind of test.",
    "If you had asked the harbour agent like you were supposed to, it would know the berth.",
    "please do not auto commit",
    "no pushes unless I tell you to",
    "do not commit the .tar files or the scan dumps",
    "commit after every phase and push it",
    "Run the linter before each commit, it is quick.",
    "please make sure to verify the berth plan after you change it",
    "When you lose the tide server always re-check the state of the dock.",
    "one question at a time plz",
    "i dont want you to create stubs or half finished stuff",
    "no mock data",
    "don't over-engineer",
    "never delete tests to make them pass",
    "make the smallest change possible",
    "reuse existing components instead of creating new ones",
    "follow TDD",
    "the loader should follow our coding guide: docs/coding.md",
    "those warnings are not acceptable by our team's standards",
    "everything you draft should go to notes/drafts/<ship>",
    "do not modify anything outside of /srv/harbour",
    "don't change anything I did not ask you to change",
    "don't mention the assistant in commit messages",
    "An important rule for the whole firmware: use classes, one file each.",
    "The plan is in the tide documents, not in the code.",
    "we're using the signal store, not the redux store",
    "Prioritize clarity, information density and speed.",
    "let's always go for the sturdy solution even if the crane is slow",
]
ONE_OFF = [
    "fix one at a time",
    "ask the captain before deleting the berth",
    "each panel should have the cranes grouped",
    "after each tide log the height",
    "do not send mails to inactive ships",
    "make sure the deployment works",
    "don't commit yet",
    "run the migration after the deploy",
    "follow docs/plan.md exactly",
    "for all programs in bin/, create a launcher in the root, so that nobody sets variables",
    "note that, you should not modify the <out> folder, and clean up after",
    "by default, flush the buffer at every newline",
    "now if we want to move the docks, we do not use cranes as anchors, what is the best way to do so",
    "never break character until given an exit command",
    "do not implement anything - this is an audit",
    "I'd rather get a real answer than a soft one",
    "only look for TIDE_PATH, do not introduce other variables",
]
PLAN = """Fix the berth planner so that it never books a ship twice.

Requirements:
1. The planner must ALWAYS publish its tides.
2. Remove any early return.
   - never skip a berth
   - use only `berths["north"]`

Constraints:
- Do not change the docs.
- No reads of the oracle.

Deliver:
- the diff
"""


@pytest.mark.parametrize("said", WANTED)
def test_how_somebody_wants_the_work_done_is_kept_in_their_words(talk: Any, said: str) -> None:
    told = talk().says("Fix the crane.").replies().says(said)

    assert claims(told.events)


@pytest.mark.parametrize("said", ONE_OFF)
def test_what_only_sounds_like_a_rule_is_none(talk: Any, said: str) -> None:
    told = talk().says("Fix the crane.").replies().says(said)

    assert claims(told.events) == []


def test_the_demands_of_a_worked_out_task_hold_for_it_alone(talk: Any) -> None:
    assert claims(talk().says("Hello.").replies().says(PLAN).events) == []


def test_in_a_worked_out_task_what_names_the_future_still_lasts(talk: Any) -> None:
    told = talk().says("Hello.").replies().says(f"{PLAN}\nFrom now on never push to main.")

    assert [claim.relation for claim in claims(told.events)] == ["avoid"]


def test_a_list_headed_as_rules_is_no_task_however_long() -> None:
    rules = "House rules:\n" + "\n".join(f"- Rule of berth {number}." for number in range(9))

    assert not is_plan(rules)
    assert is_plan(PLAN)


def test_what_is_announced_as_a_rule_is_the_sentence_after(talk: Any) -> None:
    said = "Going forward this should always be our approach. You draw the charts and I hang up the prints."

    assert [claim.text for claim in claims(talk().says("Hi.").replies().says(said).events)] == [
        "You draw the charts and I hang up the prints."
    ]


def test_the_manner_that_is_forbidden_stays_in_the_reading(talk: Any) -> None:
    told = talk().says("Hi.").replies().says("We should never manually set berth stamps, please remove that.")

    assert [claim.value for claim in claims(told.events)] == ["manually setting berth stamps"]


def test_a_sentence_that_goes_on_without_a_stop_is_cut_where_the_next_begins(talk: Any) -> None:
    told = talk().says("Hi.").replies().says("you must never hardcode a berth URL we should ALWAYS use the charts.")

    assert [claim.value for claim in claims(told.events)] == ["hardcoding a berth URL"]


def test_a_reminder_needs_work_that_went_before(talk: Any) -> None:
    assert claims(talk().says("You should be using the winch for that").events) == []


def test_a_rule_of_the_program_is_no_manner() -> None:
    assert not is_manner("ask the user before deleting the row")
