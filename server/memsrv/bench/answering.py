"""`memsrv bench endpoint`: the questions that a run measured its adapter by, asked of the endpoint as a client would.

Four ways: the live version and its bare base, closed-book and with memory before the question. Of what the run learned
an answer is right with the value, of what nobody said when it declines. Knows no store and no model.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic

from memsrv.bench.shares import Share, share
from memsrv.errors import EndpointUnavailable, NotFound
from memsrv_adapters import client
from memsrv_adapters.recall import SUFFIX
from memsrv_consolidation.probes import Probe, correct
from memsrv_consolidation.run import Run, read_json

#: Asks a model by its name.
Ask = Callable[[str, str], client.Answer | client.Warming]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to ask, and how it went. `given`: records before a question, the median; `seconds` likewise."""

    name: str
    model: str
    known: Share
    novel: Share
    unknown: Share
    seconds: float
    given: float


@dataclass(frozen=True, slots=True)
class Answering:
    run: str
    questions: int
    ways: tuple[Way, ...]


def answering(runs: Sequence[Run], model: str, ask: Ask, *, limit: int | None = None) -> Answering:
    """`model` is a project's name, as `memsrv/demo`; of each sort of question at most `limit` are asked."""
    run = next((run for run in runs if run.evaluation_file.exists() and _asked(run, 1)), None)
    if run is None:
        raise NotFound("no run of this project has measured anything yet; run `memsrv consolidate`")
    probes = _asked(run, limit)
    ways = {
        "base, closed-book": f"{model}:base",
        "base with memory": f"{model}:base{SUFFIX}",
        "adapter, closed-book": model,
        "adapter with memory": f"{model}{SUFFIX}",
    }
    return Answering(run.order.id, len(probes), tuple(_way(name, one, probes, ask) for name, one in ways.items()))


def _asked(run: Run, limit: int | None) -> list[Probe]:
    """The questions about what the run learned, by wording, and about what nobody said; not those about facts that were
    made up for it, of which no memory tells."""
    found: dict[tuple[str, str], list[Probe]] = {}
    for row in read_json(run.evaluation_file)["questions"]:
        if row["about"] in ("fact", "unknown"):
            probe = Probe(**{name: row[name] for name in Probe.__slots__ if name != "context"})
            found.setdefault((probe.about, probe.wording), []).append(probe)
    return [probe for probes in found.values() for probe in probes[:limit]]


def _way(name: str, model: str, probes: Sequence[Probe], ask: Ask) -> Way:
    right: dict[str, list[bool]] = {"known": [], "novel": [], "unknown": []}
    took, given = [], []
    for probe in probes:
        began = monotonic()
        said = ask(model, probe.question)
        took.append(monotonic() - began)
        if isinstance(said, client.Warming):
            raise EndpointUnavailable("the endpoint ended in the middle of the bench; run it again")
        given.append(len(said.given))
        right["unknown" if probe.value is None else probe.wording].append(correct(probe, said.answer))
    shares = {sort: share(sum(marks), len(marks)) for sort, marks in right.items()}
    return Way(
        name, model, shares["known"], shares["novel"], shares["unknown"],
        round(statistics.median(took), 3), statistics.median(given),
    )  # fmt: skip
