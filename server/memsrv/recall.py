"""What is known about a query: memories and turns in one ranking, with why each is there and who said it.

Full text with exact names, neighbouring turns, recency and a cap for each session; no model. What was superseded stays
out unless asked for, and host summaries are never evidence. Knows no SQL.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from memsrv.echo import Given
from memsrv.errors import NotFound
from memsrv.layout import one_line
from memsrv.records import Event, EventType, Evidence, Kind, Memory, Session, Trajectory, Trust
from memsrv.store import Hit, Store
from memsrv.trajectories import trajectories

ENGINE = "fts5"
PER_SESSION = 3
EXCERPT = 420
CHARS_PER_TOKEN = 4

_POOL = 40  # hits of each sort that are ranked
_EXPANDED = 12  # best turns whose neighbours are looked at
_WEIGHTS = {
    "words": 0.45,
    "coverage": 0.35,
    "names": 0.3,
    "memory": 0.12,
    "neighbour": 0.25,
    "recent": 0.06,
    "person": 0.05,
}
_HALF_LIFE_DAYS = 45.0
_OUTDATED = 0.4  # what the score of a turn is worth whose claim was superseded
_NAME = re.compile(r"`([^`]+)`|(\S*(?:[_/\\@#=-]|\w\.\w|\d|[a-z][A-Z]|::)\S*|\b[A-Z]{3,}\b)")
_WORD = re.compile(r"\w+")
_REPEATING = frozenset({"assistant", "tool"})
_AFTER = 8  # turns after an echo in which its words are looked for
_REPEATED = 0.6  # share of the words
_SILENT = frozenset({EventType.SUMMARY, EventType.COMPACTION, EventType.NOTE})


@dataclass(frozen=True, slots=True)
class Result:
    """One answer of a search, with the words of its source and where they stand."""

    id: str
    kind: str  # of a memory; "turn" for a turn
    text: str
    score: float
    session: str | None
    turn: int | None
    agent: str | None
    project: str
    time: str | None
    who: str  # "user", "assistant", "command", …
    why: tuple[str, ...]
    superseded_by: str | None = None


@dataclass(frozen=True, slots=True)
class Recalled:
    results: tuple[Result, ...]
    engine: str = ENGINE


@dataclass(frozen=True, slots=True)
class Shown:
    """A record opened: its evidence word for word, its supersession chain oldest first, the turns around it.

    Of a session, its first and last turns, and the tasks that it falls into.
    """

    id: str
    kind: str
    text: str
    record: Memory | Event | Session
    evidence: tuple[Evidence, ...]
    chain: tuple[Memory, ...]
    turns: tuple[Event, ...]
    trajectories: tuple[Trajectory, ...] = ()


def recall(
    store: Store,
    query: str,
    *,
    project: str | None = None,
    kinds: Sequence[Kind] | None = None,
    limit: int = 8,
    token_budget: int | None = None,
    include_superseded: bool = False,
) -> Recalled:
    """The best `limit` results of `project` (None: all), within `token_budget` where one is given."""
    names = exact_names(query)
    terms = {_stem(word) for word in _WORD.findall(query.casefold()) if len(word) > 1}
    every = store.search_memories(query, project=project, kinds=kinds, limit=2 * _POOL, include_retired=True)
    memories = [hit for hit in every if include_superseded or _current(hit)][:_POOL]
    turns = [] if kinds else store.search_turns(query, project=project, limit=_POOL)
    turns = [hit for hit in turns if hit.event is not None and hit.event.type not in _SILENT]
    found = [_of_memory(hit, terms, names) for hit in _scaled(memories)]
    found += _with_neighbours(store, [_of_turn(hit, terms, names) for hit in _scaled(turns)], terms, names)
    found = _outdated(_without_repetitions(store, found), every)
    newest = max((r.time for r in found if r.time), default=None)
    ranked = sorted((_aged(result, newest) for result in found), key=lambda r: (-r.score, r.time or "", r.id))
    return Recalled(tuple(_chosen(_with_agents(store, ranked), memories, limit, token_budget)))


def recall_lines(recalled: Recalled) -> list[str]:
    """The results for the recall block: dated, with who said it: `2026-11-03 user: "…"`."""
    lines = []
    for result in recalled.results:
        said = one_line(result.text)
        quoted = said if result.kind != "turn" else f'"{said}"'
        lines.append(" ".join(filter(None, [(result.time or "")[:10], f"{result.who}:", quoted])))
    return lines


def show(store: Store, id: str, *, around: int = 2) -> Shown:
    """The memory, event or session called `id`. NotFound where there is none."""
    if id.startswith("mem_"):
        memory = store.memory(id)
        chain = tuple(store.memory_chain(id))
        first = memory.evidence[0] if memory.evidence else None
        turns = store.turns_around(first.session, first.turn, around) if first else []
        return Shown(id, memory.kind, memory.text, memory, memory.evidence, chain, tuple(turns))
    try:
        event = store.event_by_id(id)
    except NotFound:
        session = store.session(id)
        events = store.events(id)
        ends = events if len(events) <= 2 * around + 1 else events[: around + 1] + events[len(events) - around :]
        return Shown(id, "session", session.title or id, session, (), (), tuple(ends), trajectories(events))
    turns = store.turns_around(event.session, event.turn, around)
    if (whole := store.whole_event(event.session, event.turn)) is not None:  # a turn keeps a long text cut
        event = replace(event, text=whole.text, edits=whole.edits)
    return Shown(id, "turn", _words_of(event), event, (), (), tuple(turns))


def exact_names(query: str) -> list[str]:
    """The identifiers in a query: paths, flags, error codes, versions, what stands in backticks."""
    names = ((ticked or plain).strip(".,;:?!()'\"").casefold() for ticked, plain in _NAME.findall(query))
    return list(dict.fromkeys(name for name in names if len(name) > 1))


def _scaled(hits: Sequence[Hit]) -> list[tuple[Hit, float]]:
    best = min((hit.bm25 for hit in hits), default=-1.0)
    return [(hit, hit.bm25 / best if best < 0 else 1.0) for hit in hits]


def _of_memory(scaled: tuple[Hit, float], terms: set[str], names: Sequence[str]) -> Result:
    hit, words = scaled
    memory = hit.memory
    if memory is None:
        raise ValueError(f"hit {hit.id} is no memory")
    quotes = " ".join(one_line(quote.quote) for quote in memory.evidence)
    score, why = _score(words, f"{memory.text} {quotes}", terms, names)
    quote = one_line(memory.evidence[0].quote) if memory.evidence else ""
    shown = memory.text if not quote or quote in memory.text else f'{memory.text} ("{_excerpt(quote, terms, 200)}")'
    if not memory.trust.trainable:  # nobody who may instruct an agent said so
        shown = f'A {memory.trust} states, and nobody has checked: "{shown}"'
    first = memory.evidence[0] if memory.evidence else None
    who = "user" if memory.trust is Trust.HUMAN else str(memory.trust)
    return Result(
        memory.id,
        str(memory.kind),
        shown,
        score + _WEIGHTS["memory"],
        first.session if first else None,
        first.turn if first else None,
        None,
        memory.project,
        memory.valid_from,
        who,
        ("memory", *why),
        memory.superseded_by,
    )


def _of_turn(scaled: tuple[Hit, float], terms: set[str], names: Sequence[str]) -> Result:
    hit, words = scaled
    if hit.event is None:
        raise ValueError(f"hit {hit.id} is no turn")
    score, why = _score(words, _words_of(hit.event), terms, names)
    return _turn(hit.event, hit.project, hit.agent, score, why, terms)


def _turn(event: Event, project: str, agent: str | None, score: float, why: tuple[str, ...], terms: set[str]) -> Result:
    person = event.type in (EventType.PROMPT, EventType.REJECTION) and event.trust is Trust.HUMAN
    return Result(
        event.id,
        "turn",
        _excerpt(_words_of(event), terms, EXCERPT),
        score + (_WEIGHTS["person"] if person else 0.0),
        event.session,
        event.turn,
        agent,
        project,
        event.time,
        _who(event),
        why,
    )


def _score(words: float, text: str, terms: set[str], names: Sequence[str]) -> tuple[float, tuple[str, ...]]:
    present = {_stem(word) for word in _WORD.findall(text.casefold())}
    coverage = len(terms & present) / len(terms) if terms else 0.0
    folded = text.casefold()
    exact = [name for name in names if name in folded]
    score = _WEIGHTS["words"] * words + _WEIGHTS["coverage"] * coverage
    if names:
        score += _WEIGHTS["names"] * len(exact) / len(names)
    return score, ("words", *(f"names {name}" for name in exact))


def _with_neighbours(store: Store, results: list[Result], terms: set[str], names: Sequence[str]) -> list[Result]:
    """A turn beside a good hit is often the answer to it: neighbours of the best hits take part in the ranking."""
    by_place: dict[tuple[str | None, int | None], Result] = {(r.session, r.turn): r for r in results}
    for result in sorted(results, key=lambda r: (-r.score, r.id))[:_EXPANDED]:
        if result.session is None or result.turn is None:
            continue
        for event in store.turns_around(result.session, result.turn, 1):
            if event.turn == result.turn or event.echo or event.type in _SILENT or not _words_of(event).strip():
                continue
            gain = _WEIGHTS["neighbour"] * result.score
            beside = by_place.get((event.session, event.turn))
            if beside is None:
                score, _ = _score(0.0, _words_of(event), terms, names)
                beside = _turn(event, result.project, result.agent, score, (), terms)
            why = beside.why if "neighbour" in beside.why else (*beside.why, "neighbour")
            by_place[event.session, event.turn] = replace(beside, score=beside.score + gain, why=why)
    return list(by_place.values())


def _without_repetitions(store: Store, results: list[Result]) -> list[Result]:
    """Without what an agent said again right after memsrv had told it: the source is worth the place."""
    kept = []
    for result in results:
        if result.kind == "turn" and result.turn is not None and result.who in _REPEATING and result.session:
            around = store.turns_around(result.session, result.turn, _AFTER)
            recalled = Given.of(event for event in around if event.turn < (result.turn or 0))
            if recalled and recalled.repeated(result.turn, result.text) >= _REPEATED:
                continue
        kept.append(result)
    return kept


def _current(hit: Hit) -> bool:
    return hit.memory is not None and hit.memory.valid_to is None and hit.memory.superseded_by is None


def _outdated(results: Sequence[Result], memories: Sequence[Hit]) -> list[Result]:
    """Turns whose words were superseded later say so, and rank behind what replaced them."""
    successors: dict[tuple[str | None, int | None], str] = {}
    for hit in memories:
        if hit.memory is not None and hit.memory.superseded_by is not None:
            successors |= {(q.session, q.turn): hit.memory.superseded_by for q in hit.memory.evidence}
    marked = []
    for result in results:
        successor = successors.get((result.session, result.turn)) if result.kind == "turn" else None
        if successor is not None:
            result = replace(
                result,
                score=result.score * _OUTDATED,
                why=(*result.why, "superseded"),
                superseded_by=successor,
            )
        marked.append(result)
    return marked


def _aged(result: Result, newest: str | None) -> Result:
    """Newer words count a little more; ages are taken from the newest hit, so that no clock is needed."""
    days = _days_between(result.time, newest)
    if days is None:
        return result
    share = math.exp2(-days / _HALF_LIFE_DAYS)
    why = (*result.why, "recent") if share > 0.8 else result.why
    return replace(result, score=round(result.score + _WEIGHTS["recent"] * share, 4), why=why)


def _chosen(
    ranked: Iterable[Result], memories: Sequence[Hit], limit: int, token_budget: int | None
) -> Iterable[Result]:
    quoted: dict[tuple[str | None, int | None], str] = {
        (q.session, q.turn): hit.id for hit in memories if hit.memory for q in hit.memory.evidence
    }
    sessions: Counter[str | None] = Counter()
    texts: set[str] = set()
    ids: set[str] = set()
    left = math.inf if token_budget is None else token_budget * CHARS_PER_TOKEN
    for result in ranked:
        if len(ids) == limit:
            return
        plain = one_line(result.text).casefold()
        if plain in texts or quoted.get((result.session, result.turn), result.id) in ids:
            continue
        if result.kind == "turn" and sessions[result.session] >= PER_SESSION:
            continue
        if len(result.text) > left:
            continue
        left -= len(result.text)
        ids.add(result.id)
        texts.add(plain)
        sessions[result.session] += result.kind == "turn"
        yield result


def _with_agents(store: Store, ranked: Sequence[Result]) -> Iterable[Result]:
    agents: dict[str, str | None] = {}
    for result in ranked:
        if result.agent is None and result.session is not None:
            if result.session not in agents:
                try:
                    agents[result.session] = store.session(result.session).agent
                except NotFound:
                    agents[result.session] = None  # its log was erased; the memory stands
            result = replace(result, agent=agents[result.session])
        yield result


def _words_of(event: Event) -> str:
    if event.command and event.type in (EventType.TOOL_CALL, EventType.COMMAND):
        return f"$ {event.command}"
    if not event.text and event.paths:
        return f"{event.tool or event.type} {' '.join(event.paths)}"
    return event.text


def _who(event: Event) -> str:
    if event.type in (EventType.PROMPT, EventType.REJECTION, EventType.INTERRUPT, EventType.COMMAND):
        return "user" if event.trust is not Trust.ASSISTANT else "assistant"
    if event.type is EventType.TOOL_CALL:
        return "command" if event.command else "assistant"
    return str(event.trust)


def _excerpt(text: str, terms: set[str], size: int) -> str:
    """The stretch of `text` that holds most of what was asked for."""
    line = one_line(text)
    if len(line) <= size:
        return line
    places = [m.start() for m in _WORD.finditer(line) if _stem(m[0].casefold()) in terms]
    if not places:
        return line[: size - 1] + "…"
    best = max(places, key=lambda start: (sum(1 for p in places if start <= p < start + size * 3 // 4), -start))
    start = max(0, min(best - size // 8, len(line) - size))
    return ("…" if start else "") + line[start : start + size - 2].strip() + ("…" if start + size < len(line) else "")


def _stem(word: str) -> str:
    """Enough of a stem to compare: `ports`, `porting` and `port` meet."""
    for ending in ("ings", "ing", "ies", "ers", "ed", "es", "er", "ly", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def _days_between(time: str | None, newest: str | None) -> float | None:
    if not time or not newest:
        return None
    try:
        return max(0.0, (datetime.fromisoformat(newest) - datetime.fromisoformat(time)).total_seconds() / 86_400)
    except (ValueError, TypeError):
        return None  # a log with times of another sort: its age is not known
