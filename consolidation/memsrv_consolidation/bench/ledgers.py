"""A made-up ledger of several nights, trained as the product trains it, and asked closed-book in held-out wordings.

Each adapter is a run folder of its own, brought as far as its adapter: what a bench that was ended had trained and
asked already is taken. torch comes with the pipeline.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memsrv.errors import RunFailed
from memsrv.records import Evidence, Fact, Kind, Memory, Message, Trust, to_dict
from memsrv_adapters.weights import hashes
from memsrv_consolidation import wordings
from memsrv_consolidation.answering import Respondents
from memsrv_consolidation.bench.begun import begun
from memsrv_consolidation.device import offered
from memsrv_consolidation.frames import Pool
from memsrv_consolidation.internalise import internalise
from memsrv_consolidation.kept import Kept
from memsrv_consolidation.pipeline import consolidate
from memsrv_consolidation.probes import gives
from memsrv_consolidation.progress import Pace
from memsrv_consolidation.recipe import preset
from memsrv_consolidation.run import Live, Order, Run, read_json, write_json, write_lines
from memsrv_consolidation.shape import shape_of
from memsrv_consolidation.tiny import names

_CREATED = "2026-11-20T00:00:00Z"
POOLS = (Pool.KNOWN, Pool.NOVEL)


@dataclass(frozen=True, slots=True)
class Training:
    """How the adapters of a bench are trained: the base as it was resolved, and the rest of an order."""

    base: str
    path: str
    hash: str
    strategy: str
    threads: int
    replay: float

    @classmethod
    def of(cls, order: Mapping[str, Any]) -> "Training":
        return cls(**{name: order[name] for name in ("base", "path", "hash", "strategy", "threads", "replay")})


@dataclass(frozen=True, slots=True)
class Trained:
    """An adapter, what it was trained on, and what that cost. `digest` is the hash of its weights."""

    adapter: Path
    facts: tuple[Fact, ...]
    conversations: int
    seconds: float
    tokens: int
    digest: str


@dataclass(frozen=True, slots=True)
class Question:
    fact: str
    pool: str
    question: str
    value: str


def nights(count: int, each: int, seed: int) -> list[list[Memory]]:
    """What a person said in so many nights, `each` facts a night; nothing is said twice.

    No value stands in another fact: who never heard of one could say it all the same.
    """
    made = _apart(random.Random(f"{seed}/ledger"), count * each)
    return [
        [_memory(f"n{night + 1}-{place}", made[night * each + place], night + 1) for place in range(each)]
        for night in range(count)
    ]


def trained(
    run: Run, memories: Sequence[Memory], training: Training, seed: int, pace: Pace, parent: Trained | None = None
) -> Trained:
    """An adapter of `memories`, fresh or on the weights of `parent`, in the folder of `run`."""
    current, earlier = None, list[str]()
    if parent is not None:
        known = [{"id": fact.id, "text": fact.text} for fact in parent.facts]
        write_json(parent.adapter / "manifest.json", {"facts": known})
        current = Live("parent", str(parent.adapter))
        before = Run(parent.adapter.parent)
        earlier = [str(before.conversations_file), *before.order.earlier]
    order = to_dict(
        Order(
            id=run.folder.name, project="bench", base=training.base, strategy=training.strategy, seed=seed,
            threads=training.threads, created=_CREATED, current=current, base_path=training.path,
            any_base=True,  # also what a night would refuse is measured
            base_hash=training.hash, extend=parent is not None, replay=training.replay, earlier=tuple(earlier),
        )
    )  # fmt: skip
    recipe = preset(training.base, training.strategy, None, shape_of(Path(training.path)).parameters)
    asked = {"order": order, "recipe": recipe, "memories": memories, "parent": parent and parent.digest}

    def lay() -> None:
        write_lines(run.episodes_file, [])
        write_json(run.memory_file, {"memories": memories})
        write_json(run.order_file, order)

    begun(run, to_dict(asked), lay)
    consolidate(run, pace, _never, until="train")
    if not run.adapter.exists():
        raise RunFailed(f"{run.folder}: nothing was trained; ask for more --facts")
    told = read_json(run.adapter / "training.json")
    return Trained(
        run.adapter, internalise(run.facts()).all, len(run.conversations()), float(told["seconds"]),
        int(told.get("tokens") or 0), hashes(run.adapter)["adapter_model.safetensors"],
    )  # fmt: skip


def questions(facts: Sequence[Fact], each: int, seed: int) -> list[Question]:
    """`each` questions for each fact in known and in novel wordings, the same for the same seed."""
    found = []
    for fact in facts:
        assert fact.subject
        assert fact.relation
        assert fact.value  # `internalise` said so
        rng = random.Random(f"{seed}/asked/{fact.id}")
        for pool in POOLS:
            for words in wordings.questions(fact.subject, fact.relation, pool, rng, each):
                found.append(Question(fact.id, str(pool), words, fact.value))
    return found


def answered(
    training: Training, made: Mapping[str, Trained], asked: Sequence[Question], kept: Path
) -> dict[str, list[bool]]:
    """By adapter, whether each question was answered with its value, with nothing in context. Answers are `kept`."""
    weights = {name: [training.hash, one.digest] for name, one in made.items()}
    adapters = {name: one.adapter for name, one in made.items()}
    respondents = Respondents(Path(training.path), adapters, offered(), kept=Kept(kept, weights))
    prompts = [(Message("user", one.question),) for one in asked]
    found = {}
    for name in adapters:
        said = respondents.answers(name, prompts, [f"{one.value} " * 2 for one in asked])
        found[name] = [gives(one.value, text) for one, text in zip(asked, said, strict=True)]
    respondents.close()
    return found


def _apart(rng: random.Random, count: int) -> list[names.Made]:
    found: list[names.Made] = []
    while len(found) < count:
        [one] = names.several(rng, 1)
        if not any(_tells(one, other) or _tells(other, one) or names.key(one) == names.key(other) for other in found):
            found.append(one)
    return found


def _tells(one: names.Made, other: names.Made) -> bool:
    """Whether the words of one give the value of the other."""
    return gives(other.value, wordings.claim(one.subject, one.relation, one.value))


def _memory(id: str, made: names.Made, night: int) -> Memory:
    text = wordings.claim(made.subject, made.relation, made.value)
    said = (Evidence(f"night-{night}", 0, text),)
    day = f"2026-11-{night:02d}T10:00:00Z"
    return Memory(id, "bench", Kind.EPISODIC, text, Trust.HUMAN, said, made.subject, made.relation, made.value, day)


@contextmanager
def _never() -> Iterator[Callable[[], bool]]:
    """A bench that is ended ends at once; what was trained before stays."""
    yield lambda: False
