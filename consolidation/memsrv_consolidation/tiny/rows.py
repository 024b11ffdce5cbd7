"""What memsrv-tiny is pretrained on, as rows of tokens: copies of random tokens, and conversations to be read.

Knows nothing of the model, nor of which rows come when.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from transformers import PreTrainedTokenizerFast

from memsrv_consolidation.tiny import corpus, tokenizer
from memsrv_consolidation.tiny.corpus import Message

_LONGEST = 2048


@dataclass(frozen=True, slots=True)
class Row:
    """One document in tokens; `answers[i]` is 0 outside answers, else which answer token i belongs to."""

    ids: list[int]
    answers: list[int]


def token(tok: PreTrainedTokenizerFast, text: str) -> int:
    """The id of a special token."""
    (number,) = tok.encode(text)
    return int(number)


class Encoder:
    """Messages to tokens, piece by piece: the same ids as the chat template gives."""

    def __init__(self, tok: PreTrainedTokenizerFast) -> None:
        self.tok = tok
        start = token(tok, tokenizer.START)
        self.end = token(tok, tokenizer.END)
        self.newline: list[int] = tok.encode("\n")
        self.heads = {role: [start, *tok.encode(f"{role}\n")] for role in ("system", "user", "assistant")}

    def row(self, messages: Sequence[Message]) -> Row:
        """The document and its answers."""
        bodies = self.tok([m["content"] for m in messages])["input_ids"]
        ids: list[int] = []
        answers: list[int] = []
        count = 0
        for message, body in zip(messages, bodies, strict=True):
            head = self.heads[message["role"]]
            replies = message["role"] == "assistant"
            count += replies
            ids += [*head, *body, self.end, *self.newline]
            answers += [0] * len(head) + [count if replies else 0] * (len(body) + 1) + [0] * len(self.newline)
        return Row(ids, answers)

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """The tokens after which an answer is to come."""
        return self.row(messages).ids + self.heads["assistant"]


def padded(rows: Sequence[Row], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The rows as two rectangles, ids and answers, cut at the longest sequence."""
    width = min(_LONGEST, max(len(row.ids) for row in rows))
    ids = torch.tensor([(row.ids + [pad] * width)[:width] for row in rows])
    answers = torch.tensor([(row.answers + [0] * width)[:width] for row in rows])
    return ids, answers


def copies(rng: random.Random, vocabulary: int, tokens: int) -> list[Row]:
    """Random tokens twice: the second half can be predicted by induction only."""
    n = rng.choice((8, 16, 32, 64))
    rows = []
    for _ in range(max(1, tokens // (2 * n))):
        half = [rng.randrange(3, vocabulary) for _ in range(n)]
        rows.append(Row(half + half, [0] * n + [1] * n))
    return rows


def drills(rng: random.Random, vocabulary: int, tokens: int) -> list[Row]:
    """Harder copies: of few different tokens, so that one token back is not enough, or in chunks put out of order."""
    few, n = rng.random() < 0.5, rng.choice((24, 48, 96, 192))
    rows = []
    for _ in range(max(1, tokens // (2 * n))):
        alphabet = [rng.randrange(3, vocabulary) for _ in range(rng.randint(8, 40) if few else n)]
        half = [rng.choice(alphabet) for _ in range(n)]
        if few:
            rows.append(Row(half + half, [0] * n + [0] * 4 + [1] * (n - 4)))
            continue
        size = rng.randint(4, 8)
        chunks = [half[at : at + size] for at in range(0, n, size)]
        again = rng.sample(chunks, len(chunks))
        known = [0, 0, *([1] * size)]
        rows.append(
            Row(
                half + [t for chunk in again for t in chunk],
                [0] * n + [mark for chunk in again for mark in known[: len(chunk)]],
            )
        )
    return rows


def readings(rng: random.Random, encoder: Encoder, facts: float, tokens: int, most: int) -> tuple[list[Row], int]:
    """Conversations of about as many facts each, at most `facts`, and that number."""
    top = min(facts, most)
    # Half of the batches span all sizes: trained on the largest alone, it forgot how to read one fact (.92 -> .58).
    least = 1.0 if rng.random() < 0.5 else max(1.0, top / 4)
    k = max(1, round(math.exp(rng.uniform(math.log(least), math.log(top)))))
    turns = min(k, 12)
    rows: list[Row] = []
    left = tokens
    while left > 0:
        if facts > 4 and rng.random() < 0.05:
            row = encoder.row(corpus.nothing(rng, rng.randint(1, 4)))
        else:
            row = encoder.row(corpus.conversation(rng, k, turns, 0.09 if facts > 4 else 0.02))
        rows.append(row)
        left -= len(row.ids)
    return rows, k
