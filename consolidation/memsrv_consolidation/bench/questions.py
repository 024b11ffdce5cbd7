"""What is asked of a conversation: taken from what was planted, never from what is trained on.

Each fact is asked for in KNOWN and in NOVEL wordings, told apart everywhere. How far the questions read like what the
adapter or the base was trained on is measured, too: names of things left out, so that frames are compared.
"""

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from memsrv.records import Conversation, Kind
from memsrv_consolidation import wordings
from memsrv_consolidation.bench.scenarios import Planted, Scenario
from memsrv_consolidation.frames import Pool
from memsrv_consolidation.probes import gives
from memsrv_consolidation.tiny import corpus, names

KNOWN, NOVEL = str(Pool.KNOWN), str(Pool.NOVEL)
WORDINGS = (KNOWN, NOVEL)
UNKNOWN = "unknown"
#: Words that follow each other, compared between questions and training data.
GRAM = 3
#: Questions of the pretraining corpus that are sampled to compare with.
_SAMPLED = 4_000
_THING = "§"
_WORD = re.compile(r"[\w§]+(?:'\w+)?")


@dataclass(frozen=True, slots=True)
class Question:
    """`fact` is its place in the original part; None: nobody said it, and to decline is right. `was`: a stale value."""

    id: str
    kind: str  # of records.Kind, or UNKNOWN
    wording: str
    question: str
    expected: str
    subject: str
    relation: str
    value: str | None = None
    fact: int | None = None
    was: str | None = None


@dataclass(frozen=True, slots=True)
class Overlap:
    """Of the questions in one wording: the mean share of their n-grams that stand in some texts, and how many questions
    stand there word for word."""

    wording: str
    texts: str  # "synthesised", "pretraining"
    gram: int
    shared: float
    verbatim: int
    of: int


def questions(scenario: Scenario, seed: int = 1) -> list[Question]:
    """One in each wording for every fact of the original part, then those that nobody can answer."""
    found = []
    for place, fact in enumerate(scenario.parts[0].facts):
        rng = random.Random(f"{seed}/{scenario.slug}/{place}")
        expected = wordings.answer(fact.subject, fact.relation, fact.value)
        for wording in WORDINGS:
            asked = _asked(fact, Pool(wording), rng)
            found.append(
                Question(f"{place}-{wording}", str(fact.kind), wording, asked, expected, fact.subject, fact.relation,
                         fact.value, place, fact.was)
            )  # fmt: skip
    for place, (subject, relation) in enumerate(scenario.unknown):
        rng = random.Random(f"{seed}/{scenario.slug}/unknown/{place}")
        wording = WORDINGS[place % 2]
        asked = wordings.question(subject, relation, Pool(wording), rng)
        found.append(Question(f"{UNKNOWN}-{place}", UNKNOWN, wording, asked, "", subject, relation))
    return found


def _asked(fact: Planted, pool: Pool, rng: random.Random) -> str:
    """A question that does not hold its answer, as far as the subject lets it."""
    asked = wordings.question(fact.subject, fact.relation, pool, rng)
    for _ in range(20):
        if not gives(fact.value, asked):
            break
        asked = wordings.question(fact.subject, fact.relation, pool, rng)
    return asked


def counts(asked: Iterable[Question]) -> dict[str, int]:
    """How many there are of each kind, both wordings together."""
    kinds = [one.kind for one in asked]
    return {kind: kinds.count(kind) for kind in (*map(str, Kind), UNKNOWN)}


def overlaps(asked: Sequence[Question], conversations: Sequence[Conversation], seed: int = 1) -> list[Overlap]:
    """How far the questions read like those that were synthesised, and like those of the pretraining corpus."""
    things = {_bare(one.subject) for one in asked} | {_bare(one.relation) for one in asked}
    trained = [message.content for one in conversations for message in one.messages if message.role == "user"]
    texts = {"synthesised": trained, "pretraining": list(_pretrained(seed))}
    found = []
    for name, those in texts.items():
        grams = {gram for text in those for gram in _grams(_without(text, things))}
        whole = {_bare(text) for text in those}
        for wording in WORDINGS:
            mine = [one for one in asked if one.wording == wording]
            shares = [_shared(_grams(_without(one.question, things)), grams) for one in mine]
            verbatim = sum(_bare(one.question) in whole for one in mine)
            mean = round(sum(shares) / len(shares), 4) if shares else 0.0
            found.append(Overlap(wording, name, GRAM, mean, verbatim, len(mine)))
    return found


def _pretrained(seed: int) -> Iterator[str]:
    """Questions as the base met them, with its names left out the way ours are."""
    rng = random.Random(f"{seed}/overlap")
    for _ in range(_SAMPLED):
        fact = names.made(rng)
        text = corpus.asked(fact, rng)
        yield _without(text, {_bare(fact.subject), _bare(fact.relation)})


def _shared(mine: set[tuple[str, ...]], theirs: set[tuple[str, ...]]) -> float:
    return len(mine & theirs) / len(mine) if mine else 0.0


def _grams(text: str) -> set[tuple[str, ...]]:
    words = _WORD.findall(text)
    return {tuple(words[place : place + GRAM]) for place in range(len(words) - GRAM + 1)}


def _without(text: str, things: Iterable[str]) -> str:
    """`text` with a mark for each name of a thing, the longest first."""
    bare = f" {_bare(text)} "
    for thing in sorted(things, key=len, reverse=True):
        if thing:
            bare = bare.replace(f" {thing} ", f" {_THING} ")
    return bare.strip()


def _bare(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))
