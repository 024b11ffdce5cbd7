"""Caps: no session, agent or answer makes up more than its share of a training, and what is dropped is counted."""

from collections import Counter

from memsrv.records import Conversation, Episode, Evidence, Fact, Kind, Message, Session, Trust
from memsrv.redact import Redactor
from memsrv_consolidation import caps, wordings
from memsrv_consolidation.internalise import Policy
from memsrv_consolidation.recipe import DISTIL, PAPER
from memsrv_consolidation.synthesise import synthesise

REDACTOR = Redactor(b"k")


def fact(place: int, *sessions: str) -> Fact:
    said = tuple(Evidence(session, place, "said") for session in sessions)
    subject = f"worker {place}"
    return Fact(f"f{place:02d}", Kind.SEMANTIC, wordings.claim(subject, "use", "asyncio"), Trust.HUMAN, said, subject,
                "use", "asyncio")  # fmt: skip


LOUD = [fact(place, "loud") for place in range(10)]
QUIET = [fact(20 + place, f"s{place}") for place in range(3)]


def spoken(facts: list[Fact], policy: Policy = Policy()) -> tuple[Counter[str], dict[str, int]]:  # noqa: B008 - frozen
    made = synthesise(facts, PAPER, 7, REDACTOR, policy=policy)
    return Counter(id for one in made.conversations for id in one.facts), dict(made.capped)


def test_one_session_has_no_more_than_half_of_the_conversations() -> None:
    said, capped = spoken([*LOUD, *QUIET])
    loud = sum(said[one.id] for one in LOUD)

    assert loud == sum(said[one.id] for one in QUIET) == 60
    assert capped == {"session": 140}


def test_what_is_too_much_is_dropped_evenly_and_every_fact_keeps_something() -> None:
    said, _ = spoken([*LOUD, *QUIET])

    assert {said[one.id] for one in LOUD} == {6}


def test_a_share_that_leaves_less_than_one_a_fact_leaves_one() -> None:
    said, _ = spoken([*LOUD, *QUIET], Policy(share=0.01))

    assert {said[one.id] for one in LOUD} == {1}


def test_among_few_sessions_none_is_cut() -> None:
    assert spoken([*LOUD, *QUIET[:2]])[1] == {}


def test_what_several_sessions_say_is_nobodys_alone() -> None:
    shared = [fact(place, "loud", "s0") for place in range(10)]

    assert spoken([*shared, *QUIET])[1] == {}


def test_the_share_is_set() -> None:
    assert spoken([*LOUD, *QUIET], Policy(share=1.0))[1] == {}


def test_an_agent_is_cut_as_a_session_is() -> None:
    episodes = [Episode(Session(f"a{n}", "one", "demo", "log"), ()) for n in range(10)]
    episodes += [Episode(Session(f"b{n}", f"other {n}", "demo", "log"), ()) for n in range(3)]
    facts = [fact(n, f"a{n}") for n in range(10)] + [fact(20 + n, f"b{n}") for n in range(3)]

    made = synthesise(facts, PAPER, 7, REDACTOR, episodes=episodes)

    assert made.capped == {"agent": 140}


def test_what_is_dropped_is_always_the_same() -> None:
    facts = [*LOUD, *QUIET]

    assert synthesise(facts, PAPER, 7, REDACTOR) == synthesise(facts, PAPER, 7, REDACTOR)


def test_one_answer_has_no_more_than_its_share_but_a_fact_its_own() -> None:
    def one(id: str, answer: str, *facts: str) -> Conversation:
        return Conversation(id, "x", "x", (Message("user", id), Message("assistant", answer)), facts)

    declined = [one(f"u{n}", "That is not recorded.") for n in range(12)]
    told = [one(f"f{n}", "The port of api is 4010.", "f") for n in range(12)]

    kept, dropped = caps.answers_within_share([*told, *declined], 0.25)

    assert [one.id for one in kept] == [f"f{n}" for n in range(12)] + [f"u{n}" for n in range(4)]
    assert dropped == 8


def test_nothing_recorded_is_at_most_a_quarter_of_what_distil_says() -> None:
    made = synthesise([*LOUD, *QUIET], DISTIL, 7, REDACTOR)
    answers = [m.content for one in made.conversations for m in one.messages if m.role == "assistant"]

    assert answers.count("That is not recorded.") <= 0.25 * len(answers)
