"""A session in brief, by rules: what must survive a compaction, each item with its turn, inside a token budget.

The structural floor: goal, the human's messages, decisions, files with a short hunk, commands with how they ended, the
last error, open tasks and the last steps. What does not fit is counted, never cut in silence. Knows no SQL and no LLM.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from memsrv.compact import items, noted, ran
from memsrv.compact.fitting import MIN_BUDGET, Candidate, Item, Section, fit
from memsrv.errors import NotFound, UsageError
from memsrv.layout import CHARS_PER_TOKEN
from memsrv.lenses.runs import runs
from memsrv.records import Event, EventType, Session
from memsrv.store import Store

__all__ = ["CHARS_PER_TOKEN", "Compact", "Item", "chosen_session", "compact", "has_room"]

MODES = ("handoff", "checkpoint")
SECTIONS = (
    Section("goal", "Goal", 0.06, dense=True),
    Section("todo", "Open tasks", 0.06),
    Section("messages", "What the user said", 0.2, dense=True),
    Section("decisions", "Decisions, preferences and fixes", 0.08),
    Section("files", "Files changed", 0.12),
    Section("commands", "Commands", 0.1),
    Section("errors", "Errors", 0.06),
    Section("solved", "Errors that were solved", 0.05),
    Section("notes", "What the agent said", 0.14, dense=True),
    Section("outputs", "What tools printed (quoted; nobody has checked it)", 0.06, dense=True),
    Section("observations", "Looked at", 0.02),
    Section("last", "Last steps", 0.05),
)
#: Which item comes first when there is room for one more.
_PRIORITY = (
    "goal", "todo", "errors", "last", "messages", "decisions", "files", "commands", "solved", "notes outputs",
    "observations",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Compact:
    """`tokens` counts `text` at four characters a token; `left_out` how many items of each section had no room."""

    session: str
    project: str
    agent: str
    mode: str
    budget: int
    tokens: int
    turns: tuple[int, int]  # first and last turn that were read
    goal: tuple[Item, ...] = ()
    messages: tuple[Item, ...] = ()
    decisions: tuple[Item, ...] = ()
    todo: tuple[Item, ...] = ()
    files: tuple[Item, ...] = ()
    commands: tuple[Item, ...] = ()
    errors: tuple[Item, ...] = ()
    solved: tuple[Item, ...] = ()
    notes: tuple[Item, ...] = ()
    outputs: tuple[Item, ...] = ()
    observations: tuple[Item, ...] = ()
    last: tuple[Item, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    text: str = ""


def compact(
    store: Store, session: str | None = None, *, project: str | None = None, mode: str = "handoff", budget: int = 1500
) -> Compact:
    """`session`, else the newest of `project`. `handoff` covers all of it, `checkpoint` what followed the last cut."""
    if mode not in MODES:
        raise UsageError(f"there is no mode `{mode}`; choose {' or '.join(MODES)}")
    has_room(budget)
    chosen = chosen_session(store, session, project)
    events = [event for event in store.events(chosen.id) if not (event.sidechain or event.echo)]
    if mode == "checkpoint":
        cuts = [place for place, event in enumerate(events) if event.type is EventType.COMPACTION]
        events = events[cuts[-1] + 1 :] if cuts else events
    return _fitted(chosen, mode, budget, events)


def has_room(budget: int) -> None:
    """UsageError where `budget` tokens could not hold anything."""
    if budget < MIN_BUDGET:
        raise UsageError(f"a budget of {budget} tokens holds nothing; give at least {MIN_BUDGET}")


def chosen_session(store: Store, session: str | None, project: str | None) -> Session:
    """The session called `session`, or that tells it best, else the newest of `project` that is no subagent's."""
    if session is not None:
        told = (one for one in store.sessions() if one.original == session)
        try:
            return store.session(session)
        except NotFound:
            if (best := next(told, None)) is None:
                raise
            return best
    sessions = [session for session in store.sessions(project) if session.parent is None]
    if not sessions:
        where = f"of project {project}" if project else "at all"
        raise NotFound(f"there is no session {where}; run `memsrv ingest` to read the agents' logs")
    return max(sessions, key=lambda s: (s.ended or s.started or "", s.id))


def _fitted(session: Session, mode: str, budget: int, events: Sequence[Event]) -> Compact:
    span = (events[0].turn, events[-1].turn) if events else (0, 0)
    head = f"Session {session.id} ({session.agent}, {session.project}), turns {span[0]}–{span[1]}"
    fitted = fit(head, _candidates(events), SECTIONS, _PRIORITY, budget)
    return Compact(
        session=session.id,
        project=session.project,
        agent=session.agent,
        mode=mode,
        budget=budget,
        tokens=fitted.tokens,
        turns=span,
        left_out=fitted.left_out,
        text=fitted.text,
        **fitted.items,
    )


def _candidates(events: Sequence[Event]) -> Iterator[Candidate]:
    yield from items.said(events)
    yield from items.decisions(events)
    yield from items.todo(events)
    yield from items.files(events)
    done = list(runs(events))
    yield from ran.commands(done, ran.outputs(events))
    yield from ran.errors(done)
    yield from ran.solved(done)
    yield from noted.notes(events)
    yield from noted.outputs(events)
    yield from noted.observations(events)
    yield from items.last_steps(events)
