"""What a run gets to see of the store: episodes and memories that may be trained on, through gate 3, what people said
of facts, and the canaries that prove the gate.

The store was redacted when it was written; a rule or a string that the user added since holds here. Nothing is written.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from memsrv.canaries import SESSION, Canary
from memsrv.consent import Act, Consent
from memsrv.records import Episode, Event, EventType, Fact, Memory, Review, Session, Trust
from memsrv.redact import Redactor
from memsrv.store import Store
from memsrv.store.visible import Trainable
from memsrv.trajectories import trajectories
from memsrv_consolidation.reflect import Reflection, reflect, trainable
from memsrv_consolidation.reviews import apply


def reflection(store: Store, project: str, consent: Consent) -> Reflection:
    """What rules make of `project` now, before anybody reviewed it."""
    dry, seen = Redactor(b"dry"), trainable_part(store, consent)
    return reflect(project, episodes(seen, project, dry), memories(seen, project, dry), dry)


def waiting(store: Store, project: str, consent: Consent) -> Reflection:
    """What a consolidation of `project` would learn now; nothing is written."""
    found = reflection(store, project, consent)
    reviewed = apply(found.facts, store.reviews(project))
    return Reflection(reviewed.facts, {**found.left_out, **reviewed.left_out})


def remembered(store: Store, project: str, consent: Consent) -> list[Fact]:
    """What of `project` may be trained on, as far as memory tells: quick, where `waiting` reads every session again."""
    dry = Redactor(b"dry")
    facts = reflect(project, (), memories(trainable_part(store, consent), project, dry), dry).facts
    return [fact for fact in apply(facts, store.reviews(project)).facts if trainable(fact)]


def trainable_part(store: Store, consent: Consent) -> Store:
    """`store` without the sessions of agents that may not be trained on, and without what only they speak for."""
    return Trainable(store, consent) if consent.refused(Act.TRAIN, "sources") else store


def episodes(store: Store, project: str, redactor: Redactor) -> Iterator[Episode]:
    """The sessions of `project` as a run gets to see them, oldest first."""

    def clean(text: str | None) -> str | None:
        return None if text is None else redactor.redact(text)[0]

    for session in store.sessions(project):
        steps = tuple(redactor.redact_event(event)[0] for event in store.events(session.id))
        path = redactor.redact(session.path)[0]
        branch, title = clean(session.branch), clean(session.title)
        seen = replace(session, path=path, cwd=clean(session.cwd), branch=branch, title=title)
        yield Episode(seen, steps, trajectories(steps))


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


def reviews(store: Store, project: str, redactor: Redactor) -> list[Review]:
    """What people said of the facts of `project`."""

    def clean(text: str | None) -> str | None:
        return None if text is None else redactor.redact(text)[0]

    return [
        replace(
            said,
            text=clean(said.text),
            subject=clean(said.subject),
            relation=clean(said.relation),
            value=clean(said.value),
        )
        for said in store.reviews(project)
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
