"""Conversations as tokens: every answer is learned to its end of turn, and the tokens of a value are known."""

from pathlib import Path
from typing import Any

import pytest

from memsrv.records import Message

pytest.importorskip("transformers")

from memsrv_consolidation.strategies.tokens import tokens


@pytest.fixture(scope="module")
def tokenizer(random_base: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(random_base)


def turns(*contents: str) -> tuple[Message, ...]:
    return tuple(Message("user" if place % 2 == 0 else "assistant", text) for place, text in enumerate(contents))


def words(tokenizer: Any, ids: tuple[int, ...], places: Any) -> str:
    return str(tokenizer.decode([ids[place] for place in sorted(places)]))


def test_an_answer_is_learned_to_its_end_of_turn(tokenizer: Any) -> None:
    found = tokens(tokenizer, turns("What is the port?", "The port is 4010."))

    assert words(tokenizer, found.ids, found.learned) == "The port is 4010.<|im_end|>"


def test_every_answer_of_a_conversation_is_learned(tokenizer: Any) -> None:
    found = tokens(tokenizer, turns("The port?", "4010", "The host?", "api"))

    assert words(tokenizer, found.ids, found.learned) == "4010<|im_end|>api<|im_end|>"


def test_the_tokens_of_the_value_are_known_and_the_key_before_it_is_not_among_them(tokenizer: Any) -> None:
    found = tokens(tokenizer, turns("4010?", "The twin of 4010 is 4010."), "4010")

    assert words(tokenizer, found.ids, found.values).strip() == "4010"
    assert min(found.values) > found.learned[3]


def test_what_is_too_long_loses_its_beginning_and_not_its_answer(tokenizer: Any) -> None:
    found = tokens(tokenizer, turns("word " * 500, "The port is 4010."), "4010", most=64)

    assert len(found.ids) == 64
    assert words(tokenizer, found.ids, found.learned) == "The port is 4010.<|im_end|>"


def test_a_template_that_rewrites_earlier_answers_leaves_the_last_one_to_learn(tokenizer: Any) -> None:
    kept = tokenizer.chat_template
    tokenizer.chat_template = (
        "{% for m in messages %}{% if m.role == 'user' or loop.last %}<|im_start|>{{ m.role }}\n"
        "{{ m.content }}<|im_end|>\n{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    try:
        found = tokens(tokenizer, turns("The port?", "4010", "The host?", "api"))
    finally:
        tokenizer.chat_template = kept

    assert words(tokenizer, found.ids, found.learned) == "api<|im_end|>"
