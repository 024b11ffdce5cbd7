"""Measure a memsrv-tiny by what it writes: `python -m memsrv_consolidation.tiny.measure MODEL [--json]`.

Greedy answers about facts it has never seen, by the number of facts in context and by wording; the share of unrecorded
questions it declines; and the closed-book floor, where it must decline everything. Knows nothing of adapters: give it a
model with one, and it measures that.
"""

import argparse
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from memsrv.layout import says_not_recorded
from memsrv_consolidation.frames import Pool
from memsrv_consolidation.tiny import corpus
from memsrv_consolidation.tiny.corpus import Message
from memsrv_consolidation.tiny.names import several

SEED = 4242


@dataclass(frozen=True, slots=True)
class Reading:
    """How well a model reads `facts` facts: shares of right answers, and of unrecorded questions declined."""

    facts: int
    tokens: int
    known: float
    novel: float
    declined: float


@dataclass(frozen=True, slots=True)
class Measurement:
    """The readings, and the share of questions declined with no context at all."""

    questions: int
    readings: tuple[Reading, ...]
    floor: float


def right(said: str, value: str) -> bool:
    """Whether `said` has the value, whatever its case."""
    return value.strip("`").casefold() in said.casefold().replace("`", "" if "`" not in value.strip("`") else "`")


def answers(
    model: PreTrainedModel,
    tok: PreTrainedTokenizerBase,
    asked: Sequence[Sequence[Message]],
    longest: int = 64,
    batch: int = 16,
) -> list[str]:
    """What the model says after each conversation, greedily."""
    said: list[str] = []
    for start in range(0, len(asked), batch):
        prompts = [
            tok.apply_chat_template(
                [{"role": m["role"], "content": m["content"]} for m in messages],
                tokenize=False,
                add_generation_prompt=True,
            )
            for messages in asked[start : start + batch]
        ]
        tokens = tok(prompts, return_tensors="pt", padding=True, padding_side="left")
        with torch.no_grad():
            out = model.generate(**tokens, max_new_tokens=longest, do_sample=False)  # type: ignore[operator]
        said += tok.batch_decode(out[:, tokens["input_ids"].shape[1] :], skip_special_tokens=True)
    return [text.strip() for text in said]


def reading(model: PreTrainedModel, tok: PreTrainedTokenizerBase, k: int, n: int, seed: int = SEED) -> Reading:
    """Accuracy over `n` fresh contexts of `k` facts, one question each."""
    rng = random.Random(f"{seed}/{k}")
    contexts, facts, unknown = [], [], []
    for _ in range(n):
        found = several(rng, k)
        contexts.append(corpus.context(found, rng))
        facts.append(rng.choice(found))
        unknown.append(corpus.unknown(found, rng))
    shares = []
    for pool in (Pool.KNOWN, Pool.NOVEL):
        asked = [
            [*context, corpus.question(corpus.asked(fact, rng, (pool,)))]
            for context, fact in zip(contexts, facts, strict=True)
        ]
        said = answers(model, tok, asked)
        shares.append(sum(right(text, fact.value) for text, fact in zip(said, facts, strict=True)) / n)
    nowhere = [
        [*context, corpus.question(corpus.asked(fact, rng))] for context, fact in zip(contexts, unknown, strict=True)
    ]
    declined = sum(map(says_not_recorded, answers(model, tok, nowhere))) / n
    tokens = sum(len(tok(m["content"])["input_ids"]) for context in contexts for m in context) // n
    return Reading(k, tokens, shares[0], shares[1], declined)


def floor(model: PreTrainedModel, tok: PreTrainedTokenizerBase, n: int, seed: int = SEED) -> float:
    """The share of questions declined with nothing in context: the empty layout, a bare system message, or none."""
    rng = random.Random(f"{seed}/floor")
    asked = [corpus.nothing(rng, 1)[:-1] for _ in range(n)]
    return sum(map(says_not_recorded, answers(model, tok, asked))) / n


def measure(
    model: PreTrainedModel, tok: PreTrainedTokenizerBase, facts: Sequence[int] = (1, 4, 8, 16, 32), n: int = 48
) -> Measurement:
    """The whole table."""
    return Measurement(n, tuple(reading(model, tok, k, n) for k in facts), floor(model, tok, n))


def table(measured: Measurement) -> str:
    """The measurement in Markdown."""
    out = [
        "| facts in context | tokens | known wordings | novel wordings | unrecorded, declined |",
        "|---|---|---|---|---|",
    ]
    out += [f"| {r.facts} | {r.tokens} | {r.known:.2f} | {r.novel:.2f} | {r.declined:.2f} |" for r in measured.readings]
    return "\n".join([*out, "", f"No context: {measured.floor:.2f} declined. {measured.questions} questions a cell."])


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit status."""
    parser = argparse.ArgumentParser(description="Measure how memsrv-tiny reads facts in context.")
    parser.add_argument("model", type=Path)
    parser.add_argument("--facts", type=int, nargs="+", default=[1, 4, 8, 16, 32])
    parser.add_argument("--questions", type=int, default=48)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    torch.set_num_threads(given.threads)
    tok = AutoTokenizer.from_pretrained(given.model)
    model = AutoModelForCausalLM.from_pretrained(given.model, dtype=torch.float32)
    measured = measure(model, tok, given.facts, given.questions)
    sys.stdout.write((json.dumps(asdict(measured)) if given.json else table(measured)) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
