"""Remembering measured: of what a reader of real logs calls a preference or a fix, how much is found, and how much of
what is found is one. Beside each, a baseline that anyone would write in an hour, on the same events.

A preference is found where a message is evidence of a person's own memory that says how things are to be done:
trust human, and not episodic (a fact of the project that somebody told is none). A fix is found where a procedural
memory cites the failed call, and is right if it cites the fix, too; a memory that tells files to edit may cite the run
that passed instead, if it names a file that the fix changed. Any other procedural memory of that failure is wrong.
What was found in places that nobody labelled is counted, and not scored.
"""

import re
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from memsrv.bench import labelled
from memsrv.bench.labelled import FOLDER, HALVES, HELD_OUT, TUNE, Label
from memsrv.bench.shares import Share, share
from memsrv.capture import Capture
from memsrv.consent import Consent
from memsrv.errors import UsageError
from memsrv.home import Home
from memsrv.ingest import ingest
from memsrv.records import Event, EventType, Kind, Memory, Outcome, Trust
from memsrv.redact import Redactor
from memsrv.remember import remember
from memsrv.settings import Settings
from memsrv.store import Store

EVERY_AGENT = "all"
_SPOKEN = (EventType.PROMPT, EventType.REJECTION)
_HEAD = 1500  # characters of a message that the baseline looks at

#: The words by which a correction is guessed (the baseline of preferences).
CORRECTING = re.compile(
    r"(?i)\b(?:don['’]?t|do not|never|always|instead|prefer|you should|please use|still (?:broken|failing|not))\b"
    r"|^\s*(?:no\b(?:[,.!]|\s+use\b)|use\s|actually\b|wait\b)"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the rules were right or not: `session` and `turn` open it in a home that has read the same logs."""

    kind: str
    verdict: str  # found, missed, wrong, unlabelled
    path: str
    key: str
    session: str
    turn: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one agent's labels: `labels` that are scored, and how both did."""

    agent: str
    labels: int
    precision: Share
    recall: Share
    baseline_precision: Share
    baseline_recall: Share


@dataclass(frozen=True, slots=True)
class Measured:
    """One kind of memory. `gone` labels name what no log gives any more; `unlabelled` memories were not scored."""

    kind: str
    baseline: str
    unclear: int
    gone: int
    unlabelled: int
    figures: tuple[Figures, ...]


@dataclass(frozen=True, slots=True)
class RememberBench:
    half: str
    logs: int
    absent: int  # labelled logs that are not below the folder
    sessions: int
    memories: int
    kinds: tuple[Measured, ...]
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Guess:
    """What was said of one label, how often, and how often that was right."""

    said: int
    right: int


@dataclass(frozen=True, slots=True)
class _Judged:
    label: Label
    agent: str
    at: Event
    rules: Guess
    baseline: Guess

    @property
    def verdict(self) -> str | None:
        if self.rules.said > self.rules.right:
            return "wrong"
        return "found" if self.rules.right else "missed" if self.label.yes else None


@dataclass(frozen=True, slots=True)
class _Known:
    """All that was read: each labelled log's events by key, and each event's place in its log."""

    agents: Mapping[str, str]  # by session
    events: Mapping[str, Sequence[Event]]  # by session
    paths: Mapping[str, str]  # by session, below the logs' root
    memories: Sequence[Memory]

    def by(
        self, key: Callable[[Event], str], types: Sequence[EventType] | None = None
    ) -> dict[tuple[str, str], list[Event]]:
        found = defaultdict[tuple[str, str], list[Event]](list)
        for session, events in self.events.items():
            for event in events:
                if types is None or event.type in types:
                    found[self.paths[session], key(event)].append(event)
        return found


def remembering(logs: Path | None, *, half: str = HELD_OUT, show: bool = False, labels: Path = FOLDER) -> RememberBench:
    """Read the logs below `logs` into a home of their own, remember them, and compare."""
    if logs is None:
        raise UsageError(
            "the labels are of logs that memsrv does not bring along; name their folder with `--logs PATH`"
        )
    if half not in HALVES:
        raise UsageError(f"there is no half `{half}`; there are {', '.join(HALVES)}")
    if show and half == HELD_OUT:
        raise UsageError("places of the half that is held out are not shown; give `--half tune` with `--show`")
    told, failed = labelled.preferences(labels), labelled.fixes(labels)
    root = logs.resolve()
    wanted = sorted({label.path for label in (*told, *failed)})
    there = sum((root / path).is_file() for path in wanted)
    if not there:
        raise UsageError(
            f"none of the {len(wanted)} labelled logs is below {logs}; name the folder with their MANIFEST"
        )
    with tempfile.TemporaryDirectory(prefix="memsrv-bench-") as folder:
        known = _read(Home(Path(folder)), root)
    preferences, where = _measured("preferences", "words of correction", told, half, *_preferences(known, told))
    fixes, where_fixed = _measured("fixes", "the next command that succeeded", failed, half, *_fixes(known, failed))
    return RememberBench(
        half,
        there,
        len(wanted) - there,
        len(known.agents),
        len(known.memories),
        (preferences, fixes),
        tuple(where + where_fixed) if show else (),
    )


def _read(home: Home, root: Path) -> _Known:
    """As `memsrv ingest` would, redaction and all, also what nobody labelled; the user's settings do not count."""
    home.root.mkdir(parents=True, exist_ok=True)
    store = Store.open(home.database)
    try:
        capture = Capture.of(home.root, Consent(Settings()), {})
        ingest(store, Redactor(b"bench"), [root], capture=capture)
        remember(store)
        sessions = store.sessions()
        return _Known(
            {session.id: session.agent for session in sessions},
            {session.id: store.events(session.id) for session in sessions},
            {session.id: _below(root, Path(session.path)) for session in sessions},
            store.memories(include_retired=True),  # what was found counts, also where newer words ended it
        )
    finally:
        store.close()


def _below(root: Path, path: Path) -> str:
    return path.resolve().relative_to(root).as_posix() if path.resolve().is_relative_to(root) else str(path)


def _preferences(known: _Known, labels: Sequence[Label]) -> tuple[list[_Judged], list[Place]]:
    said = known.by(lambda event: labelled.of_text(event.text), _SPOKEN)
    cited = {
        (quote.session, quote.turn)
        for memory in known.memories
        if memory.trust is Trust.HUMAN and memory.kind is not Kind.EPISODIC
        for quote in memory.evidence
    }
    judged = []
    for label in labels:
        if events := said.get((label.path, label.key)):
            found = any((event.session, event.turn) in cited for event in events)
            guessed = any(CORRECTING.search(event.text[:_HEAD]) for event in events)
            agent = known.agents[events[0].session]
            judged.append(_Judged(label, agent, events[0], _guess(found, label), _guess(guessed, label)))
    known_keys = {(label.path, label.key) for label in labels}
    others = (
        Place("preferences", "unlabelled", path, key, event.session, event.turn)
        for (path, key), events in said.items()
        if (path, key) not in known_keys
        for event in events[:1]
        if any((one.session, one.turn) in cited for one in events)
    )
    return judged, list(others)


def _guess(said: bool, label: Label) -> Guess:
    return Guess(int(said), int(said and label.yes is True))


def _fixes(known: _Known, labels: Sequence[Label]) -> tuple[list[_Judged], list[Place]]:
    there = known.by(labelled.of_event)
    cited = {memory.id: set(_cited(known, memory)) for memory in known.memories if memory.kind is Kind.PROCEDURAL}
    about = defaultdict[tuple[str, str], list[Memory]](list)
    for memory in known.memories:
        for place in cited.get(memory.id, ()):
            about[place].append(memory)
    judged = []
    for label in labels:
        events = there.get((label.path, label.key))
        fix = [event for key in label.fix for event in there.get((label.path, key), ())]
        if not events or (label.yes and not fix):
            continue
        changed = {PurePath(path).name for event in fix for path in (*event.paths, *(edit[0] for edit in event.edits))}
        memories = about[label.path, label.key]
        right = [memory for memory in memories if _is_right(memory, cited[memory.id], label, changed)]
        following = _next_success(known.events[events[-1].session], events[-1])
        hit = following is not None and labelled.of_event(following) in label.fix | label.passed
        rules, baseline = Guess(len(memories), len(right)), Guess(int(following is not None), int(hit))
        judged.append(_Judged(label, known.agents[events[0].session], events[0], rules, baseline))
    keys = {(label.path, label.key) for label in labels}
    others = []
    for memory in known.memories:
        if memory.trust is not Trust.HUMAN and cited.get(memory.id) and not cited[memory.id] & keys:
            path, key = min(cited[memory.id])
            first = min(memory.evidence, key=lambda quote: (quote.session, quote.turn))
            others.append(Place("fixes", "unlabelled", path, key, first.session, first.turn))
    return judged, others


def _cited(known: _Known, memory: Memory) -> Iterator[tuple[str, str]]:
    for quote in memory.evidence:
        for event in known.events.get(quote.session, ()):
            if event.turn == quote.turn:
                yield known.paths[quote.session], labelled.of_event(event)


def _is_right(memory: Memory, cited: set[tuple[str, str]], label: Label, changed: Iterable[str]) -> bool:
    keys = {key for path, key in cited if path == label.path}
    return bool(keys & label.fix) or (bool(keys & label.passed) and any(name in memory.text for name in changed))


def _next_success(events: Sequence[Event], failure: Event) -> Event | None:
    """The first command after `failure` that did not fail, as far as its log tells."""
    ended = {event.call: event for event in events if event.call and event.type is EventType.TOOL_RESULT}
    for event in events:
        if event.turn > failure.turn and event.command and event.tool:
            result = ended.get(event.call or "")
            if result is not None and result.outcome in (Outcome.SUCCESS, Outcome.UNKNOWN):
                return event
    return None


def _measured(
    kind: str, baseline: str, labels: Sequence[Label], half: str, judged: Sequence[_Judged], others: Sequence[Place]
) -> tuple[Measured, list[Place]]:
    mine = [one for one in judged if labelled.chosen(one.label, half)]
    scored = [one for one in mine if one.label.yes is not None]
    agents = sorted({one.agent for one in scored})
    figures = [_figures(agent, [one for one in scored if one.agent == agent]) for agent in agents]
    result = Measured(
        kind,
        baseline,
        len(mine) - len(scored),
        sum(labelled.chosen(label, half) for label in labels) - len(mine),
        len(others),
        (*figures, _figures(EVERY_AGENT, scored)),
    )
    shown = [
        Place(kind, one.verdict, one.label.path, one.label.key, one.at.session, one.at.turn)
        for one in scored
        if one.verdict and labelled.half(one.label.key) == TUNE
    ]
    return result, shown + [place for place in others if labelled.half(place.key) == TUNE]


def _figures(agent: str, judged: Sequence[_Judged]) -> Figures:
    yes = sum(one.label.yes is True for one in judged)

    def both(guesses: Sequence[Guess]) -> tuple[Share, Share]:
        right = sum(guess.right for guess in guesses)
        found = sum(guess.right > 0 for guess in guesses)
        return share(right, sum(guess.said for guess in guesses)), share(found, yes)

    return Figures(agent, len(judged), *both([one.rules for one in judged]), *both([one.baseline for one in judged]))
