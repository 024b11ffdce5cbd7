"""What was learnt of sessions: memories with their evidence, every change of one, its uses, and what people said of it.

What ended stays, and names what it gave way to. Knows nothing of how memories are made, or found again by words.
"""

from collections.abc import Iterable, Mapping, Sequence

from memsrv.records import Kind, Memory, Review, Trust
from memsrv.store import deltas as _deltas
from memsrv.store import memories as _memories
from memsrv.store import reviews as _reviews
from memsrv.store.deltas import Change, Counters, Use
from memsrv.store.opened import Opened
from memsrv.store.rows import Remembered, Stated


class Learnt(Opened):
    """Memories, deltas, uses, reviews."""

    # Remembering

    def remember(self, memories: Iterable[Memory], *, who: str = "rules") -> Remembered:
        """Store memories in one transaction.

        A known id gains the new evidence (and lives again if it was said after it had ended). A claim with subject and
        relation supersedes the live claim with the same (project, subject, relation) if its `valid_from` is not older,
        and is itself stored as superseded if it is. Erased claims are not taken up again. `who`
        stands beside each change in the log of deltas.
        """
        with self._connection.writing() as db:
            return _memories.remember(db, memories, who)

    def unremembered(self) -> dict[str, int]:
        """Sessions that gained turns since memories were last made of them, and how many turns they have now.

        One that another session tells is that one's to be remembered.
        """
        rows = self._connection.read(
            """SELECT e.session, count(*) FROM events e LEFT JOIN remembered r ON r.session = e.session
               WHERE e.session NOT IN (SELECT session FROM told_twice)
               GROUP BY e.session HAVING count(*) > coalesce(max(r.turns), 0) ORDER BY min(e.n)"""
        )
        return {row[0]: row[1] for row in rows}

    def mark_remembered(self, turns: Mapping[str, int]) -> None:
        """Memories have been made of these sessions, as far as these numbers of turns; what others that tell the same
        were evidence of rests on these alone."""
        with self._connection.writing() as db:
            _memories.withdraw(db, list(turns))
            for place in turns.items():
                db.execute(
                    "INSERT INTO remembered VALUES (?, ?) ON CONFLICT (session) DO UPDATE SET turns = excluded.turns",
                    place,
                )

    # Memories

    def memories(
        self, project: str | None = None, kinds: Sequence[Kind] | None = None, *, include_retired: bool = False
    ) -> list[Memory]:
        """In the order they were learnt. Without `include_retired` only what holds now."""
        return _memories.list_memories(self._connection, project, kinds, include_retired)

    def stated(self, project: str) -> list[Stated]:
        """What each memory of `project` says, ended ones included: a few ms for ten thousand."""
        return _memories.list_stated(self._connection, project)

    def memories_called(self, ids: Sequence[str]) -> list[Memory]:
        """Those of `ids` that there are, in the order they were learnt, ended ones included."""
        return _memories.memories_called(self._connection, ids)

    def memory(self, id: str) -> Memory:
        """NotFound where there is none."""
        return _memories.get_memory(self._connection, id)

    def memory_chain(self, id: str) -> list[Memory]:
        """The memory with all that it superseded and that superseded it, oldest first."""
        return _memories.chain(self._connection, id)

    # Ended, or trusted less

    def retire(self, id: str, when: str, *, who: str = "person") -> None:
        """It no longer holds from `when` on; it stays in the ledger. Already ended: nothing changes."""
        with self._connection.writing() as db:
            _memories.retire(db, id, when, who)

    def resolve(self, id: str, keep: str, when: str, *, merge: bool = False, who: str = "person") -> None:
        """`keep` holds from now on, and `id` gives way to it; with `merge` what is evidence of one is of the other."""
        with self._connection.writing() as db:
            _memories.resolve(db, id, keep, when, merge, who)

    def distrust(self, id: str, trust: Trust, *, who: str = "rules") -> None:
        """It is what `trust` said: a quote, that nothing is trained on before a person approved it."""
        with self._connection.writing() as db:
            _memories.distrust(db, id, trust, who)

    # What became of them

    def changes(self, memories: Iterable[str]) -> list[Change]:
        """The log of deltas of `memories`, oldest first."""
        return _deltas.changes(self._connection, memories)

    def said(self) -> list[tuple[str, str]]:
        """(memory, time) for each time that a memory was said, as far as anything tells."""
        return _deltas.said(self._connection)

    def said_by_people(self, project: str | None = None) -> list[tuple[str, str, int, str]]:
        """(memory, session, turn, time) for every time that a person said what a memory says; oldest first."""
        return _deltas.said_by_people(self._connection, project)

    def evidence_times(self) -> list[tuple[tuple[str, int], str]]:
        """When each (session, turn) was that is evidence of a memory, as far as it is known."""
        return _deltas.evidence_times(self._connection)

    def endings(self) -> list[tuple[str, str, str | None]]:
        """(memory, time, successor) for each time that a memory ended."""
        return _deltas.endings(self._connection)

    def saved_by_agents(self, project: str, since: str) -> list[Memory]:
        """What agents saved on purpose from the time `since` on, and still holds."""
        return _memories.saved_by_agents(self._connection, project, since)

    def keep_uses(self, session: str, uses: Iterable[Use]) -> None:
        """What `session` tells of the memories that were given in it, instead of what it told before."""
        with self._connection.writing() as db:
            _deltas.keep_uses(db, session, uses)

    def counters(self, until: str | None = None) -> dict[str, Counters]:
        """Of every memory that was given to an agent, ever or `until` then: how often, and what came of it."""
        return _deltas.counters(self._connection, until)

    def usefulness(self, memories: Sequence[str]) -> dict[str, float]:
        """From 0 to 1 of each that an agent took up: how well those tasks went."""
        return _deltas.usefulness(self._connection, memories)

    def review(self, project: str, review: Review) -> None:
        """Keep a person's word on one fact of `project`; it replaces what was said of the fact before."""
        with self._connection.writing() as db:
            _reviews.put(db, project, review)

    def reviews(self, project: str) -> list[Review]:
        """The standing word on each reviewed fact of `project`, oldest first."""
        return _reviews.of_project(self._connection, project)
