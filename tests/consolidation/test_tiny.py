"""memsrv-tiny: its corpus is reproducible, its pretraining resumes, and what is shipped loads and reads."""

import json
import random
import re
import shutil
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from memsrv.layout import NOT_RECORDED, Blocks, render, says_not_recorded
from memsrv_consolidation import frames, wordings
from memsrv_consolidation.frames import Pool, Shape
from memsrv_consolidation.tiny import corpus, measure, pretrain, rows

SHIPPED = Path(__file__).parents[2] / "adapters" / "memsrv_adapters" / "bases" / "memsrv-tiny"


@pytest.fixture(scope="module")
def tok() -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(SHIPPED)


@pytest.fixture(scope="module")
def model() -> PreTrainedModel:
    torch.set_num_threads(1)
    return AutoModelForCausalLM.from_pretrained(SHIPPED, dtype=torch.float32)


def test_the_same_seed_makes_the_same_document() -> None:
    first, second = (corpus.conversation(random.Random(11), 9, 9) for _ in range(2))

    assert first == second


def test_every_question_of_a_conversation_is_answered_from_its_context() -> None:
    messages = corpus.conversation(random.Random(12), 6, 6, unknowns=0.0)
    context = messages[0]["content"]
    answers = [m["content"] for m in messages if m["role"] == "assistant" and m["content"] != "Noted."]

    assert len(answers) == 6
    assert all(answer.rstrip(".").split()[-1].strip("`") in context for answer in answers)


def test_without_context_every_answer_says_that_it_is_not_recorded() -> None:
    messages = corpus.nothing(random.Random(13), 20)

    assert {m["content"] for m in messages if m["role"] == "assistant"} == {NOT_RECORDED}


def test_what_is_unknown_is_in_no_fact() -> None:
    rng = random.Random(14)
    facts = corpus.several(rng, 12)
    keys = {corpus.key(fact) for fact in facts}

    assert not keys & {corpus.key(corpus.unknown(facts, rng)) for _ in range(50)}


def test_rehearsal_is_reproducible_and_both_reads_and_declines() -> None:
    documents = corpus.rehearsal(40, seed=5)
    answers = {m["content"] for document in documents for m in document if m["role"] == "assistant"}

    assert documents == corpus.rehearsal(40, seed=5)
    assert NOT_RECORDED in answers
    assert len(answers) > 20


def test_the_words_of_novel_cores_are_not_in_the_corpus() -> None:
    rng = random.Random(15)
    asked = "\n".join({corpus.asked(corpus.made(rng), rng).casefold() for _ in range(3000)})
    novel = [core for shape in Shape for core in frames.CORES[shape, Pool.NOVEL]]
    pieces = {piece.strip(" ,.?!") for core in novel for piece in re.split(r"\{\w\}", core.casefold())}
    long = [piece for piece in pieces if len(piece.split()) > 3]

    assert len(long) > 50
    met = [piece for piece in long if piece in asked]
    assert len(met) <= 2, met  # of those who wrote blind two came upon the same four words: "how do we write"


@pytest.mark.parametrize(
    "text",
    ["The port of `x` is 48213.", "pnpm run  test --filter=@acme/api\n", "naïve — 漢字 🙂 £9", "HTTPServer_v2.1"],
)
def test_the_tokenizer_gives_any_text_back(tok: PreTrainedTokenizerBase, text: str) -> None:
    assert text == tok.decode(tok(text)["input_ids"])


def test_a_made_up_string_has_the_same_tokens_wherever_it_stands(tok: PreTrainedTokenizerBase) -> None:
    alone = tok.tokenize("zorblaxQuux-17")

    assert alone == tok.tokenize("`zorblaxQuux-17`")[1:-1] == tok.tokenize("is zorblaxQuux-17")[-len(alone) :]


def test_the_chat_template_marks_exactly_the_answers(tok: PreTrainedTokenizerBase) -> None:
    messages = [{"role": "system", "content": render(Blocks())}, {"role": "user", "content": "Port?"}]
    messages.append({"role": "assistant", "content": NOT_RECORDED})
    both = tok.apply_chat_template(messages, return_dict=True, return_assistant_tokens_mask=True)
    marked = [i for i, kept in zip(both["input_ids"], both["assistant_masks"], strict=True) if kept]

    assert tok.decode(marked) == f"{NOT_RECORDED}<|im_end|>"


def test_pretraining_sees_the_tokens_of_the_chat_template(tok: PreTrainedTokenizerBase) -> None:
    messages = corpus.conversation(random.Random(16), 3, 3)

    assert rows.Encoder(tok).row(messages).ids == tok.apply_chat_template(messages, return_dict=True)["input_ids"]


def test_what_is_shipped_fits_in_twenty_megabytes() -> None:
    assert sum(file.stat().st_size for file in SHIPPED.iterdir()) <= 20e6


def test_the_model_card_and_the_log_are_shipped() -> None:
    rows = [json.loads(line) for line in (SHIPPED / pretrain.LOG).read_text().splitlines()]

    assert (SHIPPED / "README.md").read_text()
    assert rows[-1]["tokens"] > rows[0]["tokens"]


def test_the_shipped_model_reads_one_fact_in_either_wording(
    model: PreTrainedModel, tok: PreTrainedTokenizerBase
) -> None:
    read = measure.reading(model, tok, 1, 16)

    assert read.known >= 0.75
    assert read.novel >= 0.6


def test_the_shipped_model_knows_nothing_by_itself(model: PreTrainedModel, tok: PreTrainedTokenizerBase) -> None:
    assert measure.floor(model, tok, 16) >= 0.9


def test_the_shipped_model_reads_a_fact_in_the_layout_of_the_product(
    model: PreTrainedModel, tok: PreTrainedTokenizerBase
) -> None:
    said = measure.answers(
        model,
        tok,
        [
            [
                {"role": "system", "content": render(Blocks(recall=["The port of staging server is 4010."]))},
                {"role": "user", "content": question},
            ]
            for question in wordings.questions("staging server", "port", Pool.TRAIN, random.Random(2), 4)
        ],
    )

    assert sum("4010" in text for text in said) >= 3
    assert not all(map(says_not_recorded, said))


def test_a_resumed_pretraining_continues_from_its_checkpoint(tmp_path: Path) -> None:
    at_once, in_parts = tmp_path / "at-once", tmp_path / "in-parts"
    for folder in (at_once, in_parts):
        shutil.copytree(SHIPPED, folder / "tokenizer", ignore=shutil.ignore_patterns("model.*", "*.md", "*.jsonl"))
    torch.set_num_threads(1)
    whole = pretrain.Training(at_once, seed=3)
    pretrain.pretrain(whole, minutes=600, tokens=256, steps=4)
    pretrain.pretrain(pretrain.Training(in_parts, seed=3), minutes=600, tokens=256, steps=2)
    resumed = pretrain.Training(in_parts, seed=3)
    resumed.load()
    pretrain.pretrain(resumed, minutes=600, tokens=256, steps=2)

    assert (whole.course.step, whole.course.tokens) == (resumed.course.step, resumed.course.tokens)
    for ours, theirs in zip(whole.model.parameters(), resumed.model.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=2e-3)


def test_a_folder_with_a_checkpoint_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").touch()

    with pytest.raises(SystemExit, match="--resume"):
        pretrain.main(["--into", str(tmp_path), "--minutes", "1"])


def test_an_export_is_half_precision_and_loads(
    tmp_path: Path, model: PreTrainedModel, tok: PreTrainedTokenizerBase
) -> None:
    pretrain.export(model, tok, tmp_path)
    again = AutoModelForCausalLM.from_pretrained(tmp_path)

    assert again.dtype is torch.float16
    assert AutoTokenizer.from_pretrained(tmp_path).chat_template == tok.chat_template
