"""What a consolidation would do, before it does: on how much it would train, how long that takes, what it may cost.

Nothing is written. Time is told by earlier runs of this machine on the same base; without one it is not known.
"""

import statistics
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from memsrv.errors import MemsrvError
from memsrv.night.due import Decision
from memsrv.records import Fact
from memsrv.redact import Redactor
from memsrv.shapes import Learned
from memsrv_adapters.base import resolve
from memsrv_consolidation.expected import Expected, of_texts
from memsrv_consolidation.internalise import Policy
from memsrv_consolidation.recipe import preset
from memsrv_consolidation.reflect import trainable
from memsrv_consolidation.run import Run, read_json
from memsrv_consolidation.shape import Shape, shape_of
from memsrv_consolidation.synthesise import synthesise

#: The seed of a run; which conversations it draws changes with it, how many does not.
_SEED = 7


@dataclass(frozen=True, slots=True)
class Cost:
    """What a teacher would cost at most: what is left of its day's budget. Rules and the local base cost no money."""

    teacher: str
    tokens: int
    usd: float


@dataclass(frozen=True, slots=True)
class Plan:
    """`memsrv consolidate --dry-run`. `seconds` is None while no run of this base has been measured here."""

    project: str
    base: str
    facts: tuple[Fact, ...]
    left_out: dict[str, int]
    learned: tuple[Learned, ...]
    trainable: int
    by_kind: dict[str, int]
    by_trust: dict[str, int]
    conversations: int
    seconds: float | None
    expected: tuple[Expected, ...]  # on other machines, by formula; empty where the base is not here
    cost: Cost
    waiting: int  # facts that a person must approve before they may be trained on
    consent: bool
    night: Decision | None  # what the night would do now; None without consent


def conversations(
    facts: Sequence[Fact], base: str, strategy: str, policy: Policy, shape: Shape | None
) -> tuple[int, tuple[Expected, ...]]:
    """How many conversations a run on `base` would be trained on, but for logged turns, and what they take."""
    recipe = preset(base, strategy, parameters=shape.parameters if shape else None)
    made = synthesise(facts, recipe, _SEED, Redactor(b"dry"), policy=policy).conversations
    texts = [[message.content for message in one.messages] for one in made]
    return len(made), of_texts(texts, shape, recipe) if shape and made else ()


def shape(base: str, models: Path) -> Shape | None:
    """The shape of a base that is on this machine."""
    with suppress(MemsrvError):
        return shape_of(resolve(base, models).path)
    return None


def seconds(runs: Sequence[Run], base: str, strategy: str, conversations: int) -> float | None:
    """The time that `conversations` take from the first stage to the last, at the median pace of earlier runs."""
    paces = []
    for run in runs:
        order = run.order
        if (order.base, order.strategy) != (base, strategy) or not run.report_file.exists():
            continue
        report = read_json(run.report_file)
        total = report.get("conversations", {}).get("total", 0)
        if total:
            paces.append(sum(report["seconds"].values()) / total)
    return round(statistics.median(paces) * conversations, 1) if paces else None


def counted(facts: Sequence[Fact]) -> tuple[int, dict[str, int], dict[str, int], int]:
    """Of `facts`: how many may be trained on, those by kind, all by trust, and how many wait for a person."""
    learned = [fact for fact in facts if trainable(fact)]
    waiting = sum(not fact.trust.trainable and not fact.approved for fact in facts)
    by_kind, by_trust = Counter(str(fact.kind) for fact in learned), Counter(str(fact.trust) for fact in facts)
    return len(learned), dict(by_kind), dict(by_trust), waiting
