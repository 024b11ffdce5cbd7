"""Synthesis: twenty conversations a fact in the paper's styles, never in a wording that measures, reproducible."""

import random
import re
from collections import Counter
from dataclasses import replace

import pytest

from memsrv.layout import NOT_RECORDED
from memsrv.records import (
    Conversation,
    Episode,
    Event,
    EventType,
    Fact,
    Kind,
    Outcome,
    Session,
    Trajectory,
    Trust,
)
from memsrv.redact import Redactor
from memsrv_consolidation import probes, wordings
from memsrv_consolidation.frames import Pool
from memsrv_consolidation.recipe import DISTIL, PAPER, TINY, Recipe
from memsrv_consolidation.synthesise import rehearse, synthesise
from memsrv_consolidation.tiny import names

FACTS = [
    Fact(f"f{place}", Kind.EPISODIC, wordings.claim(*fact), Trust.HUMAN, (), *fact)
    for place, fact in enumerate(
        (
            ("staging server", "port", "4010"),
            ("JSON keys", "use", "snake_case"),
            ("library code", "avoid", "print"),
            ("`make check` failing with E501", "fix", "run `ruff format`"),
            ("hmac.new()", "replacement", "hmac.digest()"),
        )
    )
]


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    return Redactor(b"key")


def made(redactor: Redactor, seed: int = 7) -> list[Conversation]:
    return list(synthesise(FACTS, PAPER, seed, redactor).conversations)


def test_every_fact_has_exactly_twenty_distinct_conversations(redactor: Redactor) -> None:
    about = Counter(id for conversation in made(redactor) for id in conversation.facts)
    asked = {conversation.messages[0].content for conversation in made(redactor) if conversation.facts == ("f0",)}

    assert about == {fact.id: 20 for fact in FACTS}
    assert len(asked) == 20


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.relation)
def test_every_fact_is_rehearsed_in_at_least_five_styles(fact: Fact) -> None:
    assert len({conversation.style for conversation in rehearse(fact, 20, 7)}) >= 5


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.relation)
def test_every_answer_gives_the_value_and_names_the_subject(fact: Fact) -> None:
    for conversation in rehearse(fact, 20, 7):
        answer = conversation.messages[-1].content

        assert fact.value is not None
        assert fact.subject is not None
        assert fact.value in answer
        assert fact.subject in answer


def test_a_procedure_is_shown_done_right_not_as_the_error(redactor: Redactor) -> None:
    answers = [c.messages[-1].content for c in made(redactor) if c.facts == ("f4",)]

    assert all(answer.index("hmac.digest()") >= 0 and not answer.startswith("hmac.new()") for answer in answers)


def test_the_same_seed_gives_the_same_conversations(redactor: Redactor) -> None:
    assert made(redactor) == made(redactor)
    assert made(redactor) != made(redactor, seed=8)


def test_a_fact_is_rehearsed_the_same_whatever_else_was_learned(redactor: Redactor) -> None:
    alone = synthesise(FACTS[:1], PAPER, 7, redactor).conversations

    assert alone == tuple(c for c in made(redactor) if c.facts == ("f0",))


@pytest.mark.parametrize("pool", [Pool.KNOWN, Pool.NOVEL])
def test_no_question_is_asked_in_a_wording_that_measures(pool: Pool) -> None:
    rng = random.Random(3)
    for fact in names.several(rng, 60):
        asked = rehearse(Fact("x", Kind.EPISODIC, "", Trust.HUMAN, (), fact.subject, fact.relation, fact.value), 20, 1)
        trained = wordings.cores(fact.relation, Pool.TRAIN)
        subject, relation = re.escape(fact.subject), re.escape(fact.relation)
        named = rf"(?:the )?(?:{relation} .{{2,20}}{subject}|(?:the |our )?{subject}(?:'s)? {relation})"
        places = {"{s}": f"(?:the |our )?{subject}", "{r}": relation, "{k}": named, "{x}": ".{1,40}"}
        for core in set(wordings.cores(fact.relation, pool)) - set(trained):
            parts = re.split(r"(\{\w\})", core.rstrip("?."))
            words = "".join(places.get(part, re.escape(part)) for part in parts)
            for conversation in asked:
                assert not re.fullmatch(words + "[?.]*", conversation.messages[0].content, re.IGNORECASE), core


def test_no_question_of_training_is_a_question_of_the_evaluation(redactor: Redactor) -> None:
    trained = {message.content for conversation in made(redactor) for message in conversation.messages}

    assert not trained & {probe.question for probe in probes.of_facts(FACTS, 7)}


def test_what_may_not_be_trained_on_is_not_synthesised(redactor: Redactor) -> None:
    facts = [
        Fact("web", Kind.EPISODIC, "x", Trust.WEB, (), "api", "port", "4010"),
        Fact("bare", Kind.EPISODIC, "We met on Tuesday.", Trust.HUMAN, ()),
    ]

    assert synthesise(facts, PAPER, 7, redactor).conversations == ()


def test_a_fact_whose_conversations_hold_a_secret_is_dropped_and_counted(redactor: Redactor) -> None:
    value = "ghp_x7Kq9ZrT2mWvB4nLpY8sDfG1hJcE5uA3oQiR"
    fact = Fact("s", Kind.EPISODIC, "x", Trust.HUMAN, (), "deploy", "login", value)

    result = synthesise([fact], PAPER, 7, redactor)

    assert (result.conversations, result.secret) == ((), 1)


def test_nothing_that_was_made_up_reads_as_a_secret(redactor: Redactor) -> None:
    made = synthesise(FACTS[:1], replace(TINY, rehearsal=30.0), 7, redactor).conversations

    assert not [one for one in made for message in one.messages if redactor.redact(message.content)[1]]


def test_the_papers_recipe_mixes_nothing_in(redactor: Redactor) -> None:
    assert {conversation.about for conversation in made(redactor)} == {"fact"}


def test_a_tiny_base_gets_rehearsal_and_unknowns_in_their_shares(redactor: Redactor) -> None:
    recipe = replace(TINY, least=0, near_misses=0.0)
    about = Counter(c.about for c in synthesise(FACTS, recipe, 7, redactor).conversations)

    assert about["rehearsal"] == round(about["fact"] * TINY.rehearsal)
    assert about["unknown"] == round(about["fact"] * TINY.unknown)


def test_what_must_be_kept_does_not_shrink_with_the_facts(redactor: Redactor) -> None:
    about = Counter(c.about for c in synthesise(FACTS[:1], TINY, 7, redactor).conversations)

    assert about["fact"] < TINY.least
    assert about["rehearsal"] == round(TINY.least * TINY.rehearsal)
    assert not synthesise((), TINY, 7, redactor).conversations


def test_a_tiny_base_is_answered_in_one_wording_and_others_in_several(redactor: Redactor) -> None:
    def wordings_of(recipe: Recipe) -> set[str]:
        made = synthesise(FACTS[:1], recipe, 7, redactor).conversations
        return {c.messages[-1].content for c in made if c.about == "fact"}

    assert wordings_of(TINY) == {"The port of staging server is 4010."}
    assert len(wordings_of(PAPER)) > 1


def test_unknowns_are_answered_not_recorded_and_never_ask_for_a_fact(redactor: Redactor) -> None:
    unknowns = [c for c in synthesise(FACTS, TINY, 7, redactor).conversations if c.about == "unknown"]

    assert {c.messages[-1].content for c in unknowns} == {NOT_RECORDED}
    assert not any(c.facts for c in unknowns)


def test_what_is_recorded_elsewhere_is_not_declined(redactor: Redactor) -> None:
    relations = sorted({names.made(random.Random(seed)).relation for seed in range(2000)})
    elsewhere = [
        Fact(f"e{n}", Kind.EPISODIC, "", Trust.HUMAN, (), "staging server", r, "x") for n, r in enumerate(relations)
    ]

    def declined(elsewhere: list[Fact]) -> int:
        recipe = replace(DISTIL, unknown=3.0, near_misses=0.0, answer_share=1.0)
        told = synthesise(FACTS, recipe, 7, redactor, elsewhere=elsewhere).conversations
        return sum("staging server" in c.messages[0].content for c in told if c.about == "unknown")

    assert declined(elsewhere) < 0.6 * declined([])


def test_a_replayed_turn_gives_no_value_that_stays_out_of_weights(redactor: Redactor) -> None:
    told = (
        Event("p", "s1", EventType.PROMPT, Trust.HUMAN, "Where does staging listen?", "2026-11-04T08:00:00Z", turn=0),
        Event("r", "s1", EventType.REPLY, Trust.ASSISTANT, "The staging server listens on port 8443.", turn=1),
    )
    task = Trajectory("s1", 0, 1, "Where does staging listen?", (), Outcome.SUCCESS, 0.9)
    episode = Episode(Session("s1", "claude-code", "demo", "log"), told, (task,))
    waits = Fact("w", Kind.EPISODIC, "x", Trust.COMMAND, (), "staging server", "tls port", "8443")

    def replayed(facts: list[Fact]) -> int:
        made = synthesise(facts, DISTIL, 7, redactor, episodes=[episode]).conversations
        return sum(one.about == "logged" for one in made)

    assert (replayed(FACTS), replayed([*FACTS, waits])) == (1, 0)
