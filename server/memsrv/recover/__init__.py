"""What the host's own compaction lost: of the turns before the cut, what its summary does not say.

Claude Code keeps the summary in its log; it is nobody's words and never evidence, but it tells what the agent still
knows. What was said again after the cut is known, too. The rest comes back, each item with its turn, inside a token
budget; what the summary says, and what had no room, is counted. Rules only: no LLM, no SQL.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from memsrv.compact import Item, chosen_session, has_room
from memsrv.compact.fitting import fit
from memsrv.records import Event, EventType, Session
from memsrv.recover.lost import SECTIONS, candidates
from memsrv.recover.told import Told
from memsrv.store import Store

__all__ = ["BUDGET", "Recovered", "recover"]

#: A ceiling: what a summary dropped of a whole context fits, and hosts warn of results twice as long.
BUDGET = 5_000

#: Which item comes first when there is room for one more: what a person decided, then what is in the way.
_PRIORITY = ("decisions", "errors", "todo", "messages", "files", "commands", "solved", "values outputs")


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was lost. Where the session was never compacted, `compacted` is false, and `text` says so.

    `cut` is the turn of the last compaction, `turns` the first and last turn before it, `cuts` how many there were.
    `summary` is false where the log has none for that cut: then everything counts as lost. `known` counts, by section,
    what needed no recovering; `left_out` what had no room. `tokens` counts `text` at four characters a token.
    """

    session: str
    project: str
    agent: str
    budget: int
    compacted: bool
    cut: int | None = None
    cuts: int = 0
    turns: tuple[int, int] | None = None
    summary: bool = False
    decisions: tuple[Item, ...] = ()
    messages: tuple[Item, ...] = ()
    values: tuple[Item, ...] = ()
    outputs: tuple[Item, ...] = ()
    todo: tuple[Item, ...] = ()
    errors: tuple[Item, ...] = ()
    solved: tuple[Item, ...] = ()
    commands: tuple[Item, ...] = ()
    files: tuple[Item, ...] = ()
    known: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    tokens: int = 0
    text: str = ""


def recover(store: Store, session: str | None = None, *, project: str | None = None, budget: int = BUDGET) -> Recovered:
    """What the last compaction of `session` lost, else of the newest session of `project`."""
    has_room(budget)
    chosen = chosen_session(store, session, project)
    events = [event for event in store.events(chosen.id) if not (event.sidechain or event.echo)]
    cuts = _cuts(events)
    if not cuts:
        return _untouched(chosen, budget)
    cut = cuts[-1]
    summary, after = _after(events[cut:])
    told = Told((*summary, *after))
    lost, known = [], Counter[str]()
    for candidate, is_known in candidates(events[:cut], told):
        known[candidate.section] += is_known
        if not is_known:
            lost.append(candidate)
    head = _head(chosen, events[:cut], events[cut].turn, len(cuts), bool(summary), len(lost))
    fitted = fit(head, lost, SECTIONS, _PRIORITY, budget, newest_first=True)
    return Recovered(
        session=chosen.id,
        project=chosen.project,
        agent=chosen.agent,
        budget=budget,
        compacted=True,
        cut=events[cut].turn,
        cuts=len(cuts),
        turns=(events[0].turn, events[cut - 1].turn) if cut else None,
        summary=bool(summary),
        known=dict(+known),
        left_out=fitted.left_out,
        tokens=fitted.tokens,
        text=fitted.text,
        **fitted.items,
    )


def _cuts(events: Sequence[Event]) -> list[int]:
    """Where the context was cut: at each boundary, or at a summary that has none (older versions wrote no boundary)."""
    found: list[int] = []
    for place, event in enumerate(events):
        own_cut = found and _nothing_between(events[found[-1] + 1 : place])
        if event.type is EventType.COMPACTION or (event.type is EventType.SUMMARY and not own_cut):
            found.append(place)
    return found


def _nothing_between(events: Sequence[Event]) -> bool:
    return all(event.type in (EventType.SUMMARY, EventType.NOTE) for event in events)


def _after(events: Sequence[Event]) -> tuple[list[str], list[str]]:
    """The words of the summary, and what was said since: both are in the agent's context."""
    summary = [event.text for event in events if event.type is EventType.SUMMARY and event.text.strip()]
    said = [
        f"{event.text}\n{event.command or ''}"
        for event in events
        if event.type in (EventType.PROMPT, EventType.REPLY, EventType.REJECTION, EventType.COMMAND)
    ]
    return summary, said


def _head(session: Session, before: Sequence[Event], cut: int, cuts: int, summary: bool, lost: int) -> str:
    where = f"Session {session.id} ({session.agent}, {session.project})"
    if not before:
        return (
            f"{where} begins with a summary: what it was made of lies in the session that it continues; "
            "give that one's id."
        )
    times = f", for the {cuts}th time" if cuts > 3 else ("", "", " again", " for the third time")[min(cuts, 3)]
    span = f"turns {before[0].turn}–{before[-1].turn}"
    if not summary:
        return f"{where} was cut at turn {cut}{times}. The log has no summary of it; from {span}:"
    if not lost:
        return f"{where} was cut at turn {cut}{times}. Its summary says all that rules could find in {span}."
    return f"{where} was cut at turn {cut}{times}. What its summary does not say of {span}:"


def _untouched(session: Session, budget: int) -> Recovered:
    text = (
        f"Session {session.id} ({session.agent}, {session.project}) was never compacted, so nothing of it is lost. "
        "For the whole in brief there is session_compact, or `memsrv compact`."
    )
    return Recovered(
        session.id, session.project, session.agent, budget, compacted=False, tokens=-(-len(text) // 4), text=text
    )
