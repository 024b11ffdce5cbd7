"""Recall measured: how high the turns that answer a question rank, by system and kind of question, in one run.

Beside memsrv's own recall, from a real store: grep with the question's words, plain FTS5 with a Porter stemmer, and
vectors alone where there is an embedder. Weights are also chosen anew on one half of the conversations and reported on
the other, both ways: what the shipped ones owe to having been chosen on the same questions shows there.
"""

import random
import re
import sqlite3
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

from memsrv.bench.conversations import Asked, Corpus, devmembench, fill, locomo, own
from memsrv.bench.sessions import Library
from memsrv.embedding import Encoder, Meaning, catch_up
from memsrv.errors import UsageError
from memsrv.recall import WEIGHTS, Gathered, Question, Result, Weights, best, gather, recall
from memsrv.records import Event, EventType, Session, Trust
from memsrv.remember import remember
from memsrv.store import STOPWORDS, FileState, Made, Store

GREP, PORTER, MEANING, OURS = "grep", "FTS5 porter", "vectors alone", "memsrv"
CHOSEN = "memsrv, weights of the other half"
_DEPTH = 50
_WORD = re.compile(r"\w+")
#: What is tried, one weight after the other, to choose weights on a half.
_TRIED: Mapping[str, tuple[float, ...]] = {
    "speaker": (0.1, 0.15, 0.25, 0.35), "date": (0.2, 0.3, 0.4, 0.55), "session": (0.0, 0.25, 0.5, 0.75),
    "meaning": (0.5, 0.75, 1.0, 1.5), "question": (0.0, -0.05, -0.1),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figures:
    """Of `n` questions: the mean share of the answering turns among the first k, and of 1 by the first one's rank."""

    system: str
    category: str
    n: int
    r5: float
    r10: float
    r20: float
    mrr: float


@dataclass(frozen=True, slots=True)
class Latency:
    """Of so many searches in a store of so many events, in milliseconds."""

    events: int
    searches: int
    p50_ms: float
    p95_ms: float
    max_ms: float


@dataclass(frozen=True, slots=True)
class RecallBench:
    data: str
    engine: str
    corpora: int
    events: int
    questions: int
    figures: tuple[Figures, ...]
    weights: tuple[dict[str, float], ...]  # that were chosen on the first half, and on the second
    latency: tuple[Latency, ...]


def recalling(
    file: Path | None = None,
    sessions: Path | None = None,
    *,
    store: Store | None = None,
    events: Sequence[int] = (),
    encoder: Encoder | None = None,
) -> RecallBench:
    """Measure on a LoCoMo `file`, the DevMemBench folder `sessions`, or the user's own `store`.

    And how long a search takes, among each number of made-up `events`. With an `encoder` vectors take part.
    """
    corpora = _corpora(file, sessions, store)
    ranks: list[tuple[int, str, Asked, list[str]]] = []  # number of the corpus, system, question, ids
    gathered: list[tuple[int, Asked, Callable[[Weights], list[str]]]] = []
    engine = ""
    with ExitStack() as stack:
        for number, corpus in enumerate(corpora):
            own_store = store if store is not None and not corpus.events else _filled(stack, corpus)
            meaning = _meaning(stack, own_store, encoder)
            systems = _systems(own_store, corpus, meaning)
            for asked in corpus.asked:
                ranks += [(number, name, asked, _cut(corpus, rank(asked.text))) for name, rank in systems.items()]
                again = _again(own_store, corpus, gather(own_store, Question(asked.text), meaning=meaning))
                gathered.append((number, asked, again))
                ranks.append((number, OURS, asked, again(WEIGHTS)))
            engine = engine or recall(own_store, "x", meaning=meaning).engine
        chosen = list(_crossed(gathered)) if len(corpora) > 1 else []
        ranks += [(-1, CHOSEN, asked, ids) for _, asked, ids in (one for _, half in chosen for one in half)]
    return RecallBench(
        data=corpora[0].name if len(corpora) == 1 else f"{len(corpora)} conversations",
        engine=engine,
        corpora=len(corpora),
        events=sum(len(corpus.events) for corpus in corpora),
        questions=len(gathered),
        figures=tuple(_figures(ranks)),
        weights=tuple({name: getattr(weights, name) for name in _TRIED} for weights, _ in chosen),
        latency=tuple(latency(count, encoder) for count in events),
    )


def _corpora(file: Path | None, sessions: Path | None, store: Store | None) -> list[Corpus]:
    if file is not None:
        return locomo(file)
    if sessions is not None:
        return devmembench(sessions)
    corpora = own(store) if store is not None else []
    if not any(corpus.asked for corpus in corpora):
        raise UsageError("there is no memory yet to ask for; run `memsrv ingest`, or name --locomo or --devmembench")
    return corpora


def _filled(stack: ExitStack, corpus: Corpus) -> Store:
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="memsrv-bench-"))
    store = stack.enter_context(Store.open(Path(folder) / "memsrv.db"))
    fill(store, corpus)
    remember(store)
    return store


def _meaning(stack: ExitStack, store: Store, encoder: Encoder | None) -> Meaning | None:
    """All vectors are made before the first question, and every question waits for its own."""
    if encoder is None:
        return None
    catch_up(store, encoder)
    meaning = Meaning(encoder, patience_s=60)
    stack.callback(meaning.close)
    return meaning


# The systems


def _systems(store: Store, corpus: Corpus, meaning: Meaning | None) -> dict[str, Callable[[str], list[str]]]:
    events = list(corpus.events) or [event for session in store.sessions() for event in store.events(session.id)]
    found = {GREP: _grep(events), PORTER: _porter(events)}
    return found if meaning is None else found | {MEANING: _nearest(store, meaning)}


def _nearest(store: Store, meaning: Meaning) -> Callable[[str], list[str]]:
    """The turns by the nearness of their vectors alone."""

    def rank(question: str) -> list[str]:
        near = {one.n: one.nearness for one in meaning.near(store, question) or () if one.of == "turn"}
        return [hit.id for hit in sorted(store.hits(list(near), "turn"), key=lambda hit: -near[hit.n])]

    return rank


def _grep(events: Sequence[Event]) -> Callable[[str], list[str]]:
    """Most different words of the question first, then the newer: what an agent makes of `grep -i`."""
    lines = [(_words(event).casefold(), event.id) for event in reversed(events)]

    def rank(question: str) -> list[str]:
        words = {word for word in _WORD.findall(question.casefold()) if word not in STOPWORDS}
        found = [(sum(word in line for word in words), id) for line, id in lines]
        return [id for count, id in sorted(found, key=lambda one: -one[0]) if count]

    return rank


def _porter(events: Sequence[Event]) -> Callable[[str], list[str]]:
    """The plainest full text that stems: one document for each turn, any word, stopwords dropped, bm25."""
    db = sqlite3.connect(":memory:", check_same_thread=False)
    db.execute("CREATE VIRTUAL TABLE turns USING fts5 (text, tokenize='porter unicode61 remove_diacritics 2')")
    db.executemany("INSERT INTO turns (rowid, text) VALUES (?, ?)", [(n, _words(e)) for n, e in enumerate(events)])

    def rank(question: str) -> list[str]:
        words = list(dict.fromkeys(_WORD.findall(question)))
        meant = [word for word in words if word.casefold() not in STOPWORDS] or words
        if not meant:
            return []
        rows = db.execute(
            "SELECT rowid FROM turns WHERE turns MATCH ? ORDER BY bm25(turns) LIMIT 2000",
            [" OR ".join(f'"{word}"' for word in meant)],
        )
        return [events[n].id for (n,) in rows]

    return rank


def _words(event: Event) -> str:
    return f"{event.text} {event.command or ''}"


def _again(store: Store, corpus: Corpus, found: Gathered) -> Callable[[Weights], list[str]]:
    """memsrv's own answer under any weights, of the candidates that were gathered once."""
    return lambda weights: _cut(corpus, _turns(store, best(store, found, _DEPTH, weights=weights)))


def _turns(store: Store, results: Iterable[Result]) -> Iterator[str]:
    """A memory stands for the turns that it quotes."""
    for result in results:
        if result.kind == "turn":
            yield result.id
        else:
            for quote in store.memory(result.id).evidence:
                yield from (event.id for event in store.turns_around(quote.session, quote.turn, 0))


def _cut(corpus: Corpus, ids: Iterable[str]) -> list[str]:
    """Each once, best first; of a corpus whose answers are sessions, the sessions of the turns."""
    if corpus.by_session:
        by_turn = {event.id: event.session for event in corpus.events}
        ids = (by_turn[id] for id in ids)
    return list(dict.fromkeys(ids))[:_DEPTH]


# Weights chosen on one half


def _crossed(
    gathered: Sequence[tuple[int, Asked, Callable[[Weights], list[str]]]],
) -> Iterator[tuple[Weights, list[tuple[int, Asked, list[str]]]]]:
    """For each half: the weights that were best on it, and what they make of the other one."""
    for part in (0, 1):
        mine = [one for one in gathered if one[0] % 2 == part]
        others = [one for one in gathered if one[0] % 2 != part]
        weights = _chosen(mine)
        yield weights, [(number, asked, again(weights)) for number, asked, again in others]


def _chosen(half: Sequence[tuple[int, Asked, Callable[[Weights], list[str]]]]) -> Weights:
    def worth(weights: Weights) -> float:
        scores = [_score(asked, again(weights)) for _, asked, again in half]
        return fmean(score[1] + score[3] for score in scores) if scores else 0.0

    weights = WEIGHTS
    best_so_far = worth(weights)
    for name, tried in _TRIED.items():
        for value in tried:
            changed = replace(weights, **{name: value})
            if changed != weights and (now := worth(changed)) > best_so_far:
                weights, best_so_far = changed, now
    return weights


# Figures


def _score(asked: Asked, ids: Sequence[str]) -> tuple[float, float, float, float]:
    shares = [len(asked.gold & set(ids[:k])) / len(asked.gold) for k in (5, 10, 20)]
    first = next((1 / rank for rank, id in enumerate(ids, 1) if id in asked.gold), 0.0)
    return shares[0], shares[1], shares[2], first


def _figures(ranks: Sequence[tuple[int, str, Asked, list[str]]]) -> Iterator[Figures]:
    scores: dict[tuple[str, str], list[tuple[float, float, float, float]]] = defaultdict(list)
    for _, system, asked, ids in ranks:
        for category in ("all", asked.category):
            scores[system, category].append(_score(asked, ids))
    for (system, category), own_scores in sorted(scores.items(), key=lambda one: (one[0][1] != "all", one[0][1])):
        means = [round(fmean(column), 4) for column in zip(*own_scores, strict=True)]
        yield Figures(system, category, len(own_scores), *means)


# How long a search takes


def latency(events: int, encoder: Encoder | None = None, searches: int = 200, seed: int = 1) -> Latency:
    """Searches with some words of made-up turns, among `events` of them, in a store that is warm."""
    dice, library = random.Random(seed), Library()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="memsrv-bench-"))
        store = stack.enter_context(Store.open(Path(folder) / "memsrv.db"))
        _fill_with(store, events, dice, library)
        meaning = _timed(stack, store, encoder)
        asked = [_query(dice, library) for _ in range(searches + 20)]
        took = []
        for query in asked:
            began = time.perf_counter()
            recall(store, query, project="bench", meaning=meaning)
            took.append((time.perf_counter() - began) * 1000)
        took = sorted(took[20:])  # the first ones read the file
    p50, p95, most = (round(took[min(len(took) - 1, int(share * len(took)))], 2) for share in (0.5, 0.95, 1.0))
    return Latency(events, searches, p50, p95, most)


def _timed(stack: ExitStack, store: Store, encoder: Encoder | None) -> Meaning | None:
    """As many vectors as the turns would have: noise, for only the time counts, and to encode them takes minutes."""
    if encoder is None:
        return None
    import numpy as np

    missing = store.without_vectors(encoder.name, 10**9)[0]
    noise = np.random.default_rng(1).integers(-127, 127, (len(missing), encoder.vectors(["x"]).shape[1]), np.int8)
    rows = (Made(*text, row.tobytes(), 0.001) for text, row in zip(missing, noise, strict=True))
    store.keep_vectors(encoder.name, rows)
    meaning = Meaning(encoder, patience_s=60)
    stack.callback(meaning.close)
    return meaning


def _query(dice: random.Random, library: Library) -> str:
    words = _WORD.findall(library.prose(dice, 300))
    start = dice.randrange(max(1, len(words) - 8))
    return " ".join(words[start : start + dice.randint(3, 8)])


def _fill_with(store: Store, events: int, dice: random.Random, library: Library, size: int = 400) -> None:
    for number in range(0, events, size):
        id = f"bench-{number}"
        path = f"/bench/{id}.jsonl"
        made = [_made_up(id, turn, dice, library) for turn in range(min(size, events - number))]
        store.append(
            FileState(path, "bench", id, 0, number, "", 0, offset=1), Session(id, "bench", "bench", path), made
        )


def _made_up(session: str, turn: int, dice: random.Random, library: Library) -> Event:
    time = f"2026-{1 + turn % 12:02}-{1 + turn % 28:02}T09:00:00Z"
    match turn % 4:
        case 0:
            text, type, trust = library.prose(dice, 120), EventType.PROMPT, Trust.HUMAN
        case 1:
            text, type, trust = library.prose(dice, 400), EventType.REPLY, Trust.ASSISTANT
        case 2:
            text, type, trust = library.path(dice), EventType.TOOL_CALL, Trust.ASSISTANT
        case _:
            text, type, trust = library.code(dice, 1200), EventType.TOOL_RESULT, Trust.TOOL
    return Event(f"{session}:{turn}", session, type, trust, text, time=time)
