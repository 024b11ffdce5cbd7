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
from memsrv.night.extending import obstacle
from memsrv.records import Conversation, Fact
from memsrv.redact import Redactor
from memsrv.shapes import Learned
from memsrv_adapters.base import resolve
from memsrv_adapters.shelf import Shelf
from memsrv_adapters.version import EXTEND, REBUILD, shelf_name
from memsrv_consolidation.expected import Expected, of_texts
from memsrv_consolidation.extension import of_earlier, parted_on, replayed
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
class Built:
    """On what weights: `how` is "rebuild" or "extend", from which parent; `why` not an extension that was asked for."""

    how: str = REBUILD
    parent: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Onto:
    """What an extension goes on from: the live version's folder, earlier nights' conversations, the share of replay."""

    path: Path
    earlier: Sequence[str]
    replay: float


@dataclass(frozen=True, slots=True)
class Training:
    """What a run would train: facts, conversations and those of them that are replayed, and what that takes."""

    facts: tuple[Fact, ...]
    conversations: int
    replayed: int
    expected: tuple[Expected, ...]  # empty where the base is not here


@dataclass(frozen=True, slots=True)
class Plan:
    """`memsrv consolidate --dry-run`. `seconds` is None while no run of this base has been measured here."""

    project: str
    base: str
    facts: tuple[Fact, ...]
    left_out: dict[str, int]
    learned: tuple[Learned, ...]
    built: Built
    trainable: int  # facts that would be trained; of an extension what its parent was not trained on
    by_kind: dict[str, int]
    by_trust: dict[str, int]
    conversations: int
    replayed: int  # those of them that are old nights'
    seconds: float | None
    expected: tuple[Expected, ...]  # on other machines, by formula; empty where the base is not here
    cost: Cost
    waiting: int  # facts that a person must approve before they may be trained on
    consent: bool
    night: Decision | None  # what the night would do now; None without consent


def built(
    shelf: Shelf, project: str, base: str, models: Path, strategy: str, named: str | None = None
) -> tuple[Built, Path | None]:
    """How an extension that is asked for would be built, and on which folder; None where all is trained anew."""
    live = shelf.current(shelf_name(project))
    with suppress(MemsrvError):
        here = resolve(base, models)
        recipe = preset(here.name, strategy, named, shape_of(here.path).parameters)
        why = obstacle(shelf, shelf_name(project), live, here, recipe)
        if why is None and live is not None:
            return Built(EXTEND, live.version), live.path
        return Built(why=why), None
    return Built(why=f"{base} is not on this machine, so nobody can say whether it is the live version's base"), None


def training(
    facts: Sequence[Fact],
    base: str,
    strategy: str,
    policy: Policy,
    shape: Shape | None,
    onto: Onto | None = None,
    named: str | None = None,
) -> Training:
    """What a run on `base` would be trained on, but for logged turns, and what that takes."""
    recipe = preset(base, strategy, named, shape.parameters if shape else None)
    redactor = Redactor(b"dry")
    _, old = parted_on(onto.path if onto else None, facts, policy)
    new = [fact for fact in facts if fact not in old]

    def told(some: Sequence[Fact]) -> tuple[Conversation, ...]:
        rest = [fact for fact in facts if fact not in some]
        return synthesise(some, recipe, _SEED, redactor, policy=policy, elsewhere=rest).conversations

    made = told(new)
    again = (
        replayed(old, len(made), onto.replay, _SEED, worded=of_earlier(onto.earlier, old, redactor),
                 reword=lambda fact: told([fact]))
        if onto else []
    )  # fmt: skip
    texts = [[message.content for message in one.messages] for one in (*made, *again)]
    takes = of_texts(texts, shape, recipe) if shape and made else ()
    return Training(tuple(new), len(texts), len(again), takes)


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
