"""How fast a strategy trains, and how soon it recalls: one strategy, one process, so that its peak memory is its own.

Facts are made up; all strategies get the same conversations, with a loss on answers alone. Of the states that training
saves on its way a copy is kept with its time, and asked afterwards, closed-book. A base by the name of a real one's
shape has random weights and the words of memsrv-tiny: it learns nothing, and takes the time that the real one takes.
"""

import random
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from memsrv.records import Conversation, Fact, Kind, Trust
from memsrv.redact import Redactor
from memsrv_adapters.base import resolve
from memsrv_consolidation import wordings
from memsrv_consolidation.answering import Respondents
from memsrv_consolidation.bench import Told, carry_out, plain
from memsrv_consolidation.costs import peak_mib
from memsrv_consolidation.device import offered
from memsrv_consolidation.frames import Pool
from memsrv_consolidation.probes import gives
from memsrv_consolidation.recipe import Recipe, preset
from memsrv_consolidation.shape import SHAPES, shape_of
from memsrv_consolidation.strategies import Strategy, strategy
from memsrv_consolidation.strategies.sft import WHOLE
from memsrv_consolidation.synthesise import synthesise
from memsrv_consolidation.tiny import names

#: trl as it comes, beside our strategies.
PLAIN = "trl"
#: Questions about each fact in each sort of wording.
EACH = 2


@dataclass
class Watch:
    """How long steps take, and the states that were saved on the way, with the time it took to reach them.

    A step that saved something, and the first of a round, tell nothing of the pace: they are left out of its mean.
    """

    checkpoints: Path
    kept: Path
    told: Told
    name: str
    began: float = field(default_factory=time.monotonic)
    copying: float = 0.0
    saved: dict[str, float] = field(default_factory=dict)
    steps: list[tuple[float, float]] = field(default_factory=list)  # seconds, and of them on the CPU
    all_steps: list[tuple[float, float]] = field(default_factory=list)
    since: tuple[float, float] = (0.0, 0.0)

    def begin(self, total: int, done: int) -> None:
        self.keep()
        self.since = time.monotonic(), time.process_time()

    def count(self, done: int, total: int) -> None:
        took = time.monotonic() - self.since[0], time.process_time() - self.since[1]
        self.told(self.name, done, total)
        self.all_steps.append(took)
        if not self.keep() and done > 1:
            self.steps.append(took)
        self.since = time.monotonic(), time.process_time()

    def pace(self, steps: int) -> tuple[float, float]:
        """The seconds that so many steps take by the mean, and those of the CPU."""
        told = self.steps or self.all_steps
        return steps * fmean(step[0] for step in told), steps * fmean(step[1] for step in told)

    def keep(self) -> bool:
        """Copy what was saved since the last look; whether there was anything."""
        reached = time.monotonic()
        new = [
            whole.parent
            for whole in sorted(self.checkpoints.rglob(f"checkpoint-*/{WHOLE}"))
            if str(whole.parent.relative_to(self.checkpoints)) not in self.saved
        ]
        for folder in new:
            self.add(folder, str(folder.relative_to(self.checkpoints)), reached)
        return bool(new)

    def add(self, folder: Path, name: str, reached: float) -> None:
        self.saved[name] = reached - self.began - self.copying
        into = self.kept / name
        into.mkdir(parents=True)
        for file in ("adapter_model.safetensors", "adapter_config.json"):
            shutil.copyfile(folder / file, into / file)
        self.copying += time.monotonic() - reached


def made_up(count: int, seed: int) -> list[Fact]:
    """Facts that nobody has heard of."""
    made = names.several(random.Random(f"{seed}/training"), count)
    return [
        Fact(f"f{place}", Kind.EPISODIC, wordings.claim(one.subject, one.relation, one.value), Trust.HUMAN, (),
             one.subject, one.relation, one.value)
        for place, one in enumerate(made)
    ]  # fmt: skip


def recipe_of(order: dict[str, Any]) -> Recipe:
    """The strategy's own for this base, with a loss on answers alone; trl's is that of `distil`, or its `preset`.

    Where only the pace is measured it is one epoch without looks, repairs and answers that the base writes.
    """
    own = preset(order["name"], "paper") if order["strategy"] == "paper" else _ours(order)
    recipe = replace(own, completion_only=True)
    if order["steps"] is None:
        return recipe
    return replace(recipe, epochs=1, select_each=0.0, repair_rounds=0, own_answers=False)


def _ours(order: dict[str, Any]) -> Recipe:
    return preset(order["name"], "distil", order["preset"])


def conversations_of(order: dict[str, Any], facts: Sequence[Fact], recipe: Recipe) -> list[Conversation]:
    """The same for every strategy: those of `distil`, or as many of them as the steps take."""
    whole = synthesise(facts, _ours(order), order["seed"], Redactor(b"bench")).conversations
    if order["steps"] is None:
        return list(whole)
    needed = order["steps"] * recipe.batch
    return random.Random(order["seed"]).sample(list(whole) * (1 + needed // len(whole)), needed)


def invented(name: str, layers: int | None, folder: Path) -> Path:
    """A base of the shape called `name` in `folder`, with random weights; made once."""
    if (folder / "config.json").exists():
        return folder
    import torch
    from transformers import AutoTokenizer, Qwen2Config, Qwen2ForCausalLM

    shape = SHAPES[name]
    tokenizer = AutoTokenizer.from_pretrained(resolve("memsrv-tiny").path)
    config = Qwen2Config(
        vocab_size=shape.vocabulary, hidden_size=shape.width, intermediate_size=shape.inner,
        num_hidden_layers=layers or shape.layers, num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads, tie_word_embeddings=shape.tied, max_position_embeddings=32_768,
        pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id, bos_token_id=None,
    )  # fmt: skip
    device = offered()
    torch.manual_seed(7)
    with torch.device(device.kind):
        model: Any = Qwen2ForCausalLM(config).to(getattr(torch, device.dtype))
    part = folder.with_name(folder.name + ".part")
    model.save_pretrained(part)
    tokenizer.save_pretrained(part)
    part.rename(folder)
    return folder


def training(order: dict[str, Any], folder: Path, told: Told) -> dict[str, Any]:
    """`order`: name, path (None: a shape by its name, made in `base`), layers, strategy, preset (None: the base's own),
    steps, facts, seed, threads.
    """
    base = Path(order["path"]) if order["path"] else invented(order["name"], order["layers"], Path(order["base"]))
    shutil.rmtree(folder / "work", ignore_errors=True)
    recipe = recipe_of(order)
    facts = made_up(order["facts"], order["seed"])
    conversations = conversations_of(order, facts, recipe)
    work = folder / "work"
    watch = Watch(work / "checkpoints", work / "kept", told, order["strategy"])
    figures = _way(order["strategy"]).train(
        conversations, recipe, base, adapter=work / "adapter", checkpoints=watch.checkpoints, seed=order["seed"],
        threads=order["threads"], begin=watch.begin, count=watch.count, stopping=lambda: False, facts=facts,
    )  # fmt: skip
    watch.add(work / "adapter", "end", time.monotonic())
    seconds, on_cpu = watch.pace(figures["steps"])
    looks = _looks(order, base, facts, watch) if order["steps"] is None else []
    shape = shape_of(base)
    shutil.rmtree(work)
    return {
        "strategy": order["strategy"], "parameters": shape.parameters, "device": figures["device"],
        "dtype": figures["dtype"], "optimizer": figures["optimizer"], "steps": figures["steps"],
        "batch": recipe.batch, "epochs": recipe.epochs, "examples": len(conversations),
        "tokens": figures["tokens"], "completion_tokens": figures["completion_tokens"],
        "seconds": round(seconds, 2), "cpu_seconds": round(on_cpu, 2), "whole_seconds": round(watch.saved["end"], 2),
        "tokens_per_s": round(figures["tokens"] / seconds, 1),
        "completion_tokens_per_s": round(figures["completion_tokens"] / seconds, 1),
        "examples_per_s": round(figures["steps"] * recipe.batch / seconds, 2),
        "peak_mib": _peak(), "looks": looks,
    }  # fmt: skip


def _way(name: str) -> Strategy:
    if name == PLAIN:
        return plain
    return strategy(name)


def _looks(order: dict[str, Any], base: Path, facts: Sequence[Fact], watch: Watch) -> list[dict[str, float]]:
    """The share of closed-book questions that each kept state answers, in the order in which it was reached."""
    rng = random.Random(f"{order['seed']}/asked")
    asked = [
        (question, fact)
        for fact in facts
        for pool in (Pool.KNOWN, Pool.NOVEL)
        for question in wordings.questions(fact.subject or "", fact.relation or "", pool, rng, EACH)
    ]
    respondents = Respondents(base, {name: watch.kept / name for name in watch.saved}, offered())
    found = []
    for place, (name, seconds) in enumerate(sorted(watch.saved.items(), key=lambda item: item[1])):
        said = respondents.answers(
            name, [_closed(question) for question, _ in asked],
            [wordings.answer(f.subject or "", f.relation or "", f.value or "") for _, f in asked],
        )  # fmt: skip
        right = sum(gives(fact.value or "", text) for (_, fact), text in zip(asked, said, strict=True))
        found.append({"seconds": round(seconds, 2), "recall": round(right / len(asked), 4)})
        watch.told(f"{watch.name}: asked", place + 1, len(watch.saved))
    respondents.close()
    return found


def _closed(question: str) -> tuple[Any, ...]:
    from memsrv.records import Message

    return (Message("user", question),)


def _peak() -> float:
    """MiB: of the GPU where there is one, else of this process."""
    import torch

    if torch.cuda.is_available():
        return round(sum(torch.cuda.max_memory_allocated(n) for n in range(torch.cuda.device_count())) / 2**20, 1)
    return peak_mib()


if __name__ == "__main__":
    sys.exit(carry_out("training", training, sys.argv[1:]))
