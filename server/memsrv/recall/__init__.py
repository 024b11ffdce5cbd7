"""What is known about a query: memories and turns in one ranking, with why each is there and who said it.

Candidates come from the store's full text and, where there is an embedder, from its vectors; what speaks for each is
found in `evidence`, and added up in `fusion`. What was superseded stays out unless asked for, and host summaries are
never evidence. Knows no SQL.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import inf
from typing import Protocol

from memsrv.echo import Given
from memsrv.errors import NotFound
from memsrv.layout import one_line
from memsrv.recall.coverage import covered
from memsrv.recall.evidence import READ, Candidate, trusted_as, weighed, words_of_hit
from memsrv.recall.fusion import AROUND, PER_SESSION, WEIGHTS, Weights, fused, in_order
from memsrv.recall.opening import Shown, show
from memsrv.recall.question import Question, exact_names
from memsrv.recall.results import EXCERPT, Recalled, Result, excerpt, recall_lines, text_of_memory, who
from memsrv.recall.standing import Here
from memsrv.records import EventType, Kind
from memsrv.store import Hit, Near, Store

__all__ = [
    "PER_SESSION", "WEIGHTS", "Gathered", "Here", "Meaning", "Question", "Recalled", "Result", "Shown", "Weights",
    "best", "exact_names", "gather", "recall", "recall_lines", "show",
]  # fmt: skip

ENGINE = "fts5"
CHARS_PER_TOKEN = 4

_POOL = 120  # turns that are ranked
_MEMORIES = 60
_MOST_BY_MEANING = 80
_NAMED = 0.5  # what a word is worth where the name of a project is one of them
_OUTDATED = 0.4  # what the score of a turn is worth whose claim was superseded
_REPEATING = frozenset({"assistant", "tool"})
_AFTER = 8  # turns after an echo in which its words are looked for
_REPEATED = 0.6  # share of the words
_ENDS = 4  # turns after a call in which its result is looked for
_SILENT = frozenset({EventType.SUMMARY, EventType.COMPACTION, EventType.NOTE})


class Meaning(Protocol):
    """What finds other words for the same thing; `memsrv.embedding.Meaning` is one."""

    def asked(self, store: Store, query: str, project: str | None = None) -> Callable[[], list[Near] | None]:
        """Begin to look for what is nearest to `query`, from 0 to about 1; None where that is not known in time."""
        ...


def recall(
    store: Store,
    query: str,
    *,
    project: str | None = None,
    kinds: Sequence[Kind] | None = None,
    limit: int = 8,
    token_budget: int | None = None,
    include_superseded: bool = False,
    today: date | None = None,
    weights: Weights = WEIGHTS,
    meaning: Meaning | None = None,
    here: Here | None = None,
) -> Recalled:
    """The best `limit` results of `project` (None: all), within `token_budget` where one is given.

    `here` says of each whether it is stale in that working tree, or was said on another branch.
    """
    question = Question(query, today)
    found = gather(
        store, question, project=project, kinds=kinds, include_superseded=include_superseded, meaning=meaning
    )
    results = best(store, found, limit, token_budget=token_budget, weights=weights)
    return Recalled(tuple(_standing(store, here, result) for result in results), found.engine)


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that may be an answer, with what speaks for each; and every memory that was found, ended ones included."""

    question: Question
    candidates: Sequence[Candidate]
    memories: Sequence[Hit]
    engine: str = ENGINE


def gather(
    store: Store,
    question: Question,
    *,
    project: str | None = None,
    kinds: Sequence[Kind] | None = None,
    include_superseded: bool = False,
    meaning: Meaning | None = None,
) -> Gathered:
    query = question.text
    near_to_it = meaning.asked(store, query, project) if meaning is not None else None

    def memories_of(words: str) -> list[Hit]:
        return store.search_memories(words, project=project, kinds=kinds, limit=2 * _MEMORIES, include_retired=True)

    def turns_of(words: str) -> list[Hit]:
        return store.search_turns(words, project=project, limit=_POOL, around=AROUND)

    every = _by_words(memories_of, question)
    turns = [] if kinds else _by_words(turns_of, question)
    nearest = near_to_it() if near_to_it is not None else None
    near = {of: {one.n: one.nearness for one in nearest or () if one.of == of} for of in ("turn", "memory")}
    every += _by_meaning(store, every, near["memory"], "memory", project)
    if not kinds:
        turns += _by_meaning(store, turns, near["turn"], "turn", project)
    wanted = [hit for hit in every if not kinds or (hit.memory is not None and hit.memory.kind in kinds)]
    memories = [hit for hit in wanted if include_superseded or _current(hit)][:_MEMORIES]
    turns = [hit for hit in turns if hit.event is not None and hit.event.type not in _SILENT]
    engine = ENGINE if meaning is None else f"{ENGINE}, vectors not ready" if nearest is None else f"{ENGINE}+vectors"
    return Gathered(question, _useful(store, _candidates(question, memories, turns, near)), every, engine)


def _by_words(search: Callable[[str], list[Hit]], question: Question) -> list[Hit]:
    """What `search` finds; what the name of a project finds counts less, for that says where, and not what for."""
    found = search(question.text)
    asked = question.without({hit.project for hit in found})
    if asked == question.text:
        return found
    hits = {hit.n: hit for hit in search(asked)}
    for hit in found:
        named = replace(hit, bm25=_NAMED * hit.bm25)
        if hit.n not in hits or named.bm25 < hits[hit.n].bm25:
            hits[hit.n] = named
    return sorted(hits.values(), key=lambda hit: (hit.bm25, hit.n))


def _by_meaning(
    store: Store, known: Sequence[Hit], near: Mapping[int, float], of: str, project: str | None
) -> list[Hit]:
    """The nearest that no word found."""
    there = {hit.n for hit in known}
    new = [n for n in near if n not in there][:_MOST_BY_MEANING]
    found = store.hits(new, of, project=project) if new else []
    return sorted(found, key=lambda hit: -near[hit.n])


def best(
    store: Store, found: Gathered, limit: int, *, token_budget: int | None = None, weights: Weights = WEIGHTS
) -> Iterable[Result]:
    """The best `limit` of what was gathered, best first."""
    ranked = in_order(_outdated(fused(found.candidates, weights), found.memories), weights)
    return _chosen(store, found, ranked, limit, token_budget)


def _candidates(
    question: Question, memories: Sequence[Hit], turns: Sequence[Hit], near: Mapping[str, Mapping[int, float]]
) -> list[Candidate]:
    newest = max((hit.time for hit in (*memories, *turns) if hit.time), default=None)
    projects = {hit.project for hit in (*memories, *turns)}
    # A project's own name says where, which is evidence of another sort: nearly every turn there may say it.
    names = [name for name in question.names if name not in {project.casefold() for project in projects}]
    told = [[(hit, said := words_of_hit(hit), _terms(question, said)) for hit in hits] for hits in (memories, turns)]
    reach = [max((len(terms) for _, _, terms in some[:5]), default=0) for some in told]
    shares = covered(question.about(projects), [(hit, terms) for some in told for hit, _, terms in some])
    left, found = iter(shares), []
    for some, share, of in ((told[0], min(1.0, reach[0] / (reach[1] or 1.0)), "memory"), (told[1], 1.0, "turn")):
        best = min((hit.bm25 for hit, _, _ in some), default=-1.0)
        for hit, said, terms in some:
            words = share * (hit.bm25 / best if best < 0 else 1.0) if hit.bm25 else 0.0
            meaning = near[of].get(hit.n, 0.0)
            found.append(
                weighed(
                    question, hit, said, terms, names=names, words=words, meaning=meaning, covered=next(left),
                    newest=newest,
                )
            )  # fmt: skip
    return found


def _terms(question: Question, said: str) -> frozenset[str]:
    return question.terms_in(said[:READ].casefold())


def _useful(store: Store, found: Sequence[Candidate]) -> list[Candidate]:
    """With what each memory was good for when it was given before."""
    memories = [one.hit.id for one in found if one.hit.memory is not None]
    worth = store.usefulness(memories) if memories else {}
    return [
        replace(one, strengths={**one.strengths, "useful": worth[one.hit.id]}, reasons=(*one.reasons, "was useful"))
        if one.hit.memory is not None and worth.get(one.hit.id)
        else one
        for one in found
    ]


def _current(hit: Hit) -> bool:
    return hit.memory is not None and hit.memory.valid_to is None and hit.memory.superseded_by is None


def _outdated(scored: Sequence[tuple[Candidate, float]], memories: Sequence[Hit]) -> list[tuple[Candidate, float]]:
    """Turns whose words were superseded later rank behind what replaced them."""
    gone = _successors(memories)
    if not gone:
        return list(scored)
    return [(one, score * (_OUTDATED if one.kind == "turn" and one.place in gone else 1.0)) for one, score in scored]


def _successors(memories: Sequence[Hit]) -> dict[tuple[str | None, int | None], str]:
    """By the place of its words: what superseded a memory."""
    found: dict[tuple[str | None, int | None], str] = {}
    for hit in memories:
        if hit.memory is not None and hit.memory.superseded_by is not None:
            found |= {(quote.session, quote.turn): hit.memory.superseded_by for quote in hit.memory.evidence}
    return found


def _chosen(
    store: Store, found: Gathered, ranked: Sequence[tuple[Candidate, float]], limit: int, token_budget: int | None
) -> Iterable[Result]:
    """From the best on, each thing once: no quote of a memory that is there, no echo of what memsrv told before."""
    quoted: dict[tuple[str | None, int | None], str] = {
        (quote.session, quote.turn): hit.id for hit in found.memories if hit.memory for quote in hit.memory.evidence
    }
    successors = _successors(found.memories)
    texts: set[str] = set()
    ids: set[str] = set()
    left = inf if token_budget is None else token_budget * CHARS_PER_TOKEN
    for one, score in ranked:
        if len(ids) == limit:
            return
        result = _result(store, found.question, one, score, successors)
        plain = one_line(result.text).casefold()
        if plain in texts or quoted.get(one.place, result.id) in ids or not plain:
            continue
        if len(result.text) > left or _is_repetition(store, result):
            continue
        left -= len(result.text)
        ids.add(result.id)
        texts.add(plain)
        yield result


def _result(
    store: Store,
    question: Question,
    one: Candidate,
    score: float,
    successors: dict[tuple[str | None, int | None], str],
) -> Result:
    hit, memory, event = one.hit, one.hit.memory, one.hit.event
    said = Result(
        hit.id, one.kind, "", round(score, 4), hit.session, hit.turn, hit.agent, hit.project, hit.time, "", one.reasons
    )
    if memory is not None:
        text = text_of_memory(memory, question.terms)
        successor, agent = memory.superseded_by, _agent(store, hit.session)
        said = replace(said, text=text, who=trusted_as(memory), superseded_by=successor, agent=agent)
    elif event is not None:
        text = excerpt(one.said, question.terms, EXCERPT)
        said = replace(said, text=text, who=who(event), superseded_by=successors.get(one.place))
    return replace(said, why=(*said.why, "superseded")) if said.superseded_by else said


def _standing(store: Store, here: Here | None, result: Result) -> Result:
    if here is None or result.project != here.project:
        return result
    said = store.turns_around(result.session, result.turn, 0) if result.session and result.turn is not None else []
    if said and said[0].edits:
        said += [
            event for event in store.turns_around(said[0].session, said[0].turn, _ENDS) if event.turn > said[0].turn
        ]
    stale = here.stale(result.text, result.kind != "turn", said)
    branch = here.other(said[0].branch) if said else None
    why = (*(f"stale: {reason}" for reason in stale.values()), *([f"on branch {branch}"] if branch else []))
    return replace(result, stale=tuple(stale), branch=branch, why=(*result.why, *why)) if why else result


def _agent(store: Store, session: str | None) -> str | None:
    try:
        return store.session(session).agent if session else None
    except NotFound:
        return None  # its log was erased; the memory stands


def _is_repetition(store: Store, result: Result) -> bool:
    """What an agent said again right after memsrv had told it: the source is worth the place."""
    if result.kind != "turn" or result.turn is None or result.who not in _REPEATING or not result.session:
        return False
    recalled = Given.of(store.echoes(result.session, result.turn - _AFTER, result.turn - 1))
    return bool(recalled) and recalled.repeated(result.turn, result.text) >= _REPEATED
