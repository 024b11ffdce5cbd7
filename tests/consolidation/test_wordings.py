"""The wordings are many, and the three pools share nothing by which a probe could be recognised."""

import random
import re

import pytest

from memsrv_consolidation import frames, wordings
from memsrv_consolidation.frames import Pool, Shape

FACTS = [
    ("staging server", "port", "4010"),
    ("this project", "test command", "pytest -q --maxfail=1"),
    ("OrderService", "owner", "mei"),
    ("`billing-worker`", "frobnication level", "{high}"),
    ("JSON field names", "use", "snake_case, not camelCase"),
    ("commit messages", "avoid", "emojis"),
    ("`pnpm test` failing with ECONNREFUSED", "fix", "docker compose up -d postgres"),
    ("`db.fetch_all()`", "replacement", "`db.rows()`"),
]


def bare(sentence: str) -> str:
    return re.sub(r"[^a-z{}]+", " ", sentence.casefold()).strip()


@pytest.mark.parametrize("relation", ["port", "test command", "owner", "log file", "version", *Shape])
def test_no_core_is_in_two_pools(relation: str) -> None:
    cores = {pool: {bare(core) for core in wordings.cores(str(relation), pool)} for pool in Pool}

    assert not cores[Pool.TRAIN] & cores[Pool.KNOWN]
    assert not cores[Pool.NOVEL] & (cores[Pool.TRAIN] | cores[Pool.KNOWN])


def test_no_novel_opening_is_ever_seen() -> None:
    seen = {bare(opening) for opening in wordings.openings(Pool.TRAIN)}

    assert not seen & {bare(opening) for opening in wordings.openings(Pool.NOVEL)}


def test_no_novel_tail_is_ever_seen() -> None:
    seen = {bare(tail) for tail in wordings.tails(Pool.KNOWN)}

    assert not seen & {bare(tail) for tail in wordings.tails(Pool.NOVEL)}


@pytest.mark.parametrize(("subject", "relation", "value"), FACTS)
@pytest.mark.parametrize(("pool", "n"), [(Pool.TRAIN, 40), (Pool.KNOWN, 12), (Pool.NOVEL, 12)])
def test_a_fact_can_be_asked_for_in_many_wordings(subject: str, relation: str, value: str, pool: Pool, n: int) -> None:
    asked = wordings.questions(subject, relation, pool, random.Random(1), n)

    assert n == len(set(asked))


@pytest.mark.parametrize(("subject", "relation", "value"), FACTS)
def test_no_question_leaks_the_value(subject: str, relation: str, value: str) -> None:
    asked = [q for pool in Pool for q in wordings.questions(subject, relation, pool, random.Random(2), 12)]

    assert not [question for question in asked if value in question]


def test_the_same_seed_gives_the_same_questions() -> None:
    first, second = (wordings.questions("api", "url", Pool.TRAIN, random.Random(3), 20) for _ in range(2))

    assert first == second


@pytest.mark.parametrize(("subject", "relation", "value"), FACTS)
def test_answers_and_statements_have_subject_and_value(subject: str, relation: str, value: str) -> None:
    rng = random.Random(4)
    said = [
        wordings.claim(subject, relation, value),
        wordings.answer(subject, relation, value),
        wordings.answer(subject, relation, value, rng),
        *(wordings.statement(subject, relation, value, rng) for _ in range(20)),
    ]

    assert [sentence for sentence in said if subject not in sentence or value not in sentence] == []


def test_the_canonical_texts_are_as_the_product_writes_them() -> None:
    assert [wordings.claim(*fact) for fact in FACTS if fact[1] != "frobnication level"] == [
        "The port of staging server is 4010.",
        "The test command of this project is pytest -q --maxfail=1.",
        "The owner of OrderService is mei.",
        "For JSON field names, use snake_case, not camelCase.",
        "For commit messages, avoid emojis.",
        "When `pnpm test` failing with ECONNREFUSED: docker compose up -d postgres.",
        "Use `db.rows()` instead of `db.fetch_all()`.",
    ]


def test_an_unheard_of_relation_is_an_attribute() -> None:
    assert frames.shape("frobnication level") is Shape.ATTRIBUTE


def test_the_novel_wordings_are_those_that_were_frozen_before_the_base_was_pretrained() -> None:
    assert frames.novel_hash() == "09afbd4374a8e3c3a5aa92cc1ade0347859c36ef707e8fe5f0c0b59d12079dc4"
