"""`memsrv bench compaction`: facts planted in long sessions, and what of them is left after one, two and three cycles.

As in the paper: the context is cut to a sixth, fresh work of the same length follows, and the facts of the first part
are looked for in what is left. Each contestant carries its own context on; memsrv reads the log alone. A fact is kept
where its exact values stand together; whether a model finds them there is asked of a base, where one is given.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from memsrv.bench.asking import Answered, Base, Sheet, Told, asked
from memsrv.bench.coding import Coder, Part, append, kept
from memsrv.bench.planted import FLOOR, PROSE, Planted
from memsrv.bench.sessions import Library
from memsrv.capture import Capture
from memsrv.compact import compact
from memsrv.consent import Consent
from memsrv.errors import UsageError
from memsrv.ingest import ingest
from memsrv.layout import CHARS_PER_TOKEN, tokens
from memsrv.recover import BUDGET, recover
from memsrv.redact import Redactor
from memsrv.settings import Settings
from memsrv.sources import SOURCES
from memsrv.store import Store

_CLAUDE = next(source for source in SOURCES if source.name == "claude-code")
RATIO, CYCLES = 6, 3
#: The paper's conversations have 50,000 to 65,000 tokens.
PART_TOKENS = 60_000
#: Facts of a session that a base is asked for, in each context.
QUESTIONS = 7
#: What `recover` is asked for: little, and its default.
RECOVERED_TOKENS = (1_500, BUDGET)

#: What was left so far, the work that followed, and how many tokens may be left of both: what is left.
Summarise = Callable[[str, Part, int], str]


@dataclass(frozen=True, slots=True)
class Left:
    """Of the facts of one kind, how many are left after so many cycles."""

    contestant: str
    cycle: int
    kind: str  # of planted.FLOOR or PROSE; "floor" and "prose" for all of them
    kept: int
    planted: int


@dataclass(frozen=True, slots=True)
class Returned:
    """Of the values that a lossy summary dropped, and of those that it kept, how many `recover` gives back."""

    budget: int
    dropped: int
    dropped_returned: int
    kept: int
    kept_returned: int


@dataclass(frozen=True, slots=True)
class CompactionBench:
    seed: int
    sessions: int
    part_tokens: int
    ratio: int
    left: tuple[Left, ...]
    returned: tuple[Returned, ...]
    megabytes: float  # of words that were compacted
    seconds_per_mb: float
    recover_seconds_per_mb: float
    base: str | None = None
    answered: tuple[Answered, ...] = ()


def compaction(
    *,
    seed: int = 1,
    sessions: int = 6,
    part_tokens: int = PART_TOKENS,
    summarise: Summarise | None = None,
    base: Base | None = None,
    questions: int = QUESTIONS,
    told: Told = lambda done, total: None,
) -> CompactionBench:
    """`summarise` is a teacher's, for comparison. `base` is asked so many `questions` of each session and context."""
    if sessions < 1 or part_tokens < 2_000 or questions < 1:
        raise UsageError(
            "a bench of nothing shows nothing; give a session, a question and parts of 2000 tokens at least"
        )
    library, counts, spent, sheet = Library(), _Counts(), _Spent(), Sheet(questions if base else 0)
    ways: dict[str, Summarise] = {"truncation": _truncated, "masking only": _masked}
    ways |= {"teacher": summarise} if summarise else {}
    returned = [Counter[str]() for _ in RECOVERED_TOKENS]
    with TemporaryDirectory(prefix="memsrv-bench-") as folder:
        for number in range(sessions):
            home = Path(folder) / str(number)
            _cycles(Coder(f"{seed} {number}", library), home / "cycles", part_tokens, ways, counts, spent, sheet)
            _recovered(Coder(f"{seed} {number} cut", library), home / "cut", part_tokens, returned, spent)
    return CompactionBench(
        seed=seed,
        sessions=sessions,
        part_tokens=part_tokens,
        ratio=RATIO,
        left=tuple(counts.lines(("memsrv", *ways))),
        returned=tuple(
            Returned(budget, *(found[name] for name in ("dropped", "dropped back", "kept", "kept back")))
            for budget, found in zip(RECOVERED_TOKENS, returned, strict=True)
        ),
        megabytes=round(spent.bytes["compact"] / 1e6, 2),
        seconds_per_mb=spent.per_mb("compact"),
        recover_seconds_per_mb=spent.per_mb("recover"),
        base=base.name if base else None,
        answered=asked(sheet, base, told) if base else (),
    )


class _Counts:
    def __init__(self) -> None:
        self._kept: Counter[tuple[str, int, str]] = Counter()
        self._planted: Counter[tuple[str, int, str]] = Counter()

    def add(self, contestant: str, cycle: int, facts: Sequence[Planted], text: str) -> None:
        for fact, is_kept in zip(facts, kept(facts, text), strict=True):
            kind = fact.kind.split()[-1]  # an agent's decision is a decision
            for name in (kind, "floor" if kind in FLOOR else "prose"):
                self._planted[contestant, cycle, name] += 1
                self._kept[contestant, cycle, name] += is_kept

    def lines(self, contestants: Sequence[str]) -> list[Left]:
        return [
            Left(contestant, cycle, kind, self._kept[key], self._planted[key])
            for kind in ("floor", *FLOOR, "prose", *PROSE)
            for cycle in range(1, CYCLES + 1)
            for contestant in contestants
            if self._planted[key := (contestant, cycle, kind)]
        ]


class _Spent:
    def __init__(self) -> None:
        self.bytes: Counter[str] = Counter()
        self._seconds: dict[str, float] = {"compact": 0.0, "recover": 0.0}

    def on(self, what: str, store: Store, work: Callable[[], str]) -> str:
        began = time.perf_counter()
        made = work()
        self._seconds[what] += time.perf_counter() - began
        self.bytes[what] += sum(len(event.text) for session in store.sessions() for event in store.events(session.id))
        return made

    def per_mb(self, what: str) -> float:
        return round(self._seconds[what] / (self.bytes[what] / 1e6), 3)


def _cycles(
    coder: Coder,
    home: Path,
    part_tokens: int,
    ways: Mapping[str, Summarise],
    counts: _Counts,
    spent: _Spent,
    sheet: Sheet,
) -> None:
    log = home / "claude" / f"{coder.session}.jsonl"
    contexts = dict.fromkeys(("memsrv", *ways), "")
    facts: list[Planted] = []
    few: list[Planted] = []
    log.parent.mkdir(parents=True)
    with Store.open(home / "memsrv.db") as store:
        for cycle in range(1, CYCLES + 1):
            part = coder.part(part_tokens * CHARS_PER_TOKEN)
            if not facts:
                facts, few = part.facts, sheet.chosen(part.facts)
                if few:
                    sheet.add_bounds(few, part.text)
            _read(store, log, [part])
            for name, context in contexts.items():
                budget = tokens(f"{context}\n{part.text}") // RATIO
                if name == "memsrv":
                    left = spent.on("compact", store, partial(_compacted, store, coder.session, budget))
                else:
                    left = ways[name](context, part, budget)
                contexts[name] = left
                counts.add(name, cycle, facts, left)
                if few:
                    sheet.add(name, cycle, few, left, list(kept(few, left)))


def _recovered(coder: Coder, home: Path, part_tokens: int, returned: Sequence[Counter[str]], spent: _Spent) -> None:
    """A host's summary that tells half of the facts, in words of its own; what comes back of both halves."""
    log, part = home / "claude" / f"{coder.session}.jsonl", coder.part(part_tokens * CHARS_PER_TOKEN)
    log.parent.mkdir(parents=True)
    told = [fact for fact in part.facts if coder.dice.random() < 0.5]
    lines = ["This session is being continued from a previous conversation that ran out of context.", "Summary:"]
    summary = "\n".join([*lines, *(f"- {_retold(fact, coder.dice)}" for fact in told)])
    with Store.open(home / "memsrv.db") as store:
        _read(store, log, [part, coder.boundary(summary)])
        for budget, found in zip(RECOVERED_TOKENS, returned, strict=True):
            text = spent.on("recover", store, partial(_returned, store, coder.session, budget))
            for fact, is_back in zip(part.facts, kept(part.facts, text), strict=True):
                half = "kept" if fact in told else "dropped"
                found[half] += 1
                found[f"{half} back"] += is_back


def _compacted(store: Store, session: str, budget: int) -> str:
    return compact(store, session, budget=budget).text


def _returned(store: Store, session: str, budget: int) -> str:
    return recover(store, session, budget=budget).text


def _retold(fact: Planted, dice: random.Random) -> str:
    """A fact as a summary tells it: shorter, and in other words."""
    if fact.kind in ("edit", "command", "error"):
        return dice.choice(("{} ({})", "{}: {}", "{} - now {}")).format(fact.values[0], fact.values[-1])
    about = fact.question.removeprefix("What is the ").removesuffix("?")
    return dice.choice(("{a} is {v}", "{v}: {a}", "{a}: `{v}`", "{a} = {v}")).format(a=about, v=fact.answer)


def _read(store: Store, log: Path, parts: Sequence[Part]) -> None:
    append(log, parts)
    capture = Capture.of(log.parent, Consent(Settings()), {})
    ingest(store, Redactor(b"bench"), [log], capture=capture, known={log: _CLAUDE})


def _truncated(context: str, part: Part, budget: int) -> str:
    """The end of it."""
    return f"{context}\n{part.text}"[-budget * CHARS_PER_TOKEN :]


def _masked(context: str, part: Part, budget: int) -> str:
    """What tools printed as one line each, and of the rest the end."""
    whole = "\n".join([context, *part.masked])
    return whole[-budget * CHARS_PER_TOKEN :]
