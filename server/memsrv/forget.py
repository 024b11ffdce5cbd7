"""Forgetting: a memory is retired (it ends, and stays in the ledger) or erased (its words are gone from all of it).

Nothing changes until the caller passes back the code of what it was shown. An erase lays its tombstones first; what
follows needs nothing but them, so that one that was killed is finished by the next. Knows nothing of archives' insides.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from memsrv import backup
from memsrv.errors import NotFound, UsageError
from memsrv.home import Home
from memsrv.reach import Affected, Reached, reach
from memsrv.records import Memory, to_dict
from memsrv.store import Store
from memsrv.tombstones import claim_hash
from memsrv_consolidation.run import one_at_a_time


@dataclass(frozen=True, slots=True)
class Ended:
    """A memory that is forgotten. `text` is None once it was erased."""

    id: str
    project: str
    text: str | None


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What forgetting would change, or (`done`) has changed. `confirm`, passed back, lets it be done as shown."""

    done: bool
    erase: bool
    memories: tuple[Ended, ...]
    whole: tuple[str, ...] = ()  # the session that is forgotten, those that tell it again, and its subagents'
    confirm: str | None = None
    also: tuple[str, ...] = ()  # other memories that say the same words, and go with it
    superseded: tuple[str, ...] = ()  # older memories that these had replaced: they stay ended
    turns: int = 0
    sessions: int = 0
    runs: tuple[str, ...] = ()
    adapters_affected: tuple[Affected, ...] = ()
    backups: tuple[str, ...] = ()  # before: all that will be searched; after: those that held it, rewritten
    files: tuple[str, ...] = ()  # logs and ledgers of memsrv
    logs: tuple[str, ...] = ()  # the agents' own, which are not ours to change
    notes: tuple[str, ...] = ()


def forget(
    home: Home,
    store: Store,
    ids: Sequence[str],
    *,
    now: datetime,
    erase: bool = False,
    words: Sequence[str] = (),
    session: str | None = None,
    confirm: str | None = None,
) -> Forgotten:
    """Retire the memories `ids`; with `erase`, remove them, and any `words`, from everything that memsrv keeps.

    Of a `session` the memories that no other one is evidence of; with `erase` all of its turns, and no log of it is
    read again. NotFound names an id that there is none of. UsageError where `confirm` is not the code of what stands.
    """
    if words and not erase:
        raise UsageError("words are erased, not retired; give --erase with them")
    if not ids and not words and session is None:
        raise UsageError("there is nothing to forget; name a memory (`memsrv memories` lists them), or a --session")
    if wordless := [one for one in words if not re.search(r"\w", one)]:
        raise UsageError(f"`{wordless[0]}` holds no word to look for; give --words some letters or digits")
    memories = [_memory(store, id) for id in dict.fromkeys(ids)]
    whole = _session(store, session) if session is not None else ()
    resting = [memory for memory in _resting(store, whole) if memory not in memories] if whole else []
    if whole and not erase:
        resting = [memory for memory in resting if not (memory.valid_to or memory.superseded_by)]
        if not resting and not memories and confirm is None:
            raise UsageError(f"no memory rests on {session} alone; its turns are removed with --erase")
    memories += resting
    shown = _erasure(home, store, memories, words, whole) if erase else _retirement(memories, whole)
    code = _code(shown, memories, words)
    if confirm is None:
        return replace(shown, confirm=code)
    if confirm != code:
        if not erase and all(memory.valid_to or memory.superseded_by for memory in memories):
            return replace(shown, done=True)  # a client that heard no answer asks again
        raise UsageError("what would be forgotten has changed since it was shown; look again without the code")
    return _erase(home, store, memories, words, shown, now) if erase else _retire(store, shown, now)


def finish(home: Home, store: Store, now: datetime) -> bool:
    """Finish an erase that was cut short; False where none was."""
    if not store.erasing_unfinished():
        return False
    with one_at_a_time(home.runs):
        _reach(home, store, now)
    return True


def _memory(store: Store, id: str) -> Memory:
    try:
        return store.memory(id)
    except NotFound as error:
        if claim_hash(id) in store.erased_claims():
            if store.erasing_unfinished():
                raise NotFound(
                    f"`{id}` was erased, but not yet everywhere: something cut it short; `memsrv gc` finishes it"
                ) from error
            raise NotFound(f"`{id}` was erased already; nothing of it is kept") from error
        raise


def _session(store: Store, id: str) -> tuple[str, ...]:
    """`id` and what goes with it."""
    if whole := store.whole_session(id):
        return whole
    if claim_hash(id) in store.erased_claims():
        if store.erasing_unfinished():
            raise NotFound(
                f"the session {id} was erased, but not yet everywhere: something cut it short; `memsrv gc` finishes it"
            )
        raise NotFound(f"the session {id} was erased already; nothing of it is kept")
    raise NotFound(f"there is no session {id}; `memsrv search` names the session of what it finds")


def _resting(store: Store, sessions: Sequence[str]) -> list[Memory]:
    """The memories that only `sessions` are evidence of."""
    everything = store.memories(include_retired=True)
    return [one for one in everything if one.evidence and {quote.session for quote in one.evidence} <= {*sessions}]


def _retirement(memories: Sequence[Memory], whole: tuple[str, ...] = ()) -> Forgotten:
    ended = tuple(memory.id for memory in memories if memory.valid_to or memory.superseded_by)
    notes = [f"{', '.join(ended)} had ended already; that does not change"] if ended else []
    notes += ["the session's turns stay, and can be found; --erase removes them"] if whole else []
    return Forgotten(
        done=False,
        erase=False,
        memories=tuple(Ended(memory.id, memory.project, memory.text) for memory in memories),
        whole=whole,
        notes=(
            *notes,
            "it stays in the ledger, is not given back and not trained on; saying or saving it again undoes it",
        ),
    )


def _retire(store: Store, shown: Forgotten, now: datetime) -> Forgotten:
    # To the millisecond: what is said or saved later in this very second is newer.
    when = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    for memory in shown.memories:
        store.retire(memory.id, when)
    return replace(shown, done=True)


def _erasure(
    home: Home, store: Store, memories: Sequence[Memory], words: Sequence[str], whole: tuple[str, ...]
) -> Forgotten:
    stones = store.tombstones().plus(store.stones_of(memories, words, whole))
    claims = store.erased_claims() | _claims(memories) | store.session_claims(whole)
    found = reach(home, store, stones, claims, dry=True)
    older = {m.id for m in store.memories(include_retired=True) if m.superseded_by in {x.id for x in memories}}
    backups = tuple(path.name for path in backup.kept(home))
    told = _told(store, memories, found, older, backups)
    if forks := store.forks(whole):
        told = replace(told, notes=(*told.notes, f"what was forked off it stays: {', '.join(forks)}"))
    return replace(told, whole=whole)


def _told(
    store: Store, memories: Sequence[Memory], found: Reached, older: set[str], backups: tuple[str, ...]
) -> Forgotten:
    named = {memory.id for memory in memories}
    sessions = {*found.sessions, *(quote.session for memory in memories for quote in memory.evidence)}
    logs = sorted({path for session in sessions if Path(path := _log(store, session)).is_file()})
    notes = []
    if older - set(found.memories):
        notes.append("what these memories had replaced stays ended; save it again if it holds")
    if found.adapters:
        notes.append(
            "the affected adapter versions are removed and served no more; the next consolidation trains anew "
            "on the bare base, without what is erased"
        )
    if logs:
        notes.append(
            "the agents' own logs still hold the words, and are not memsrv's to change; reading them again is safe"
        )
    notes.append("backups kept outside MEMSRV_HOME still hold it; restoring one into this home erases it again")
    return Forgotten(
        done=False,
        erase=True,
        memories=tuple(Ended(memory.id, memory.project, memory.text) for memory in memories),
        also=tuple(sorted(set(found.memories) - named)),
        superseded=tuple(sorted(older - set(found.memories))),
        turns=found.turns,
        sessions=len(found.sessions),
        runs=found.runs,
        adapters_affected=found.adapters,
        backups=backups,
        files=found.files,
        logs=tuple(logs),
        notes=tuple(notes),
    )


def _log(store: Store, session: str) -> str:
    try:
        return store.session(session).path
    except NotFound:
        return ""


def _erase(
    home: Home, store: Store, memories: Sequence[Memory], words: Sequence[str], shown: Forgotten, now: datetime
) -> Forgotten:
    with one_at_a_time(home.runs):  # a run that goes on would train on it once more
        claims = _claims(memories) | store.session_claims(shown.whole)
        store.bury(store.stones_of(memories, words, shown.whole), claims)
        rewritten, trouble = _reach(home, store, now)
    ended = tuple(replace(memory, text=None) for memory in shown.memories)
    return replace(shown, done=True, memories=ended, backups=rewritten, notes=(*shown.notes, *trouble))


def _reach(home: Home, store: Store, now: datetime) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Everything that the stones name, and then that it is done. The backups rewritten, and what could not be."""
    stones, claims = store.tombstones(), store.erased_claims()
    reach(home, store, stones, claims)
    found = backup.erase(home, stones, claims)
    store.erasing_finished(now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"))
    return found


def _claims(memories: Sequence[Memory]) -> frozenset[str]:
    return frozenset(claim_hash(said) for memory in memories for said in (memory.id, memory.text))


def _code(shown: Forgotten, memories: Sequence[Memory], words: Sequence[str]) -> str:
    state = [to_dict(shown), [to_dict(memory) for memory in memories], list(words)]
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()[:12]
