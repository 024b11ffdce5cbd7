"""The store as far as it may be given back: what its project or its agent may not be recalled from is not there.

Lists and searches leave it out; who asks for it by name is told which consent is missing. A memory that several agents
are evidence of stays, without the quotes of those that may not be recalled. Derives nothing and writes nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

from memsrv.consent import Act, Consent
from memsrv.records import Event, Kind, Memory, Session
from memsrv.store import Store
from memsrv.store.figures import MemoryCounts
from memsrv.store.rows import Archived, Counts, Hit, Loss, SourceFile


class _Whose(NamedTuple):
    project: str
    agent: str


class Visible(Store):
    """Shares the connection of `store`. Made anew for each question: it sees the sessions of that moment."""

    def __init__(self, store: Store, consent: Consent) -> None:
        super().__init__(store._connection)
        self._consent = consent

    # By name

    def session(self, id: str) -> Session:
        """NotFound where there is none, NothingConsented where it may not be given back."""
        session = super().session(id)
        self._consent.require(Act.RECALL, project=session.project, agent=session.agent)
        return session

    def event_by_id(self, id: str) -> Event:
        """NotFound where there is none, NothingConsented where it may not be given back."""
        event = super().event_by_id(id)
        self.session(event.session)
        return event

    def event(self, session: str, turn: int) -> Event:
        """NotFound where there is none, NothingConsented where it may not be given back."""
        self.session(session)
        return super().event(session, turn)

    def memory(self, id: str) -> Memory:
        """NotFound where there is none, NothingConsented where it may not be given back."""
        memory = super().memory(id)
        seen = self._seen(memory)
        if seen is None:
            agents = [self._agents.get(quote.session) for quote in memory.evidence]
            self._consent.require(Act.RECALL, project=memory.project, agent=agents[0] if agents else None)
        return seen or memory

    # Lists

    def sessions(self, project: str | None = None, *, twice: bool = False) -> list[Session]:
        return [s for s in super().sessions(project, twice=twice) if self._may(s.project, s.agent)]

    def events(self, session: str) -> list[Event]:
        return super().events(session) if self._is_visible(session) else []

    def turns_around(self, session: str, turn: int, n: int = 2) -> list[Event]:
        return super().turns_around(session, turn, n) if self._is_visible(session) else []

    def echoes(self, session: str, first: int, last: int) -> list[Event]:
        return super().echoes(session, first, last) if self._is_visible(session) else []

    def archived(self, session: str, first: int = 0, last: int | None = None) -> Iterator[Archived]:
        return super().archived(session, first, last) if self._is_visible(session) else iter(())

    def whole_event(self, session: str, turn: int) -> Event | None:
        return super().whole_event(session, turn) if self._is_visible(session) else None

    def losses(self, path: str | None = None) -> list[Loss]:
        hidden = {file.path for file in Store.files(self)} - {file.path for file in self.files()}
        return [loss for loss in super().losses(path) if loss.path not in hidden]

    def files(self) -> list[SourceFile]:
        return [file for file in super().files() if self._is_visible(file.session)]

    def memories(
        self, project: str | None = None, kinds: Sequence[Kind] | None = None, *, include_retired: bool = False
    ) -> list[Memory]:
        found = super().memories(project, kinds, include_retired=include_retired)
        return [seen for memory in found if (seen := self._seen(memory)) is not None]

    def memory_chain(self, id: str) -> list[Memory]:
        return [seen for memory in super().memory_chain(id) if (seen := self._seen(memory)) is not None]

    def projects(self) -> list[str]:
        return [project for project in super().projects() if self._may(project, None)]

    def memory_counts(self) -> MemoryCounts:
        seen = self.memories(include_retired=True)
        live = [m for m in seen if m.valid_to is None and m.superseded_by is None]
        by_kind, by_trust = Counter(str(m.kind) for m in live), Counter(str(m.trust) for m in live)
        reviewed = {review.fact for project in self.projects() for review in self.reviews(project)}
        waiting = sum(not m.trust.trainable and m.id not in reviewed for m in live)
        return MemoryCounts(len(live), len(seen) - len(live), dict(by_kind), dict(by_trust), waiting)

    def last_project(self) -> str | None:
        sessions = self.sessions()
        return max(sessions, key=lambda s: s.ended or s.started or "").project if sessions else None

    def events_by_agent(self) -> dict[str, int]:
        found = Counter[str]()
        for session, count in self._turns().items():
            found[self._by_session[session].agent] += count
        return dict(found)

    def counts(self) -> Counts:
        memories = self.memories(include_retired=True)
        live = sum(m.valid_to is None and m.superseded_by is None for m in memories)
        files = self.files()
        return Counts(
            sessions=len(self.sessions(twice=True)),
            events=sum(self._turns().values()),
            memories=live,
            retired=len(memories) - live,
            files=len(files),
            unreadable=sum(file.unreadable for file in files),
            projects=len(self.projects()),
        )

    # Search

    def search_memories(
        self,
        query: str,
        *,
        project: str | None = None,
        kinds: Sequence[Kind] | None = None,
        limit: int = 20,
        include_retired: bool = False,
    ) -> list[Hit]:
        whole = super().search_memories

        def found(limit: int) -> list[Hit]:
            return whole(query, project=project, kinds=kinds, limit=limit, include_retired=include_retired)

        return _enough(found, self._seen_hit, limit)

    def search_turns(
        self, query: str, *, project: str | None = None, limit: int = 20, around: float = 0.0
    ) -> list[Hit]:
        whole = super().search_turns
        return _enough(lambda limit: whole(query, project=project, limit=limit, around=around), self._seen_hit, limit)

    def hits(self, numbers: Sequence[int], of: str, *, project: str | None = None) -> list[Hit]:
        return [seen for hit in super().hits(numbers, of, project=project) if (seen := self._seen_hit(hit))]

    def scope(self, project: str | None) -> tuple[list[str], list[int]]:
        sessions, memories = super().scope(project)
        return [id for id in sessions if self._is_visible(id)], memories

    # What may be seen

    def _turns(self) -> dict[str, int]:
        """How many turns each session has that may be given back."""
        rows = self._connection.read("SELECT session, count(*) FROM events GROUP BY session")
        return {session: count for session, count in rows if self._is_visible(session)}

    def _may(self, project: str | None, agent: str | None) -> bool:
        return self._consent.allows(Act.RECALL, project=project, agent=agent)

    @cached_property
    def _by_session(self) -> dict[str, _Whose]:
        return {row[0]: _Whose(*row[1:]) for row in self._connection.read("SELECT id, project, agent FROM sessions")}

    @property
    def _agents(self) -> dict[str, str]:
        return {id: session.agent for id, session in self._by_session.items()}

    def _is_visible(self, session: str) -> bool:
        """A session that is not there (its log was erased) hides nothing."""
        found = self._by_session.get(session)
        return found is None or self._may(found.project, found.agent)

    def _seen(self, memory: Memory) -> Memory | None:
        """`memory` with the quotes that may be given back; None where it, or all that speaks for it, may not."""
        if not self._may(memory.project, None):
            return None
        quotes = tuple(quote for quote in memory.evidence if self._is_visible(quote.session))
        return replace(memory, evidence=quotes) if quotes or not memory.evidence else None

    def _seen_hit(self, hit: Hit) -> Hit | None:
        if hit.memory is None:
            return hit if self._may(hit.project, hit.agent) else None
        memory = self._seen(hit.memory)
        if memory is None:
            return None
        first = memory.evidence[0] if memory.evidence else None
        return replace(hit, memory=memory, session=first.session if first else None, turn=first.turn if first else None)


class Trainable(Visible):
    """As far as its agents may be trained on. Whether the project may be is asked before a run is ordered."""

    def _may(self, project: str | None, agent: str | None) -> bool:
        return self._consent.allows(Act.TRAIN, agent=agent)


def _enough(found: Callable[[int], list[Hit]], seen: Callable[[Hit], Hit | None], limit: int) -> list[Hit]:
    """The best `limit` hits that may be seen, however many that may not rank before them."""
    asked = limit
    while True:
        hits = found(asked)
        visible = [kept for hit in hits if (kept := seen(hit)) is not None]
        if len(visible) >= limit or len(hits) < asked:
            return visible[:limit]
        asked *= 4
