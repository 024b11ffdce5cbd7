"""The verb of reports: `worth_it` gathers a project's own figures, and says of each where it comes from.

Measured where memsrv has seen it, else as set, else a default that is named. What follows from them is in `worth`.
"""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import log
from time import monotonic
from typing import Any

from memsrv import layout
from memsrv.app.laying import Laying
from memsrv.config import entry
from memsrv.records import Event, EventType, Trust
from memsrv.worth import Change, Figures, changes, worth
from memsrv_adapters.version import Stage, shelf_name
from memsrv_consolidation.run import Run, read_json
from memsrv_consolidation.teachers import ledger

MEASURED, SETTING, DEFAULT = "measured", "setting", "default"

#: Days of questions that are looked at, and how many of the newest are asked again, to time recall.
_DAYS, _ASKED = 28, 9
#: The share of what was trained that the consolidation paper found in the weights.
_PAPER = 0.804
#: Seconds of a night of memsrv-tiny on one thread, where none was measured here: stages, then one answer.
_NIGHT = {"extract_s": 10.0, "synthesise_s": 5.0, "train_s": 600.0, "evaluate_s": 120.0, "answer_s": 0.2}
_STAGES = {
    "extract_s": ("reflect", "recompress"), "synthesise_s": ("synthesise",), "train_s": ("train",),
    "evaluate_s": ("evaluate", "decide"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Given:
    """One figure, and where it comes from: measured, a setting, or a default."""

    name: str
    value: float | None
    source: str
    how: str


@dataclass(frozen=True, slots=True)
class Report:
    """`memsrv report worth-it`. Questions and days are None where no number of them breaks even."""

    project: str
    pays: bool
    verdict: str
    cost_usd: float
    saving_usd_per_question: float
    breakeven_questions: float | None
    breakeven_days: float | None
    horizon_days: float
    questions_in_horizon: float
    inputs: tuple[Given, ...]
    changes: tuple[Change, ...]
    peak_mib: float | None  # what training held of memory meanwhile
    assumes: tuple[str, ...]


_ASSUMES = (
    "a question that the weights answer needs no memory before it and no search; the others cost the same either way",
    "money is for what is read; what is written in answers is taken to cost the same either way",
)


class Reporting(Laying):
    def worth_it(self, *, project: str | None = None) -> Report:
        """Whether training pays against memory before each question, by this project's own figures."""
        name = self._one(project)
        runs = [run for run in self._night.folders(name) if run.costs_file.exists()]
        inputs = tuple(self._figures(name, runs))
        figures = Figures(**{one.name: one.value for one in inputs if one.value is not None})
        found = worth(figures)
        peaks = [read_json(run.costs_file).get("peak_mib", {}).get("train") for run in runs]
        return Report(
            name, found.pays, _sentence(found.pays, found.questions, found.asked), found.cost_usd, found.saving_usd,
            found.questions, found.days, found.horizon_days, found.asked, inputs, changes(figures),
            max(filter(None, peaks), default=None), _ASSUMES,
        )  # fmt: skip

    def _figures(self, project: str, runs: Sequence[Run]) -> Iterator[Given]:
        prompts, sessions, days = self._asked_lately(project)
        yield from self._spent(runs)
        yield from _seconds(runs)
        for key in ("watts", "usd_per_kwh", "usd_per_machine_hour"):
            yield self._set(key)
        yield from self._laid(project, [prompt.text for prompt in prompts])
        for key in ("usd_per_million_input", "cache_discount", "usd_per_hour_waiting"):
            yield self._set(key)
        yield self._share(project)
        seen = f"of the last {days:.0f} days"
        yield Given("questions_per_day", len(prompts) / days, MEASURED, f"{len(prompts)} prompts {seen}")
        yield Given("sessions_per_day", sessions / days, MEASURED, f"{sessions} sessions {seen}: each warms a cache")
        yield self._rebuild(runs)
        yield self._half_life(project)

    def _asked_lately(self, project: str) -> tuple[list[Event], int, float]:
        """What people asked in the last days, oldest first; in how many sessions, and in how many days."""
        now = datetime.now(UTC)
        since = (now - timedelta(days=_DAYS)).isoformat()[:19]
        prompts: list[Event] = []
        held = 0
        for session in self.visible.sessions(project):
            if (session.ended or session.started or "") < since or session.parent:
                continue
            own = [
                event
                for event in self.visible.events(session.id)
                if event.type is EventType.PROMPT and event.trust is Trust.HUMAN and not event.echo
                and not event.sidechain and (event.time or "") >= since
            ]  # fmt: skip
            prompts += own
            held += bool(own)
        prompts.sort(key=lambda event: event.time or "")
        first = _moment(prompts[0].time) if prompts else None
        return prompts, held, max(1.0, min(_DAYS, (now - first) / timedelta(days=1))) if first else _DAYS

    def _spent(self, runs: Sequence[Run]) -> Iterator[Given]:
        """What a run paid its teacher, the mean of those there are: the ledger has every call."""
        of = {run.order.id for run in runs}
        calls = [one for one in ledger.entries(self.home.spend) if one.spent and one.call.run in of]
        paid = {"extract_usd": 0.0, "synthesise_usd": 0.0}
        for call in calls:
            paid["synthesise_usd" if call.call.purpose.startswith("synthesise") else "extract_usd"] += float(call.usd)
        for name, usd in paid.items():
            counted = f"{len(calls)} calls to a teacher in {len(runs)} runs"
            how = f"the ledger: {counted}" if runs else "rules alone cost none"
            yield Given(name, usd / max(1, len(runs)), MEASURED if runs else DEFAULT, how)

    def _laid(self, project: str, prompts: Sequence[str]) -> Iterator[Given]:
        """What would stand before a question if nothing were trained, and what finding it takes."""
        budget = self.settings.memory_tokens
        empty = layout.least()
        standing = self._standing(project, None)
        _, told = self._document(project, layout.room("long_term", budget), None, named=False)
        kept = [layout.Item(memory.text, memory.id) for memory in standing.kept if memory.id not in told.ids]
        laid = layout.lay_out({"long_term": told.items, "short_term": kept}, budget)
        how = f"what holds now, within `memory_tokens` ({budget})"
        yield Given("standing_tokens", max(0, laid.tokens - empty), MEASURED, how)
        took, given = [], []
        for prompt in prompts[-_ASKED:]:
            began = monotonic()
            found = self._found(prompt[:2000], project)
            took.append(monotonic() - began)
            lines = [layout.Item(hit.text, hit.id) for hit in found.results]
            blocks = {"long_term": told.items, "short_term": kept, "recall": lines}
            given.append(layout.lay_out(blocks, budget).tokens - laid.tokens)
        how = f"the median of your last {len(took)} prompts, searched again" if took else "nothing was asked lately"
        source = MEASURED if took else DEFAULT
        yield Given("recalled_tokens", statistics.median(given) if given else 0.0, source, how)
        yield Given("recall_s", statistics.median(took) if took else 0.0, source, how)

    def _share(self, project: str) -> Given:
        live = self.shelf.current(shelf_name(project))
        facts = live.manifest.facts if live is not None and not live.tainted else ()
        if live is None or not facts:
            how = "no version is live; the consolidation paper keeps so much of what it trains"
            return Given("share_in_weights", _PAPER, DEFAULT, how)
        graduated = sum(fact.stage is Stage.GRADUATED for fact in facts)
        how = f"{graduated} of {len(facts)} facts that {live.label} was trained on have graduated"
        return Given("share_in_weights", graduated / len(facts), MEASURED, how)

    def _rebuild(self, runs: Sequence[Run]) -> Given:
        began = [moment for run in runs if (moment := _moment(run.order.created))]
        gaps = [(new - old) / timedelta(days=1) for old, new in pairwise(sorted(began))]
        if gaps:
            return Given("rebuild_days", statistics.median(gaps), MEASURED, f"the median between {len(began)} runs")
        said = entry(self.home, "night.max_age_days")
        source = DEFAULT if said.source == "default" else SETTING
        return Given("rebuild_days", said.value, source, "`night.max_age_days`: anything new is learned after so long")

    def _half_life(self, project: str) -> Given:
        """Of a memory, as if each were as likely to end on any day: those that still hold count with their days."""
        now = datetime.now(UTC)
        ended, lived = 0, timedelta()
        for memory in self.visible.memories(project, include_retired=True):
            if begin := _moment(memory.valid_from):
                end = _moment(memory.valid_to)
                ended += end is not None
                lived += max(timedelta(), (end or now) - begin)
        if not ended or not lived:
            how = "nothing that was remembered has ended yet: the next rebuild alone bounds the use"
            return Given("half_life_days", None, DEFAULT, how)
        how = f"{ended} memories ended in {lived / timedelta(days=1):.0f} days that memories have held, added up"
        return Given("half_life_days", log(2) * (lived / timedelta(days=1)) / ended, MEASURED, how)

    def _set(self, key: str) -> Given:
        found = entry(self.home, f"worth.{key}")
        how = found.description if found.source == "default" else f"`worth.{key}`"
        if found.source == "default":
            how += f" Set `worth.{key}`."
        return Given(key, found.value, DEFAULT if found.source == "default" else SETTING, how)


def _seconds(runs: Sequence[Run]) -> Iterator[Given]:
    """What the stages of a run take, the median of those that trained; and one answer of its evaluation."""
    trained = [took for run in runs if "train" in (took := read_json(run.costs_file).get("seconds", {}))]
    for name, stages in _STAGES.items():
        yield _median(
            name, [sum(took.get(stage, 0.0) for stage in stages) for took in trained], "the runs that trained"
        )
    answers = [
        read_json(run.costs_file)["seconds"]["evaluate"] / many for run in runs if (many := _answers(run))
    ]  # fmt: skip
    yield _median("answer_s", answers, "what an evaluation took for each of its answers, by runs")


def _answers(run: Run) -> int:
    """How many answers the evaluation of `run` took; 0 where it had none."""
    if not run.evaluation_file.exists() or "evaluate" not in read_json(run.costs_file).get("seconds", {}):
        return 0
    rows: list[dict[str, Any]] = read_json(run.evaluation_file).get("questions", [])
    return sum(len(row.get("correct", {})) for row in rows)


def _median(name: str, figures: Sequence[float], of: str) -> Given:
    if not figures:
        return Given(name, _NIGHT[name], DEFAULT, "no run was measured; of memsrv-tiny on one thread")
    return Given(name, statistics.median(figures), MEASURED, f"the median of {len(figures)}: {of}")


def _sentence(pays: bool, questions: float | None, asked: float) -> str:
    if pays:
        return f"worth it: it breaks even after {questions:.0f} questions, and {asked:.0f} are asked before it is stale"
    if questions is None:
        return "not worth it: answering from weights costs no less than the memory that it replaces"
    late = f"it would break even after {questions:.0f} questions, and {asked:.0f} are asked before it is stale"
    return f"not worth it: {late}"


def _moment(time: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(time) if time else None
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)
