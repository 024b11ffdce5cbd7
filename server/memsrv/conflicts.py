"""What memories say against each other, or twice, and which of them a person says is right.

Rules settle what they can read: newer words end older ones. Listed here is what they cannot settle (two that are alike
but for the point), and what they settled against a person's own words. Knows no SQL and no redaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from memsrv import likeness
from memsrv.errors import UsageError
from memsrv.likeness import Likeness, alike
from memsrv.records import Memory, Trust
from memsrv.store import Delta, Store

OVERRULED = "overruled"  # a person's words that others ended


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two memories and what is between them; `remedy` keeps the one that newer or a person's words speak for."""

    sort: str  # "contradiction", "duplicate", "overruled"
    one: Memory
    other: Memory
    remedy: str


@dataclass(frozen=True, slots=True)
class Conflicts:
    conflicts: tuple[Conflict, ...]


@dataclass(frozen=True, slots=True)
class Resolved:
    """What `keep` holds of, and which gave way; not `done`: what would be."""

    done: bool
    sort: str
    kept: Memory
    ended: Memory
    evidence: int  # quotes that the kept one gains
    notes: tuple[str, ...] = ()


def conflicts(store: Store, project: str | None) -> list[Conflict]:
    """Contradictions first, then what overruled a person, then duplicates; each in the order they were learnt."""
    every = store.memories(project, include_retired=True)
    live = [memory for memory in every if _holds(memory)]
    found = [
        Conflict(str(pair.likeness), pair.one, pair.other, _remedy(*_in_order(pair.one, pair.other)))
        for pair in likeness.pairs(live)
    ]
    order = [str(Likeness.CONTRADICTION), OVERRULED, str(Likeness.DUPLICATE)]
    return sorted([*found, *_overruled(store, every)], key=lambda one: order.index(one.sort))


def resolve(store: Store, id: str, keep: str, when: str, *, dry_run: bool = False) -> Resolved:
    """`id` gives way to `keep`. NotFound where there is no such memory; UsageError where they cannot be compared."""
    gone, kept = store.memory(id), store.memory(keep)
    if id == keep:
        raise UsageError("a memory cannot give way to itself; --keep names the other one")
    if gone.project != kept.project:
        raise UsageError(f"`{id}` is of {gone.project} and `{keep}` of {kept.project}; they do not contradict")
    if gone.valid_to is not None and gone.superseded_by is None:
        raise UsageError(f"`{id}` was retired already; nothing is to be resolved")
    kind = alike(gone, kept)
    merges = kind is Likeness.DUPLICATE
    new = set(gone.evidence) - set(kept.evidence) if merges else set()
    if not dry_run:
        store.resolve(id, keep, when, merge=merges)
    notes = (
        f"`{id}` stays in the ledger, and points to `{keep}`; saying it again undoes it",
        *((f"`{keep}` had ended, and holds again",) if not _holds(kept) else ()),
    )
    sort = str(kind) if kind else OVERRULED if not _holds(gone) or not _holds(kept) else "replacement"
    now = (store.memory(keep), store.memory(id)) if not dry_run else (kept, gone)
    return Resolved(not dry_run, sort, *now, len(new), notes)


def _overruled(store: Store, every: Sequence[Memory]) -> list[Conflict]:
    """A person's words that were ended by what no person said, and on which no person has decided since."""
    by_id = {memory.id: memory for memory in every}
    pairs = [
        (memory, by_id[memory.superseded_by])
        for memory in every
        if memory.trust is Trust.HUMAN and memory.superseded_by in by_id
    ]
    open_ones = [(old, new) for old, new in pairs if new.trust is not Trust.HUMAN and _holds(new)]
    decided = {
        (change.memory, change.successor)
        for change in store.changes(old.id for old, _ in open_ones)
        if change.delta is Delta.RETIRE and change.who == "person"
    }
    return [
        Conflict(OVERRULED, old, new, _remedy(new, old)) for old, new in open_ones if (old.id, new.id) not in decided
    ]


def _in_order(one: Memory, other: Memory) -> tuple[Memory, Memory]:
    """(what gives way, what is kept): a person's words stand, then the newer ones."""

    def weight(memory: Memory) -> tuple[bool, bool, str, int]:
        return memory.trust is Trust.HUMAN, memory.trust.trainable, memory.valid_from or "", len(memory.evidence)

    return (one, other) if weight(one) <= weight(other) else (other, one)


def _remedy(gone: Memory, kept: Memory) -> str:
    return f"memsrv conflicts resolve {gone.id} --keep {kept.id}"


def _holds(memory: Memory) -> bool:
    return memory.valid_to is None and memory.superseded_by is None
