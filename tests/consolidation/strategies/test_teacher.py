"""What the teacher teaches: its own likely words with the evidence before it, and the value where it would stray."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from memsrv.records import Conversation, Message
from memsrv_consolidation.evidence import as_teacher
from memsrv_consolidation.recipe import Recipe

torch = pytest.importorskip("torch")

from memsrv_consolidation.strategies.teacher import lessons, own_answers, reads  # noqa: E402

VALUES = {"f0": "4010", "f1": "snake_case"}


@pytest.fixture(scope="module")
def base(random_base: Path) -> tuple[Any, Any]:
    from memsrv_consolidation.device import Device, load

    return load(random_base, Device("cpu", "float32", autocast=False, bitsandbytes=False))


def test_the_shares_are_those_of_the_base_that_reads_the_evidence(
    base: tuple[Any, Any], conversations: Sequence[Conversation], short: Recipe, tmp_path: Path
) -> None:
    model, tokenizer = base
    one = conversations[0]

    (lesson,) = lessons(model, tokenizer, [one], {}, replace(short, top=5), tmp_path, "cpu")

    prompt = tokenizer.apply_chat_template(
        [{"role": m.role, "content": m.content} for m in as_teacher(one)[:-1]],
        tokenize=False,
        add_generation_prompt=True,
    )
    ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    likely = torch.softmax(model(input_ids=torch.tensor([ids])).logits[0, -1], -1).topk(5)
    assert "- The port of staging server is 4010." in prompt
    assert set(lesson.ids[0].tolist()) >= set(likely.indices[:4].tolist())
    assert lesson.shares.sum(-1).tolist() == pytest.approx([1.0] * len(lesson.tokens.learned))


def test_where_the_base_would_not_spell_the_value_the_words_are_taught(
    base: tuple[Any, Any], conversations: Sequence[Conversation], short: Recipe, tmp_path: Path
) -> None:
    model, tokenizer = base

    (lesson,) = lessons(model, tokenizer, [conversations[0]], VALUES, replace(short, value_weight=3.0), tmp_path, "cpu")

    taught = [
        {int(id): float(share) for id, share in zip(ids, shares, strict=True) if share}
        for place, ids, shares in zip(lesson.tokens.learned, lesson.ids, lesson.shares, strict=True)
        if place in lesson.tokens.values
    ]
    assert taught == [{lesson.tokens.ids[place]: 1.0} for place in sorted(lesson.tokens.values)]
    values = [place in lesson.tokens.values for place in lesson.tokens.learned]
    assert {float(weight) for weight, value in zip(lesson.weights, values, strict=True) if value} == {3.0}


def test_a_token_counts_by_how_far_the_evidence_moves_what_the_base_holds_likely(
    base: tuple[Any, Any], conversations: Sequence[Conversation], short: Recipe, tmp_path: Path
) -> None:
    model, tokenizer = base
    floor = 1e-4  # random weights hardly read
    one = conversations[0]

    (lesson,) = lessons(model, tokenizer, [one], {}, replace(short, gap_floor=floor), tmp_path, "cpu")

    def held(messages: Sequence[Message]) -> Any:
        said = [{"role": m.role, "content": m.content} for m in messages]
        ids = tokenizer.apply_chat_template(said, tokenize=True, return_dict=False)
        from memsrv_consolidation.strategies.tokens import tokens

        places = [place - 1 for place in tokens(tokenizer, messages).learned]
        return torch.log_softmax(model(input_ids=torch.tensor([ids])).logits[0, places], -1)

    expert, naive = held(as_teacher(one)), held(one.messages)
    gaps = torch.nn.functional.kl_div(naive, expert, log_target=True, reduction="none").sum(-1)
    assert lesson.weights.tolist() == pytest.approx(gaps.clamp(floor, 1.0).tolist(), abs=1e-5)
    assert len(set(lesson.weights.tolist())) > 1


def test_what_nobody_recorded_is_taught_by_its_words_alone(conversations: Sequence[Conversation]) -> None:
    fact, unknown, rehearsal = conversations[0], conversations[-2], conversations[-1]

    assert (reads(fact), reads(unknown), reads(rehearsal)) == (True, False, True)
    assert not reads(replace(fact, evidence=()))


def test_the_lessons_are_read_back_as_they_were(
    base: tuple[Any, Any], conversations: Sequence[Conversation], short: Recipe, tmp_path: Path
) -> None:
    model, tokenizer = base
    first = lessons(model, tokenizer, conversations, VALUES, short, tmp_path, "cpu")

    again = lessons(None, tokenizer, conversations, VALUES, short, tmp_path, "cpu")

    assert all(torch.equal(a.shares, b.shares) and a.tokens == b.tokens for a, b in zip(first, again, strict=True))


def test_an_answer_of_the_bases_own_is_taken_where_it_has_the_value(
    conversations: Sequence[Conversation], tmp_path: Path
) -> None:
    asked: list[Sequence[Message]] = []

    def answer(prompts: Sequence[Sequence[Message]], expected: Sequence[str]) -> list[str]:
        asked.extend(prompts)
        return ["It listens on 4010." if "staging" in prompt[-1].content else "camelCase" for prompt in prompts]

    found = own_answers(conversations, VALUES, answer, tmp_path, True)
    again = own_answers(conversations, VALUES, answer, tmp_path, True)

    assert found[0].messages[-1].content == "It listens on 4010."
    assert found[5:] == list(conversations[5:])
    assert (again, len(asked)) == (found, 10)


def test_what_came_without_an_answer_is_answered_by_the_base_or_left_out(tmp_path: Path) -> None:
    asked = [
        Conversation(id, "rehearsal", "own", (Message("user", question), Message("assistant", "")))
        for id, question in (("a", "Write a loop."), ("b", "Say nothing."))
    ]

    found = own_answers(
        asked, {}, lambda prompts, _: ["for x in xs: pass" if "loop" in p[-1].content else "" for p in prompts],
        tmp_path, False,
    )  # fmt: skip

    assert [(one.id, one.messages[-1].content) for one in found] == [("a", "for x in xs: pass")]
