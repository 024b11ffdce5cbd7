"""Pretrain memsrv-tiny from scratch: `python -m memsrv_consolidation.tiny.pretrain --into DIR --minutes N`.

A time box, not a step count: the same command resumes over days (`--resume` with more minutes continues, the learning
rate following the new box). State is written every few minutes and on SIGTERM/SIGINT (exit 130); progress is appended
to `pretraining_log.jsonl`. `--export DIR` writes the fp16 model after training; without `--minutes`, that of the
last checkpoint, even of a run that is going on. `--from MODEL` begins with the weights and the tokenizer of an
exported model instead of fresh ones: copying need not form again when only the corpus has become more varied. Muon for
the matrices, AdamW for the rest (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/); bf16 autocast, fp32
weights.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from transformers import PreTrainedTokenizerFast, Qwen2ForCausalLM

from memsrv_consolidation import wordings
from memsrv_consolidation.device import settle
from memsrv_consolidation.frames import Pool
from memsrv_consolidation.tiny import corpus, tokenizer
from memsrv_consolidation.tiny.initialise import fresh
from memsrv_consolidation.tiny.names import several
from memsrv_consolidation.tiny.rows import Encoder, copies, drills, padded, readings, token

LOG = "pretraining_log.jsonl"
_MATRIX_RATE, _OTHER_RATE = 0.016, 0.004
_CALM = 1030  # the step from which the rate is lower: induction forms fast at a high rate, exact copies need a calm one
_DECAY = 0.35  # the share of the time box over which the rate falls
_READERS_DECAY = 0.65  # the same of a model that reads already: it has nothing left to find at the full rate


@dataclass(slots=True)
class Course:
    """Where the curriculum stands."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    facts: float = 3.0  # facts in context, at most; raised when answers come out right
    exact: float = 0.0
    since: int = 0  # reading steps since `facts` was raised
    copying: float = 9.0  # cross-entropy of the random copies
    loss: float = 9.0
    warmed: int = 0  # the step at which the optimizers began: they warm up from there


#: Where a model stands that reads already: no copies to form, contexts of all sizes at once.
READER = Course(step=_CALM, facts=12.0, copying=0.4, exact=0.5, warmed=_CALM)


class Training:
    """The model, its optimizers and everything else that a checkpoint must hold."""

    def __init__(self, folder: Path, seed: int, model: Path | None = None) -> None:
        self.folder = folder
        self.seed = seed
        if model is not None:
            self.tok = PreTrainedTokenizerFast.from_pretrained(model)
            tokenizer.save(self.tok, folder / "tokenizer")
        elif (folder / "tokenizer").exists():
            self.tok = PreTrainedTokenizerFast.from_pretrained(folder / "tokenizer")
        else:
            self.tok = tokenizer.train(seed)
            tokenizer.save(self.tok, folder / "tokenizer")
        self.encoder = Encoder(self.tok)
        self.pad = token(self.tok, tokenizer.PAD)
        if model is None:
            self.model = fresh(len(self.tok), self.pad, self.encoder.end, seed)
        else:
            self.model = Qwen2ForCausalLM.from_pretrained(model, dtype=torch.float32)
        matrices = [p for n, p in self.model.named_parameters() if p.ndim == 2 and "embed" not in n]
        chosen = {id(p) for p in matrices}
        others = [p for p in self.model.parameters() if id(p) not in chosen]
        self.muon = torch.optim.Muon(matrices, lr=_MATRIX_RATE, weight_decay=0.01, momentum=0.95)
        for group in self.muon.param_groups:
            group["adjust_lr_fn"] = None
        self.adam = torch.optim.AdamW(others, lr=_OTHER_RATE, betas=(0.9, 0.95), weight_decay=0.0)
        self.rng = random.Random(seed + 1)
        self.course = Course() if model is None else replace(READER)
        self.log: list[dict[str, float]] = []

    def save(self) -> None:
        """The checkpoint, written beside and moved over the old one."""
        state = {
            "model": self.model.state_dict(),
            "muon": self.muon.state_dict(),
            "adam": self.adam.state_dict(),
            "random": self.rng.getstate(),
            "torch": torch.get_rng_state(),
            "course": asdict(self.course),
            "seed": self.seed,
        }
        new = self.folder / "checkpoint.new"
        torch.save(state, new)
        os.replace(new, self.folder / "checkpoint.pt")

    def load(self) -> None:
        """Go on from the checkpoint in the folder."""
        state: dict[str, Any] = torch.load(self.folder / "checkpoint.pt", weights_only=False)
        if state["seed"] != self.seed:
            raise SystemExit(f"{self.folder} was started with --seed {state['seed']}; give the same seed to resume")
        self.model.load_state_dict(state["model"])
        self.muon.load_state_dict(state["muon"])
        self.adam.load_state_dict(state["adam"])
        self.rng.setstate(state["random"])
        torch.set_rng_state(state["torch"])
        self.course = Course(**state["course"])

    def step(self, rate: float, most: int, tokens: int) -> None:
        """One optimizer step on a batch of copies or of readings."""
        course = self.course
        share = 0.5 if course.copying > 2.0 else 0.1 if course.facts < 12 else 0.05
        copy = self.rng.random() < share
        drill = copy and course.copying < 2.0 and self.rng.random() < 0.7
        budget = tokens // 2 if course.facts < 5 else tokens
        k = 0
        if copy:
            rows = (drills if drill else copies)(self.rng, len(self.tok), budget)
        else:
            rows, k = readings(self.rng, self.encoder, course.facts, budget, most)
        ids, answers = padded(rows, self.pad)
        for optimizer, full in ((self.muon, _MATRIX_RATE), (self.adam, _OTHER_RATE)):
            for group in optimizer.param_groups:
                group["lr"] = full * rate
        target, belongs = ids[:, 1:], answers[:, 1:]
        # Context tokens are mostly arbitrary: a sixth of them, lightly weighted, is enough and spares the output layer.
        sampled = (torch.rand(target.shape) < 0.15) & (target != self.pad) & (belongs == 0)
        chosen = (belongs > 0) | (sampled if not copy else torch.zeros_like(sampled))
        weight = torch.where(belongs > 0, 1.0, 0.3)[chosen]
        with torch.autocast("cpu", torch.bfloat16):
            hidden = self.model.model(input_ids=ids).last_hidden_state[:, :-1][chosen]
            logits = self.model.lm_head(hidden)
        entropy = F.cross_entropy(logits.float(), target[chosen], reduction="none")
        loss = (entropy * weight).sum() / weight.sum()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer in (self.muon, self.adam):
            optimizer.step()  # type: ignore[no-untyped-call]
            optimizer.zero_grad(set_to_none=True)
        course.step += 1
        course.tokens += ids.numel()
        answered = belongs[chosen] > 0
        value = entropy.detach()[answered].mean().item() if answered.any() else loss.item()
        if copy:
            course.copying = course.copying if drill else 0.7 * course.copying + 0.3 * value
            return
        course.loss = value if course.loss == 9.0 else 0.97 * course.loss + 0.03 * value
        if k >= min(course.facts, most) * 0.5:
            self.raise_facts(logits, target, belongs, chosen, most)

    def raise_facts(
        self, logits: torch.Tensor, target: torch.Tensor, belongs: torch.Tensor, chosen: torch.Tensor, most: int
    ) -> None:
        """More facts in context once half of the answers are right to the last token."""
        course = self.course
        wrong = torch.zeros_like(target, dtype=torch.bool)
        wrong[chosen] = logits.argmax(-1) != target[chosen]
        which = belongs + torch.arange(len(belongs))[:, None] * 1000
        every = len(set(which[belongs > 0].tolist()))
        missed = len(set(which[(belongs > 0) & wrong].tolist()))
        right = 1 - missed / max(1, every)
        course.exact = 0.9 * course.exact + 0.1 * right
        course.since += 1
        if course.since >= 12 and course.exact >= 0.5 and course.facts < most:
            course.facts = min(float(most), course.facts * 1.5)
            course.since = 0

    def accuracy(self, k: int, pools: Sequence[Pool], n: int = 12, seed: int = 99) -> float:
        """The share of `n` answers right to the last token, teacher-forced, with `k` facts in context."""
        rng = random.Random(seed)
        rows = []
        for _ in range(n):
            facts = several(rng, k)
            fact = rng.choice(facts)
            reply = wordings.answer(fact.subject, fact.relation, fact.value)
            question = corpus.asked(fact, rng, pools)
            rows.append(self.encoder.row([*corpus.context(facts, rng)[:1], *corpus.turn(question, reply)]))
        ids, answers = padded(rows, self.pad)
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            hidden = self.model.model(input_ids=ids).last_hidden_state[:, :-1]
            last = answers[:, 1:] > 0
            right = self.model.lm_head(hidden[last]).argmax(-1) == ids[:, 1:][last]
        ok = torch.ones_like(last)
        ok[last] = right
        return float(ok.all(1).float().mean())

    def note(self, tokens_a_second: float) -> dict[str, float]:
        """One line of progress, appended to the log."""
        course = self.course
        row = {
            "step": course.step,
            "minutes": round(course.seconds / 60, 2),
            "tokens": course.tokens,
            "tokens_a_second": round(tokens_a_second),
            "loss": round(course.loss, 4),
            "copying": round(course.copying, 3),
            "facts": round(course.facts, 1),
            "exact": round(course.exact, 3),
        }
        state = torch.get_rng_state()
        for k in (1, 4, 16):
            row[f"K{k}_known"] = round(self.accuracy(k, (Pool.KNOWN,)), 3)
            row[f"K{k}_novel"] = round(self.accuracy(k, (Pool.NOVEL,)), 3)
        torch.set_rng_state(state)
        with (self.folder / LOG).open("a") as log:
            log.write(json.dumps(row) + "\n")
        return row


def rate_at(share: float, step: int, warmed: int = 0) -> float:
    """The learning rate as a share of the full one: warm-up over 40 steps, then calmer, then decay at the end."""
    decay = _READERS_DECAY if warmed else _DECAY
    return (
        min(1.0, (step - warmed + 1) / 40) * (1.0 if step < _CALM else 0.4) * min(1.0, max(0.02, (1 - share) / decay))
    )


def export(model: Qwen2ForCausalLM, tok: PreTrainedTokenizerFast, into: Path, log: Path | None = None) -> None:
    """The model in fp16 with its tokenizer, template and log."""
    into.mkdir(parents=True, exist_ok=True)
    half = Qwen2ForCausalLM(model.config).half()  # type: ignore[no-untyped-call]
    half.load_state_dict(model.state_dict())
    half.save_pretrained(into)
    (into / "model.safetensors").chmod(0o644)
    tokenizer.save(tok, into)
    if log is not None and log.exists():
        shutil.copyfile(log, into / LOG)


def pretrain(training: Training, minutes: float, most: int = 20, tokens: int = 4096, steps: int | None = None) -> bool:
    """Train until the box is used up (or `steps` more are done); False when a signal ended it early."""
    stopped: list[int] = []
    before = {
        number: signal.signal(number, lambda received, _: stopped.append(received))
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    course, box = training.course, minutes * 60
    last_note = last_save = time.monotonic()
    noted, last = course.tokens, course.step + steps if steps is not None else None
    while course.seconds < box and not stopped and (last is None or course.step < last):
        begun = time.monotonic()
        training.step(rate_at(course.seconds / box, course.step, course.warmed), most, tokens)
        now = time.monotonic()
        course.seconds += now - begun
        if now - last_note > 50:
            row = training.note((course.tokens - noted) / (now - last_note))
            sys.stdout.write(json.dumps(row) + "\n")
            sys.stdout.flush()
            last_note, noted = now, course.tokens
        if now - last_save > 180:
            training.save()
            last_save = now
    training.save()
    for number, handler in before.items():
        signal.signal(number, handler)
    return not stopped


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit status."""
    parser = argparse.ArgumentParser(description="Pretrain memsrv-tiny from scratch, or export its checkpoint.")
    parser.add_argument("--into", type=Path, required=True, help="the folder of checkpoint and log")
    parser.add_argument("--minutes", type=float, default=0.0, help="the time box, earlier runs included")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--resume", action="store_true", help="continue from the checkpoint in --into")
    parser.add_argument("--from", dest="model", type=Path, help="begin with this exported model instead of a fresh one")
    parser.add_argument("--export", type=Path, help="write the fp16 model here at the end")
    given = parser.parse_args(arguments)
    settle(given.threads, given.seed)
    given.into.mkdir(parents=True, exist_ok=True)
    if given.minutes and not given.resume and (given.into / "checkpoint.pt").exists():
        raise SystemExit(f"{given.into} has a checkpoint; add --resume to continue, or choose another folder")
    training = Training(given.into, given.seed, None if given.resume else given.model)
    if given.resume or not given.minutes:
        training.load()
    done = not given.minutes or pretrain(training, given.minutes)
    if done and given.export:
        export(training.model, training.tok, given.export, given.into / LOG)
    return 0 if done else 130


if __name__ == "__main__":
    raise SystemExit(main())
