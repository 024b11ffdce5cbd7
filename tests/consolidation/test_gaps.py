"""Where knowledge ends, what is known of one subject, and prompts that rehearse a base without a data set."""

import random
from collections import Counter

from memsrv.layout import NOT_RECORDED
from memsrv.records import Fact, Kind, Trust
from memsrv_consolidation import prompts, wordings
from memsrv_consolidation.cards import cards
from memsrv_consolidation.gaps import near_misses
from memsrv_consolidation.reflect import plain
from memsrv_consolidation.synthesise import rehearsals
from memsrv_consolidation.tiny import corpus, names


def fact(id: str, subject: str, relation: str, value: str) -> Fact:
    return Fact(id, Kind.EPISODIC, wordings.claim(subject, relation, value), Trust.HUMAN, (), subject, relation, value)


FACTS = [
    fact("port", "staging server", "port", "4010"),
    fact("region", "staging server", "region", "north"),
    fact("queue", "billing worker", "queue", "redis streams"),
    fact("call", "hmac.new()", "replacement", "hmac.digest()"),
]


def test_what_comes_near_to_a_fact_is_declined_and_what_was_discussed_is_told() -> None:
    made = near_misses(FACTS, FACTS, 40, 7)
    answers = Counter(one.messages[-1].content for one in made)

    assert (answers.pop(NOT_RECORDED), answers.total()) == (30, 10)
    assert all(one.evidence for one in made if one.facts)


def test_what_is_near_shares_a_subject_or_a_relation_with_a_fact() -> None:
    for one in near_misses(FACTS, FACTS, 40, 7):
        said = plain(one.messages[0].content)

        assert any(word in said for word in ("staging server", "billing worker", "port", "region", "queue"))


def test_what_stays_out_of_the_weights_is_not_declined() -> None:
    relations = sorted({names.made(random.Random(seed)).relation for seed in range(2000)})
    out = [fact(f"o{n}", "staging server", relation, "x") for n, relation in enumerate(relations)]

    def declined(recorded: list[Fact]) -> int:
        asked = [one.messages[0].content for one in near_misses(FACTS[:2], recorded, 400, 7) if not one.facts]
        keys = [f"the {one.relation} {of} staging server" for one in out for of in ("of", "for")]
        return sum(any(key in one for key in keys) for one in asked)

    assert (declined(FACTS) > 20, declined([*FACTS, *out])) == (True, 0)


def test_no_near_miss_is_asked_in_a_wording_that_measures() -> None:
    for one in near_misses(FACTS, FACTS, 80, 7):
        assert not wordings.is_held_out(one.messages[0].content, "staging server", "port")


def test_a_card_tells_all_that_is_known_of_a_subject_and_no_mistake() -> None:
    made = cards(FACTS, 4, 7)

    assert [set(one.facts) for one in made] == [{"port", "region"}, {"queue"}, {"port", "region"}, {"queue"}]
    assert sorted(made[0].messages[-1].content.split(". ")) == [
        "The port of staging server is 4010.", "The region of staging server is north"
    ] or sorted(made[0].messages[-1].content.split(". ")) == [
        "The port of staging server is 4010", "The region of staging server is north."
    ]  # fmt: skip


def test_a_base_is_rehearsed_with_hundreds_of_prompts_and_answers_itself() -> None:
    whole = list(prompts.every())
    made = rehearsals(250, 7, own=True)

    assert len(set(whole)) == len(whole) >= 200
    assert len({one.messages[0].content for one in made}) == 250
    assert {one.messages[-1].content for one in made} == {""}


def test_a_context_is_shared_by_several_questions_of_rehearsal() -> None:
    documents = corpus.rehearsal(40, 7, most=6, each=3)
    asked = [sum(m["role"] == "assistant" and m["content"] != "Noted." for m in one) for one in documents]

    assert (len(documents), documents) == (14, corpus.rehearsal(40, 7, most=6, each=3))
    assert sum(asked) == 40
    assert sum(one[0]["role"] == "system" and "\n- " in one[0]["content"] for one in documents) > 7
    assert any(NOT_RECORDED in one[-1]["content"] for one in documents)
