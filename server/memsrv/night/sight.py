"""What a run gets to see of the store: its episodes, and what a consolidation would learn now. Nothing is written."""

from collections.abc import Iterator

from memsrv.records import Episode, Fact
from memsrv.redact import Redactor
from memsrv.store import Store
from memsrv_consolidation.reflect import Reflection, reflect, trainable


def waiting(store: Store, project: str) -> Reflection:
    """What a consolidation of `project` would learn now; nothing is written."""
    return reflect(project, episodes(store, project), store.memories(project, include_retired=True), Redactor(b"dry"))


def remembered(store: Store, project: str) -> list[Fact]:
    """What of `project` may be trained on, as far as memory tells: quick, where `waiting` reads every session again."""
    memories = store.memories(project, include_retired=True)
    return [fact for fact in reflect(project, (), memories, Redactor(b"dry")).facts if trainable(fact)]


def episodes(store: Store, project: str) -> Iterator[Episode]:
    """The sessions of `project` as a run gets to see them, oldest first."""
    for session in store.sessions(project):
        yield Episode(session, tuple(store.events(session.id)))
