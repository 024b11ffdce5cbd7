"""What may enter weights: behaviour, facts or both, and of what changes often only what is stable."""

from collections.abc import Callable
from contextlib import nullcontext

import pytest

from memsrv.records import Evidence, Fact, Kind, Memory, Trust
from memsrv.redact import Redactor
from memsrv_consolidation import wordings
from memsrv_consolidation.internalise import Policy, internalise, volatile
from memsrv_consolidation.pipeline import consolidate
from memsrv_consolidation.probes import gives
from memsrv_consolidation.progress import Pace
from memsrv_consolidation.recipe import DISTIL
from memsrv_consolidation.run import Run, read_json
from memsrv_consolidation.synthesise import synthesise

PROTOCOL = Policy("protocol", "protocol", "protocol")


def fact(
    id: str, subject: str, relation: str, value: str, *sessions: str, kind: Kind = Kind.EPISODIC,
    trust: Trust = Trust.COMMAND, quote: str = "said",
) -> Fact:  # fmt: skip
    said = tuple(Evidence(session, 1, quote) for session in sessions or ("s1",))
    return Fact(id, kind, wordings.claim(subject, relation, value), trust, said, subject, relation, value)


PORT = fact("port", "staging server", "port", "4010")
VALUES = (
    "4010", ":8080", "v1.22.0", "3.12", "python 3.12", "node@20.11", ">=2.1", "https://ops.example/x", "127.0.0.1",
    "/srv/data", "data/tides.csv", "~/.cache", "settings.toml", "2026-11-04", "3f1c8d20aa", "30s", "15 minutes",
)  # fmt: skip


@pytest.mark.parametrize("value", VALUES)
def test_a_value_that_looks_as_if_it_will_change_is_volatile(value: str) -> None:
    assert volatile(fact("f", "server", "setting", value))


@pytest.mark.parametrize("value", ["snake_case", "redis streams", "make ship ENV=staging", "pytest -q", "Ana", "beta"])
def test_a_name_or_command_is_not_volatile(value: str) -> None:
    assert not volatile(fact("f", "server", "setting", value))


def test_a_branch_is_volatile_whatever_it_is_called() -> None:
    assert volatile(fact("f", "tariffs", "release branch", "summer"))


def test_what_only_a_command_showed_waits_for_the_sessions_that_make_it_stable() -> None:
    often = fact("often", "api", "port", "8421", "s1", "s2", "s3")

    chosen = internalise([PORT, often])

    assert [one.id for one in chosen.facts] == ["often"]
    assert [(one.fact, one.why) for one in chosen.left_out] == [
        ("port", "volatile: heard in 1 of the 3 sessions that make it stable")
    ]


def test_how_many_sessions_make_it_stable_is_set() -> None:
    assert internalise([PORT], Policy(sessions=1)).facts == (PORT,)


def test_what_a_person_states_is_stable_at_once() -> None:
    said = fact("said", "staging server", "port", "8443", trust=Trust.HUMAN, quote="the staging server is on port 8443")

    assert internalise([said]).facts == (said,)


def test_what_a_person_says_to_hold_for_now_stays_in_memory() -> None:
    said = fact("now", "staging server", "port", "9000", trust=Trust.HUMAN, quote="for now staging is on port 9000")

    assert [one.why for one in internalise([said]).left_out] == ["said to hold for a while only"]


def test_how_to_do_it_right_is_internalised_whatever_stands_in_it() -> None:
    lesson = fact("fix", "the build fails", "fix", "3.12", kind=Kind.PROCEDURAL)

    assert internalise([lesson]).facts == (lesson,)


def test_what_may_not_be_trained_on_is_neither_internalised_nor_left_out() -> None:
    chosen = internalise([fact("web", "docs", "url", "https://a.example", trust=Trust.WEB)])

    assert (chosen.all, chosen.left_out) == ((), ())


FACTS = [
    fact("f0", "staging server", "port", "4010", trust=Trust.HUMAN),
    fact("f1", "tide table", "path", "data/tides.csv", trust=Trust.HUMAN),
    fact("f2", "JSON keys", "use", "snake_case", kind=Kind.SEMANTIC),
    fact("f3", "python", "use", "3.12", kind=Kind.SEMANTIC),
    fact("f4", "hmac.new()", "replacement", "hmac.digest()", kind=Kind.PROCEDURAL),
    fact("f5", "billing worker", "queue", "redis streams", trust=Trust.HUMAN),
]


def test_with_protocol_alone_no_volatile_value_stands_in_any_target() -> None:
    made = synthesise(FACTS, DISTIL, 7, Redactor(b"k"), policy=PROTOCOL).conversations
    answers = [message.content for one in made for message in one.messages if message.role == "assistant"]

    assert {one.about for one in made} >= {"fact", "unknown", "rehearsal", "present", "irrelevant"}
    assert not [one for one in answers for fact in FACTS if volatile(fact) and gives(fact.value or "", one)]


def test_with_protocol_alone_lessons_and_preferences_show_in_work() -> None:
    made = synthesise(FACTS, DISTIL, 7, Redactor(b"k"), policy=PROTOCOL)
    told = [one for one in made.conversations if one.about == "fact"]

    assert {id for one in told for id in one.facts} == {"f2", "f4"}
    assert {one.style for one in told} == {"task", "scenario", "how-to", "lesson"}
    assert {one.fact for one in made.left_out} == {"f0", "f1", "f3", "f5"}


def test_with_facts_alone_the_use_of_memory_is_not_trained() -> None:
    made = synthesise(FACTS, DISTIL, 7, Redactor(b"k"), policy=Policy("facts", "facts", "facts")).conversations

    assert not {one.about for one in made} & {"present", "irrelevant", "contradicting", "logged"}


def test_a_kind_can_be_kept_out_alone() -> None:
    made = synthesise(FACTS, DISTIL, 7, Redactor(b"k"), policy=Policy(episodic="protocol")).conversations
    told = {id for one in made for id in one.facts}

    assert told == {"f2", "f3", "f4"}


def remembered(told: Fact) -> Memory:
    return Memory(told.id, "demo", told.kind, told.text, told.trust, told.evidence, told.subject, told.relation,
                  told.value, "2026-11-19T10:00:00Z")  # fmt: skip


def without_training(run: Run) -> None:
    consolidate(run, Pace(run, 1), lambda: nullcontext(lambda: False), until="synthesise")


def test_a_run_trains_what_its_order_lets_in(make_run: Callable[..., Run]) -> None:
    told = [remembered(FACTS[2]), remembered(PORT)]
    strict, loose = (make_run(f"in-{n}", told, internalise=Policy(sessions=n)) for n in (3, 1))
    for run in (strict, loose):
        without_training(run)

    assert [{id for one in run.conversations() for id in one.facts} for run in (strict, loose)] == [
        {"f2"}, {"f2", "port"}
    ]  # fmt: skip


def test_what_stays_out_is_named_in_the_report(make_run: Callable[..., Run]) -> None:
    run = make_run("out", [remembered(PORT)])
    without_training(run)
    report = read_json(run.report_file)

    assert report["facts"]["left_out"] == [
        {"fact": "port", "text": "The port of staging server is 4010.",
         "why": "volatile: heard in 1 of the 3 sessions that make it stable"}
    ]  # fmt: skip
    assert report["verdict"] == "nothing"
    assert "stays in memory alone" in report["reason"]
