"""What no training may consist of: one session's or agent's words alone, one answer over and over.

What is more than its share is dropped, the last first, in turns among the facts that it is of, so that each keeps
something; the same input always loses the same. Knows nothing of what conversations say.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from memsrv.records import Conversation, Episode, Fact

#: Of fewer sessions, or agents, one cannot be told apart from the rest: nothing is dropped.
CROWD = 4


def sessions(facts: Sequence[Fact]) -> dict[str, str]:
    """The session that alone speaks for a fact, by the fact's id; what several say is nobody's alone."""
    said = {fact.id: {quote.session for quote in fact.evidence} for fact in facts}
    return {id: next(iter(names)) for id, names in said.items() if len(names) == 1}


def agents(facts: Sequence[Fact], episodes: Sequence[Episode]) -> dict[str, str]:
    """The agent whose sessions alone speak for a fact, by the fact's id."""
    of_session = {episode.session.id: episode.session.agent for episode in episodes}
    said = {fact.id: {of_session.get(quote.session) for quote in fact.evidence} for fact in facts}
    return {id: name for id, names in said.items() if len(names) == 1 and (name := next(iter(names))) is not None}


def within_share(
    conversations: Sequence[Conversation], speaker: Mapping[str, str], share: float
) -> tuple[list[Conversation], Counter[str]]:
    """`conversations` about facts, so that no speaker has more than `share` of them; how many each lost.

    Only what is said about facts of one speaker counts as theirs. At least one conversation of each fact stays.
    """
    owner = [_one(speaker.get(id) for id in conversation.facts) for conversation in conversations]
    lost: Counter[str] = Counter()
    if len({name for name in owner if name}) < CROWD:
        return list(conversations), lost
    dropped: set[int] = set()
    for name, _ in Counter(name for name in owner if name).most_common():
        mine = [place for place, whose in enumerate(owner) if whose == name]
        others = len(conversations) - len(dropped) - len(mine)
        most = int(others * share / (1 - share)) if share < 1 else len(mine)
        gone = _last_in_turns(mine, lambda place: conversations[place].facts, len(mine) - most)
        dropped |= gone
        lost[name] += len(gone)
    return [one for place, one in enumerate(conversations) if place not in dropped], +lost


def answers_within_share(conversations: Sequence[Conversation], share: float) -> tuple[list[Conversation], int]:
    """`conversations`, so that no answer makes up more than `share` of all; how many were dropped.

    The answer that tells one fact is none of these: how often it is rehearsed the recipe says.
    """
    told: Counter[str] = Counter()
    for one in conversations:
        told.update(message.content for message in one.messages if message.role == "assistant")
    facts: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for one in conversations:
        if one.messages[-1].content:
            facts[one.messages[-1].content].add(one.facts)
    total, kept, dropped = sum(told.values()), list(conversations), 0
    for answer, count in told.most_common():
        if count <= share * total or not answer or (len(facts[answer]) == 1 and () not in facts[answer]):
            continue
        excess = math.ceil((count - share * total) / (1 - share))  # what is dropped makes the whole smaller, too
        for place in reversed(range(len(kept))):
            said = [message.content for message in kept[place].messages if message.role == "assistant"]
            if excess > 0 and said == [answer]:
                del kept[place]
                excess, dropped, total = excess - 1, dropped + 1, total - 1
    return kept, dropped


def _one(names: Iterable[str | None]) -> str | None:
    found = set(names)
    return found.pop() if len(found) == 1 else None


def _last_in_turns(places: Sequence[int], fact: Callable[[int], tuple[str, ...]], n: int) -> set[int]:
    """The `n` places to drop: from each fact its last, in turns; the first of each stays."""
    by_fact: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place in places:
        by_fact[fact(place)].append(place)
    gone: set[int] = set()
    while len(gone) < n and any(len(mine) > 1 for mine in by_fact.values()):
        for mine in sorted(by_fact.values(), key=len, reverse=True):
            if len(gone) < n and len(mine) > 1:
                gone.add(mine.pop())
    return gone
