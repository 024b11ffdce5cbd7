"""A session in brief, by rules: what must survive a compaction, each item with its turn, inside a token budget.

The structural floor: goal, the human's messages, decisions, files with a short hunk, commands with how they ended, the
last error, open tasks and the last steps. What does not fit is counted, never cut in silence. Knows no SQL and no LLM.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from memsrv.compact import items, noted, ran
from memsrv.compact.fitting import MIN_BUDGET, Candidate, Item, Section, fit
from memsrv.compact.lineage import earlier
from memsrv.errors import NotFound, UsageError
from memsrv.layout import CHARS_PER_TOKEN
from memsrv.lenses.runs import Run, runs
from memsrv.records import Event, Session
from memsrv.store import Store

__all__ = ["CHARS_PER_TOKEN", "Compact", "Item", "chosen_session", "compact", "has_room"]

MODES = ("handoff", "checkpoint")
#: From this budget on, there is room to say how to read it.
_TELLING_HOW = 400
SECTIONS = (
    Section("goal", "Goal", 0.06, dense=True),
    Section("standing", "Where it stands", 0.03),
    Section("run", "How to run", 0.03),
    Section("todo", "Open tasks", 0.06),
    Section("messages", "What the user said", 0.17, dense=True),
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
    "goal", "standing", "todo", "errors", "last", "messages", "decisions", "files", "commands", "run", "solved",
    "notes outputs", "observations",
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
    earlier: Mapping[str, str] = field(default_factory=dict)  # the sessions it goes on from, by their name in the text
    standing: tuple[Item, ...] = ()
    run: tuple[Item, ...] = ()
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
    """`session`, else the newest of `project`, whole, and those before it that it goes on from.

    `handoff` is for another agent: it says how things stand and how to run them. `checkpoint` is for the same agent
    after its host's compaction: it has more of the last steps. Both are made of the ledger, never of an earlier brief.
    """
    if mode not in MODES:
        raise UsageError(f"there is no mode `{mode}`; choose {' or '.join(MODES)}")
    has_room(budget)
    chosen = chosen_session(store, session, project)
    events = _events(store, chosen)
    before = {f"s{place}": one for place, one in enumerate(earlier(store, chosen), 1)}
    found = list(_candidates(events, mode))
    for name, one in before.items():
        found += [replace(candidate, session=name) for candidate in _of_earlier(_events(store, one))]
    fitted = fit(_head(chosen, events, before, budget), found, SECTIONS, _PRIORITY, budget)
    return Compact(
        session=chosen.id,
        project=chosen.project,
        agent=chosen.agent,
        mode=mode,
        budget=budget,
        tokens=fitted.tokens,
        turns=_span(events),
        earlier={name: one.id for name, one in before.items()},
        left_out=fitted.left_out,
        text=fitted.text,
        **fitted.items,
    )


def _events(store: Store, session: Session) -> list[Event]:
    return [event for event in store.events(session.id) if not (event.sidechain or event.echo)]


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


def _head(session: Session, events: Sequence[Event], before: Mapping[str, Session], budget: int) -> str:
    first, last = _span(events)
    head = f"Session {session.id} ({session.agent}, {session.project}), turns {first}–{last}"
    if before:
        head += f", which goes on from {', '.join(f'{name} = {one.id}' for name, one in before.items())}"
    if budget < _TELLING_HOW:
        return head
    return f"{head}. [tN] is turn N: memory_open `{session.id}:tN` gives it whole."


def _span(events: Sequence[Event]) -> tuple[int, int]:
    return (events[0].turn, events[-1].turn) if events else (0, 0)


def _candidates(events: Sequence[Event], mode: str) -> Iterator[Candidate]:
    done = list(runs(events))
    if mode == "handoff":
        yield from items.standing(events)
        yield from ran.how_to_run(done)
    yield from items.todo(events)
    yield from items.last_steps(events, 2 * items.LAST_STEPS if mode == "checkpoint" else items.LAST_STEPS)
    yield from noted.observations(events)
    yield from _lasting(events, done)


def _of_earlier(events: Sequence[Event]) -> Iterator[Candidate]:
    """Without what was true of it only while it lasted."""
    yield from _lasting(events, list(runs(events)))


def _lasting(events: Sequence[Event], done: Sequence[Run]) -> Iterator[Candidate]:
    yield from items.said(events)
    yield from items.decisions(events)
    yield from items.files(events)
    yield from ran.commands(done, ran.outputs(events))
    yield from ran.errors(done)
    yield from ran.solved(done)
    yield from noted.notes(events)
    yield from noted.outputs(events)
