"""From sessions to memories: what the lenses claim becomes Memory rows; newer words end older ones. Rules only, no LLM.

The same sessions give the same memories in whatever order they are read, and reading them again adds nothing. Knows
neither log formats nor SQL; ranking is `recall`'s.
"""

import hashlib
import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from memsrv import lenses
from memsrv.errors import NotFound, UsageError
from memsrv.lenses import prose
from memsrv.records import Evidence, Kind, Memory, Trust
from memsrv.redact import Redactor
from memsrv.store import Stated, Store

MAX_SAVED_CHARS = 2_000

#: Claims that may contradict one under another key.
_OVERRULING = frozenset({"use", "avoid", "replacement"})


@dataclass(frozen=True, slots=True)
class RememberReport:
    """What one distillation changed. `memories` are all that those sessions support, ended ones included."""

    sessions: int
    added: int
    updated: int
    superseded: int
    memories: tuple[Memory, ...]


@dataclass(frozen=True, slots=True)
class Saved:
    """What saving did: `created`, `duplicate_of` (nothing new; `id` is the one that stands) or `superseding`."""

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


@dataclass(frozen=True, slots=True)
class _Word:
    """A memory and when it was last said, which is what decides whose words are newer."""

    memory: Memory
    said: str

    @property
    def weight(self) -> tuple[int, str, str]:
        """People's words outrank what commands merely showed; then time; then the id, so that order never matters."""
        spoken = self.memory.trust is Trust.HUMAN or self.memory.origin == "saved"
        return (int(spoken), self.said, self.memory.id)


def remember(store: Store, sessions: Iterable[str] | None = None) -> RememberReport:
    """Distil `sessions` (all, where None) into memories. Session ids that the store does not know raise NotFound."""
    chosen = [store.session(id) for id in sessions] if sessions is not None else store.sessions()
    found: dict[str, dict[str, _Word]] = defaultdict(dict)
    for session in chosen:
        words = found[session.project]
        for claim in lenses.claims(store.events(session.id)):
            memory = _memory(session.project, claim)
            said = claim.time or session.ended or session.started or ""
            before = words.get(memory.id)
            words[memory.id] = _Word(memory, said) if before is None else _merged(before, _Word(memory, said))
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
    reading = lenses.read(text) if len(list(prose.sentences(text))) == 1 else None
    subject, relation, value = (reading.subject, reading.relation, reading.value) if reading else (None, None, None)
    memory = Memory(
        id=identity(project, kind, text, subject, relation, value),
        project=project,
        kind=kind,
        text=text,
        trust=trust,
        subject=subject,
        relation=relation,
        value=value,
        valid_from=now,
        origin="saved",
    )
    if store.is_erased(memory):
        raise UsageError("this was erased, and is not taken up again; say what holds now in other words")
    old = store.memory(supersedes) if supersedes is not None else None
    stored = _related(store, project, [memory])
    live = [m for m in stored.values() if not _is_ended(m)]
    twin = next((m for m in live if m.id == memory.id or _says_the_same(m, memory)), None)
    if twin is not None and old is None:
        return _saved(twin, "duplicate_of", (), redactions)
    settled = _settle(store, stored, {memory.id: _Word(memory, now)})
    ended = [m for m in settled if m.id != memory.id and m.superseded_by is not None]
    if old is not None and old.id != memory.id and old.id not in {m.id for m in ended}:
        settled = [replace(old, valid_to=now, superseded_by=memory.id), *settled]
        ended.append(old)
    store.remember(settled)
    before = {m.id for m in live}
    gone = tuple(sorted(m.id for m in ended if m.id in before or m is old))
    return _saved(memory, "superseding" if gone else "created", gone, redactions)


def identity(project: str, kind: Kind, text: str, subject: str | None, relation: str | None, value: str | None) -> str:
    """The same claim about the same project has the same id, whoever says it and how often."""
    said = [subject, relation, value] if subject and relation and value else [text]
    parts = [project, str(kind), *(_plain(part) for part in said)]
    return "mem_" + hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()[:12]


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


def _merged(first: _Word, again: _Word) -> _Word:
    evidence = tuple(dict.fromkeys((*first.memory.evidence, *again.memory.evidence)))
    since = min(filter(None, (first.memory.valid_from, again.memory.valid_from)), default=None)
    spoken = first if first.memory.trust is Trust.HUMAN else again
    return _Word(replace(spoken.memory, evidence=evidence, valid_from=since), max(first.said, again.said))


def _related(store: Store, project: str, memories: Iterable[Memory]) -> dict[str, Memory]:
    """The stored memories that these could be, say again, end or be ended by, in the order they were learnt."""
    ids: set[str] = set()
    keys: set[str | None] = set()
    texts: set[str] = set()
    parts: set[str] = set()
    for memory in memories:
        ids.add(memory.id)
        keys.add(_key(memory))
        texts.add(_plain(memory.text))
        parts |= _parts(memory)
    keys.discard(None)
    found = [
        said.id
        for said in store.stated(project)
        if said.id in ids or _key(said) in keys or _plain(said.text) in texts or not parts.isdisjoint(_parts(said))
    ]
    return {memory.id: memory for memory in store.memories_called(found)}


def _settle(store: Store, stored: dict[str, Memory], words: dict[str, _Word]) -> list[Memory]:
    """What to write: the new words and whichever of the related `stored` they touch, live or ended, losers first."""
    said: dict[str, _Word] = {}
    for id, memory in stored.items():
        if memory.valid_to is None or memory.superseded_by is not None or id in words:
            said[id] = _Word(memory, _last_said(store, memory))
    for id, word in words.items():
        before = said.get(id)
        if before is not None and _was_retired(before.memory) and word.said <= (before.memory.valid_to or ""):
            del said[id]  # a person retired it, and nobody has said it since
            continue
        said[id] = word if before is None else replace(_merged(before, word), said=max(before.said, word.said))
    changed = {id for id in words if id in said}
    return _ordered(said, changed, _endings(said, changed), stored)


def _endings(said: dict[str, _Word], changed: set[str]) -> dict[str, _Word]:
    """For every claim that does not hold: the words that ended it."""
    ended: dict[str, _Word] = {}
    keys: dict[str, list[_Word]] = defaultdict(list)
    for word in said.values():
        if (key := _key(word.memory)) is not None:
            keys[key].append(word)
    for rivals in keys.values():
        if not changed & {word.memory.id for word in rivals}:
            continue
        rivals.sort(key=lambda word: word.weight)
        for older, newer in itertools.pairwise(rivals):
            ended[older.memory.id] = newer
    live = sorted((w for id, w in said.items() if id not in ended), key=lambda word: word.weight)
    places: dict[str, list[int]] = defaultdict(list)
    for place, word in enumerate(live):
        for part in _parts(word.memory):
            places[part].append(place)
    for place, older in enumerate(live):
        if older.memory.superseded_by is not None and older.memory.id not in changed:
            continue
        later = sorted({n for part in _parts(older.memory) for n in places[part] if n > place})
        newer_words = (live[n] for n in later if changed & {live[n].memory.id, older.memory.id})
        successor = next((n for n in newer_words if n.said and _overrules(n.memory, older.memory)), None)
        if successor is not None:
            ended[older.memory.id] = successor
    return ended


def _ordered(
    said: dict[str, _Word], changed: set[str], ended: dict[str, _Word], stored: dict[str, Memory]
) -> list[Memory]:
    losers, winners = [], []
    for id, word in sorted(said.items(), key=lambda item: item[1].weight):
        successor = ended.get(id)
        before = stored.get(id)
        if successor is not None and (id in changed or (before is not None and before.superseded_by is None)):
            until = max(successor.said, word.said) or None
            losers.append(replace(word.memory, valid_to=until, superseded_by=successor.memory.id))
        elif successor is None and id in changed:
            lives_again = before is not None and (before.superseded_by is not None or before.valid_to is not None)
            since = word.said if lives_again else word.memory.valid_from
            winners.append(replace(word.memory, valid_from=since, valid_to=None, superseded_by=None))
    return losers + winners


def _overrules(newer: Memory, older: Memory) -> bool:
    """Whether words under another key still contradict: what is replaced or avoided is no longer what to use."""
    if None in (newer.value, newer.subject, older.value, older.subject):
        return False
    value, subject = _plain(newer.value or ""), _plain(newer.subject or "")
    was, about = _plain(older.value or ""), _plain(older.subject or "")
    if newer.relation == "replacement":
        named = re.search(r"[^\W\d]", subject) is not None  # not a bare number
        return named and was == subject and older.relation in ("use", "replacement")
    if {newer.relation, older.relation} == {"use", "avoid"}:
        return value == was and about == subject
    if newer.relation == "use" and older.relation == "replacement":
        return about == value and was != value
    return False


def _parts(memory: Memory | Stated) -> set[str]:
    """What a memory that could overrule another, or be overruled, shares with that one: see `_overrules`."""
    if memory.relation not in _OVERRULING or memory.subject is None or memory.value is None:
        return set()
    return {_plain(memory.subject), _plain(memory.value)}


def _key(memory: Memory | Stated) -> str | None:
    """Docs/contracts.md: the key under which newer words supersede. Things to avoid add up, so each is its own key."""
    if memory.subject is None or memory.relation is None:
        return None
    own = memory.value or "" if memory.relation == "avoid" else ""
    return "\x1f".join(_plain(part) for part in (memory.subject, memory.relation, own))


def _last_said(store: Store, memory: Memory) -> str:
    """The time of the newest words that support a stored memory."""
    times = [memory.valid_from or ""]
    for quote in memory.evidence:
        times.append(_time_of(store, quote))
    return max(times)


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


def _says_the_same(one: Memory, other: Memory) -> bool:
    if _plain(one.text) == _plain(other.text):
        return True
    if one.subject is None or other.subject is None or one.value is None or other.value is None:
        return False
    return _key(one) == _key(other) and _plain(one.value) == _plain(other.value)


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


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("`", "").split()).rstrip(".!")
