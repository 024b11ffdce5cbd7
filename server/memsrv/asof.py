"""The ledger as it stood at an earlier moment: what had been said by then, and what of it still held.

Derived from when each claim was said and ended, in the same way as sessions are remembered, so that it does not matter
when or in which order logs were read. Writes nothing; knows nothing of ranking.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from memsrv import revision
from memsrv.consent import Consent
from memsrv.errors import NotFound
from memsrv.records import Kind, Memory
from memsrv.store import Hit, Store
from memsrv.store.times import instant
from memsrv.store.visible import Visible


class AsOf(Visible):
    """`store` at `moment`, as far as it may be given back. What carries no time was there all along."""

    def __init__(self, store: Store, consent: Consent, moment: str) -> None:
        super().__init__(store, consent)
        self._moment = instant(moment)

    def memories(
        self, project: str | None = None, kinds: Sequence[Kind] | None = None, *, include_retired: bool = False
    ) -> list[Memory]:
        every = super().memories(project, kinds, include_retired=True)
        return every if include_retired else [memory for memory in every if memory.valid_to is None]

    def memory(self, id: str) -> Memory:
        """NotFound where there was none, NothingConsented where it may not be given back."""
        memory = super().memory(id)
        if id not in self._then:
            raise NotFound(f"`{id}` had not been said by then; `memsrv show {id}` shows it as it is now")
        return memory

    def _seen(self, memory: Memory) -> Memory | None:
        then = self._then.get(memory.id)
        return super()._seen(then) if then is not None else None

    def _seen_hit(self, hit: Hit) -> Hit | None:
        if hit.event is not None and instant(hit.time) > self._moment:
            return None
        return super()._seen_hit(hit)

    @cached_property
    def _then(self) -> dict[str, Memory]:
        """By id: every memory that had been said, as it stood."""
        ledger = Store(self._connection)
        words = self._words(ledger)
        ended: dict[str, tuple[str, str | None]] = {}
        for id, time, successor in ledger.endings():
            if id in words and instant(words[id].said) <= instant(time) <= self._moment:
                ended[id] = (time, successor)
        projects: dict[str, dict[str, revision.Word]] = defaultdict(dict)
        for id, word in words.items():
            if id not in ended or ended[id][1] is not None:  # what a person retired ends nothing any more
                projects[word.memory.project][id] = word
        for said in projects.values():
            for id, newer in revision.endings(said, set(said)).items():
                ended.setdefault(id, (max(newer.said, said[id].said, key=instant), newer.memory.id))
        return {
            id: replace(word.memory, valid_to=ended[id][0], superseded_by=ended[id][1]) if id in ended else word.memory
            for id, word in words.items()
        }

    def _words(self, ledger: Store) -> dict[str, revision.Word]:
        """Every memory that had been said, with the quotes that there were, and when it had last been said."""
        times: dict[str, list[str]] = defaultdict(list)
        for id, time in ledger.said():
            if instant(time) <= self._moment:
                times[id].append(time)
        late = {turn for turn, time in ledger.evidence_times() if instant(time) > self._moment}
        words: dict[str, revision.Word] = {}
        for memory in ledger.memories(include_retired=True):
            said = times.get(memory.id, [])
            if said or memory.valid_from is None:
                kept = tuple(quote for quote in memory.evidence if (quote.session, quote.turn) not in late)
                since = memory.valid_from if memory.valid_from in said else min(said, key=instant, default=None)
                then = replace(memory, evidence=kept, valid_from=since, valid_to=None, superseded_by=None)
                words[memory.id] = revision.Word(then, max(said, key=instant, default=""))
        return words
