"""What a run gets to see of the store: its episodes and memories, through gate 3, and the canaries that prove the gate.

The store was redacted when it was written; a rule or a string that the user added since holds here. Nothing is written.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from memsrv.canaries import SESSION, Canary
from memsrv.records import Episode, Event, EventType, Fact, Memory, Session, Trust
from memsrv.redact import Redactor
from memsrv.store import Store
from memsrv_consolidation.reflect import Reflection, reflect, trainable


def waiting(store: Store, project: str) -> Reflection:
    """What a consolidation of `project` would learn now; nothing is written."""
    dry = Redactor(b"dry")
    return reflect(project, episodes(store, project, dry), memories(store, project, dry), dry)


def remembered(store: Store, project: str) -> list[Fact]:
    """What of `project` may be trained on, as far as memory tells: quick, where `waiting` reads every session again."""
    dry = Redactor(b"dry")
    return [fact for fact in reflect(project, (), memories(store, project, dry), dry).facts if trainable(fact)]


def episodes(store: Store, project: str, redactor: Redactor) -> Iterator[Episode]:
    """The sessions of `project` as a run gets to see them, oldest first."""

    def clean(text: str | None) -> str | None:
        return None if text is None else redactor.redact(text)[0]

    for session in store.sessions(project):
        steps = tuple(redactor.redact_event(event)[0] for event in store.events(session.id))
        path = redactor.redact(session.path)[0]
        branch, title = clean(session.branch), clean(session.title)
        yield Episode(replace(session, path=path, cwd=clean(session.cwd), branch=branch, title=title), steps)


def memories(store: Store, project: str, redactor: Redactor) -> list[Memory]:
    """The memories of `project` as a run gets to see them, those that ended too."""

    def clean(text: str | None) -> str | None:
        return None if text is None else redactor.redact(text)[0]

    return [
        replace(
            memory,
            text=redactor.redact(memory.text)[0],
            evidence=tuple(replace(said, quote=redactor.redact(said.quote)[0]) for said in memory.evidence),
            subject=clean(memory.subject),
            relation=clean(memory.relation),
            value=clean(memory.value),
        )
        for memory in store.memories(project, include_retired=True)
    ]


def planted(project: str, canaries: Iterable[Canary], created: str) -> Episode:
    """A session in which a person says the canaries in words that reflection reads: the gate must stop each of them."""
    steps = tuple(
        Event(
            f"{SESSION}:{turn}", SESSION, EventType.PROMPT, Trust.HUMAN,
            f"For the {SESSION} service {turn}, always use {canary.text}.", created, turn=turn,
        )
        for turn, canary in enumerate(canaries)
    )  # fmt: skip
    return Episode(Session(SESSION, SESSION, project, SESSION, started=created, ended=created), steps)
