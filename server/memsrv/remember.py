"""From sessions to memories: what the lenses claim becomes Memory rows; newer words end older ones. Rules only, no LLM.

The same sessions give the same memories in whatever order they are read, and reading them again adds nothing. Knows
neither log formats nor SQL; ranking is `recall`'s.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from memsrv import lenses, provenance
from memsrv.echo import outside
from memsrv.errors import NotFound, UsageError
from memsrv.lenses import prose
from memsrv.likeness import adds, alike
from memsrv.records import Evidence, Kind, Memory, Trust
from memsrv.redact import Redactor
from memsrv.revision import Word, endings, key, parts, plain, says_the_same
from memsrv.store import Store
from memsrv.store.times import after, instant

MAX_SAVED_CHARS = 2_000
_WHOSE = {Trust.TOOL: "a tool", Trust.WEB: "a web page", Trust.FILE: "a file"}
_COMPARED = 20  # memories that a saved one is compared with


@dataclass(frozen=True, slots=True)
class RememberReport:
    """What one distillation changed. `memories` are all that those sessions support, ended ones included."""

    sessions: int
    added: int
    updated: int
    superseded: int
    memories: tuple[Memory, ...]


@dataclass(frozen=True, slots=True)
class Alike:
    """A memory that says nearly what was saved (`duplicate`), or nearly but for the point (`contradiction`)."""

    sort: str
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Saved:
    """What saving did: `created`, `duplicate_of` (nothing new; `id` is the one that stands) or `superseding`.

    `overruled` are those superseded that a person had said, and nobody has asked; `alike` holds beside it.
    """

    id: str
    status: str
    text: str
    kind: Kind
    project: str
    subject: str | None
    relation: str | None
    value: str | None
    superseded: tuple[str, ...] = ()
    redactions: int = 0
    overruled: tuple[str, ...] = ()
    alike: tuple[Alike, ...] = ()


def remember(store: Store, sessions: Iterable[str] | None = None) -> RememberReport:
    """Distil `sessions` (all, where None) into memories. Session ids that the store does not know raise NotFound."""
    chosen = [store.session(id) for id in sessions] if sessions is not None else store.sessions()
    found: dict[str, dict[str, Word]] = defaultdict(dict)
    for session in chosen:
        words = found[session.project]
        for claim in lenses.claims(store.events(session.id)):
            memory = _memory(session.project, claim)
            said = claim.time or session.ended or session.started or ""
            before = words.get(memory.id)
            words[memory.id] = Word(memory, said) if before is None else _merged(before, Word(memory, said))
    added = updated = superseded = 0
    known: list[Memory] = []
    for project, words in sorted(found.items()):
        stored = _related(store, project, [word.memory for word in words.values()])
        settled = _settle(store, stored, words)
        done = store.remember(settled)
        added, updated = added + done.added, updated + done.updated
        superseded += sum(1 for memory in settled if memory.superseded_by and not _is_ended(stored.get(memory.id)))
        known += [memory for memory in settled if memory.id in words]
    return RememberReport(len(chosen), added, updated, superseded, tuple(known))


def save(
    store: Store,
    redactor: Redactor,
    text: str,
    *,
    kind: Kind,
    project: str,
    now: str,
    supersedes: str | None = None,
    trust: Trust = Trust.ASSISTANT,
) -> Saved:
    """Keep one claim on purpose. Rules take it apart where they can; what it contradicts, or `supersedes`, ends now."""
    text, redactions = redactor.redact(" ".join(text.split()))
    if not text:
        raise UsageError("there is nothing to save; give one self-contained sentence")
    if len(text) > MAX_SAVED_CHARS:
        raise UsageError(f"a memory is one claim of at most {MAX_SAVED_CHARS} characters; this one has {len(text)}")
    if outside(text) != text or "memsrv-recall" in text:
        raise UsageError("these are words that memsrv gave; what it remembers need not be saved again")
    if trust is Trust.ASSISTANT and (found := provenance.source(store, text, project)) is not None:
        if kind is Kind.SEMANTIC or supersedes is not None:
            raise UsageError(
                f"these are the words of {_WHOSE[found.trust]} (session {found.session} turn {found.turn}), and no "
                "person said them; ask the user what holds, and save what they say"
            )
        trust = found.trust  # kept as a quote: not trained on before a person approved it
    reading = lenses.read(text) if len(list(prose.sentences(text))) == 1 else None
    memory = _on_purpose(project, kind, text, trust, now, reading)
    old = store.memory(supersedes) if supersedes is not None else None
    stored = _related(store, project, [memory])
    live = [m for m in stored.values() if not _is_ended(m)]
    twin = _twin(memory, live)
    if twin is not None and adds(text, twin):  # rules read of it no more than what is known
        memory = _on_purpose(project, kind, text, trust, now, None)
        stored = _related(store, project, [memory])
        live = [m for m in stored.values() if not _is_ended(m)]
        twin = _twin(memory, live)
    if store.is_erased(memory):
        raise UsageError("this was erased, and is not taken up again; say what holds now in other words")
    if twin is not None and old is None and (twin.trust.trainable or not trust.trainable):
        return _saved(twin, "duplicate_of", (), redactions)
    # Two that contradict each other may be saved within a tick of the clock: the later call wins.
    now = after(now, [_last_said(store, one) for one in (*stored.values(), *filter(None, [old]))])
    memory = replace(memory, valid_from=now)
    settled = _settle(store, stored, {memory.id: Word(memory, now)})
    ended = [m for m in settled if m.id != memory.id and m.superseded_by is not None]
    if old is not None and old.id != memory.id and old.id not in {m.id for m in ended}:
        settled = [replace(old, valid_to=now, superseded_by=memory.id), *settled]
        ended.append(old)
    store.remember(settled, who=str(trust))
    before = {m.id for m in live}
    gone = sorted((m for m in ended if m.id in before or m is old), key=lambda one: one.id)
    saved = _saved(memory, "superseding" if gone else "created", [one.id for one in gone], redactions)
    overruled = [one.id for one in gone if one.trust is Trust.HUMAN and trust is not Trust.HUMAN]
    return replace(saved, overruled=tuple(overruled), alike=tuple(_alike(store, memory)))


def _on_purpose(project: str, kind: Kind, text: str, trust: Trust, now: str, reading: lenses.Reading | None) -> Memory:
    subject, relation, value = (reading.subject, reading.relation, reading.value) if reading else (None, None, None)
    return Memory(
        id=identity(project, kind, text, subject, relation, value), project=project, kind=kind, text=text, trust=trust,
        subject=subject, relation=relation, value=value, valid_from=now, origin="saved",
    )  # fmt: skip


def _twin(memory: Memory, live: Iterable[Memory]) -> Memory | None:
    return next((m for m in live if m.id == memory.id or says_the_same(m, memory)), None)


def _alike(store: Store, memory: Memory) -> Iterator[Alike]:
    """What holds beside it and is alike, among those that its words find."""
    for hit in store.search_memories(memory.text, project=memory.project, limit=_COMPARED):
        if hit.memory is not None and hit.id != memory.id and (found := alike(hit.memory, memory)) is not None:
            yield Alike(str(found), hit.id, hit.memory.text)


def identity(project: str, kind: Kind, text: str, subject: str | None, relation: str | None, value: str | None) -> str:
    """The same claim about the same project has the same id, whoever says it and how often."""
    said = [subject, relation, value] if subject and relation and value else [text]
    identified = [project, str(kind), *(plain(part) for part in said)]
    return "mem_" + hashlib.sha256("\x1f".join(identified).encode("utf-8", "replace")).hexdigest()[:12]


def _memory(project: str, claim: lenses.Claim) -> Memory:
    return Memory(
        id=identity(project, claim.kind, claim.text, claim.subject, claim.relation, claim.value),
        project=project,
        kind=claim.kind,
        text=claim.text,
        trust=claim.trust,
        evidence=claim.evidence,
        subject=claim.subject,
        relation=claim.relation,
        value=claim.value,
        valid_from=claim.time,
    )


def _merged(first: Word, again: Word) -> Word:
    evidence = tuple(dict.fromkeys((*first.memory.evidence, *again.memory.evidence)))
    since = min(filter(None, (first.memory.valid_from, again.memory.valid_from)), default=None, key=instant)
    spoken = first if first.memory.trust is Trust.HUMAN else again
    return Word(replace(spoken.memory, evidence=evidence, valid_from=since), max(first.said, again.said, key=instant))


def _related(store: Store, project: str, memories: Iterable[Memory]) -> dict[str, Memory]:
    """The stored memories that these could be, say again, end or be ended by, in the order they were learnt."""
    ids: set[str] = set()
    keys: set[str | None] = set()
    texts: set[str] = set()
    shared: set[str] = set()
    for memory in memories:
        ids.add(memory.id)
        keys.add(key(memory))
        texts.add(plain(memory.text))
        shared |= parts(memory)
    keys.discard(None)
    found = [
        said.id
        for said in store.stated(project)
        if said.id in ids or key(said) in keys or plain(said.text) in texts or not shared.isdisjoint(parts(said))
    ]
    return {memory.id: memory for memory in store.memories_called(found)}


def _settle(store: Store, stored: dict[str, Memory], words: dict[str, Word]) -> list[Memory]:
    """What to write: the new words and whichever of the related `stored` they touch, live or ended, losers first."""
    said: dict[str, Word] = {}
    for id, memory in stored.items():
        if memory.valid_to is None or memory.superseded_by is not None or id in words:
            said[id] = Word(memory, _last_said(store, memory))
    for id, word in words.items():
        before = said.get(id)
        if before is not None and _was_retired(before.memory) and instant(word.said) <= instant(before.memory.valid_to):
            del said[id]  # a person retired it, and nobody has said it since
            continue
        said[id] = (
            word if before is None else replace(_merged(before, word), said=max(before.said, word.said, key=instant))
        )
    changed = {id for id in words if id in said}
    return _ordered(said, changed, endings(said, changed), stored)


def _ordered(
    said: dict[str, Word], changed: set[str], ended: dict[str, Word], stored: dict[str, Memory]
) -> list[Memory]:
    losers, winners = [], []
    for id, word in sorted(said.items(), key=lambda item: item[1].weight):
        successor = ended.get(id)
        before = stored.get(id)
        if successor is not None and (id in changed or (before is not None and before.superseded_by is None)):
            until = max(successor.said, word.said, key=instant) or None
            losers.append(replace(word.memory, valid_to=until, superseded_by=successor.memory.id))
        elif successor is None and id in changed:
            lives_again = before is not None and (before.superseded_by is not None or before.valid_to is not None)
            since = word.said if lives_again else word.memory.valid_from
            winners.append(replace(word.memory, valid_from=since, valid_to=None, superseded_by=None))
    return losers + winners


def _last_said(store: Store, memory: Memory) -> str:
    """The time of the newest words that support a stored memory."""
    times = [memory.valid_from or ""]
    for quote in memory.evidence:
        times.append(_time_of(store, quote))
    return max(times, key=instant)


def _time_of(store: Store, quote: Evidence) -> str:
    try:
        event = store.event(quote.session, quote.turn)
        return event.time or store.session(quote.session).ended or ""
    except NotFound:
        return ""  # its log was erased; `valid_from` still tells when it was said


def _was_retired(memory: Memory) -> bool:
    return memory.valid_to is not None and memory.superseded_by is None


def _is_ended(memory: Memory | None) -> bool:
    return memory is not None and (memory.valid_to is not None or memory.superseded_by is not None)


def _saved(memory: Memory, status: str, superseded: Sequence[str], redactions: int) -> Saved:
    return Saved(
        memory.id,
        status,
        memory.text,
        memory.kind,
        memory.project,
        memory.subject,
        memory.relation,
        memory.value,
        tuple(superseded),
        redactions,
    )
