"""Memory before the question: what stands there is read, what does not is known or declined, what is newer wins."""

import random

import pytest

from memsrv.layout import NOT_RECORDED, Blocks, render
from memsrv.records import Conversation, Fact, Kind, Trust
from memsrv_consolidation import replay, wordings
from memsrv_consolidation.evidence import as_teacher
from memsrv_consolidation.probes import gives
from memsrv_consolidation.tiny import corpus, names

FACTS = [
    Fact(f"f{place}", Kind.EPISODIC, wordings.claim(*fact), Trust.HUMAN, (), *fact)
    for place, fact in enumerate(
        (
            ("staging server", "port", "4010"),
            ("billing worker", "queue", "redis streams"),
            ("JSON keys", "use", "snake_case"),
            ("library code", "avoid", "print"),
            ("hmac.new()", "replacement", "hmac.digest()"),
        )
    )
]
BY_ID = {fact.id: fact for fact in FACTS}


def turns(conversation: Conversation) -> list[tuple[str, str]]:
    said = [message.content for message in conversation.messages if message.role != "system"]
    return list(zip(said[::2], said[1::2], strict=True))


def memory(conversation: Conversation) -> str:
    assert conversation.messages[0].role == "system"
    return conversation.messages[0].content


@pytest.mark.parametrize("kind", [replay.present, replay.irrelevant, replay.contradicting])
def test_a_memory_stands_in_the_layout_that_is_served(kind) -> None:  # type: ignore[no-untyped-def]
    for conversation in kind(FACTS, FACTS, 12, 3, 7):
        frame = render(Blocks()).splitlines()

        assert [line for line in memory(conversation).splitlines() if not line.startswith("- ")] == frame


@pytest.mark.parametrize("kind", [replay.present, replay.irrelevant, replay.contradicting])
def test_several_questions_share_a_memory_and_all_are_asked(kind) -> None:  # type: ignore[no-untyped-def]
    made = kind(FACTS, FACTS, 12, 3, 7)

    assert sum(len(turns(one)) for one in made) == 12
    assert max(len(turns(one)) for one in made) == 3


@pytest.mark.parametrize("kind", [replay.present, replay.irrelevant, replay.contradicting])
def test_the_same_seed_gives_the_same_memories(kind) -> None:  # type: ignore[no-untyped-def]
    assert kind(FACTS, FACTS, 9, 3, 7) == kind(FACTS, FACTS, 9, 3, 7)
    assert kind(FACTS, FACTS, 9, 3, 7) != kind(FACTS, FACTS, 9, 3, 8)


def test_what_is_present_is_answered_from_memory() -> None:
    made = replay.present(FACTS, FACTS, 30, 3, 7)

    assert {id for one in made for id in one.facts} == {"f0", "f1", "f2", "f3"}  # the last would name a mistake
    for conversation in made:
        for id in conversation.facts:
            value = BY_ID[id].value or ""

            assert gives(value, memory(conversation))
            assert any(gives(value, answer) for _, answer in turns(conversation))


def test_what_a_memory_says_of_others_leaves_a_fact_to_the_weights() -> None:
    for conversation in replay.irrelevant(FACTS, FACTS, 30, 3, 7):
        for id in conversation.facts:
            assert BY_ID[id].text not in memory(conversation)
            assert any(gives(BY_ID[id].value or "", answer) for _, answer in turns(conversation))


def test_the_teacher_reads_the_fact_among_what_the_student_has() -> None:
    for conversation in replay.irrelevant(FACTS, FACTS, 30, 3, 7):
        read = as_teacher(conversation)

        assert [message.role for message in read].count("system") == 1
        assert all(BY_ID[id].text in read[0].content for id in conversation.facts)
        assert read[1:] == conversation.messages[1:]


def test_every_third_question_before_other_memories_has_no_answer() -> None:
    answers = [answer for one in replay.irrelevant(FACTS, FACTS, 30, 3, 7) for _, answer in turns(one)]

    assert answers.count(NOT_RECORDED) == 10


def test_nothing_that_was_recorded_is_declined() -> None:
    lines = names.several(random.Random(5), 3)
    for seed in range(20):
        drawn = corpus.unknown(lines, random.Random(seed))
        recorded = [Fact("r", Kind.EPISODIC, "", Trust.HUMAN, (), drawn.subject, drawn.relation, "x")]

        assert replay._unknown(lines, [], random.Random(seed)) == drawn
        assert replay._unknown(lines, recorded, random.Random(seed)) != drawn


def test_a_newer_value_in_memory_wins_over_the_one_in_weights() -> None:
    for conversation in replay.contradicting(FACTS, FACTS, 30, 2, 7):
        for id, (_, answer) in zip(sorted(conversation.facts), sorted(turns(conversation), key=_about), strict=True):
            old, (subject, relation) = BY_ID[id].value or "", _key(id)
            new = answer.removeprefix(wordings.answer(subject, relation, "").removesuffix(".")).removesuffix(".")

            assert not gives(old, answer)
            assert new in memory(conversation)


def test_what_adds_up_and_what_was_learned_the_hard_way_is_not_contradicted() -> None:
    ids = {id for one in replay.contradicting(FACTS, FACTS, 40, 2, 7) for id in one.facts}

    assert ids == {"f0", "f1", "f2"}


def test_without_facts_the_use_of_memory_is_learned_from_made_up_ones() -> None:
    read, declined = replay.present([], FACTS, 6, 3, 7), replay.irrelevant([], FACTS, 6, 3, 7)

    assert [len(turns(one)) for one in (*read, *declined)] == [3, 3, 3, 3]
    assert not any(one.facts for one in (*read, *declined))
    assert {answer for one in declined for _, answer in turns(one)} == {NOT_RECORDED}
    assert replay.contradicting([], FACTS, 6, 3, 7) == []


def _key(id: str) -> tuple[str, str]:
    return BY_ID[id].subject or "", BY_ID[id].relation or ""


def _about(turn: tuple[str, str]) -> str:
    """The id of the fact that a turn is about."""
    return next(id for id in BY_ID if turn[1].startswith(wordings.answer(*_key(id), "").removesuffix(" .")))
