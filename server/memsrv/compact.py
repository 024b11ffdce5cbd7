"""A session in brief, by rules: what must survive a compaction, each item with its turn, inside a token budget.

The structural floor: goal, the human's messages, decisions, files with a short hunk, commands with how they ended, the
last error, open tasks and the last steps. What does not fit is counted, never cut in silence. Knows no SQL and no LLM.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from memsrv import lenses
from memsrv.errors import NotFound, UsageError
from memsrv.layout import one_line
from memsrv.lenses.runs import Run, bare, edits, is_probe, runs
from memsrv.records import Event, EventType, Outcome, Session, Trust
from memsrv.store import Store

MODES = ("handoff", "checkpoint")
CHARS_PER_TOKEN = 4  # an approximation, close for English and code; the budget is kept in these tokens
MIN_BUDGET = 100
LAST_STEPS = 6

#: Section, its heading, and how much of the budget it may take before the others have had their turn.
SECTIONS = (
    ("goal", "Goal", 0.25),
    ("messages", "What the user said", 0.35),
    ("decisions", "Decisions, preferences and fixes", 0.2),
    ("todo", "Open tasks", 0.2),
    ("files", "Files changed", 0.25),
    ("commands", "Commands", 0.2),
    ("errors", "Errors", 0.15),
    ("last", "Last steps", 0.3),
)
#: Which item comes first when there is room for one more.
_PRIORITY = ("goal", "todo", "errors", "last", "messages", "decisions", "files", "commands")


@dataclass(frozen=True, slots=True)
class Item:
    turn: int
    text: str


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
    last: tuple[Item, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True, slots=True)
class _Candidate:
    section: str
    turn: int
    text: str
    short: str  # what to say where the whole does not fit


def compact(
    store: Store, session: str | None = None, *, project: str | None = None, mode: str = "handoff", budget: int = 1500
) -> Compact:
    """`session`, else the newest of `project`. `handoff` covers all of it, `checkpoint` what followed the last cut."""
    if mode not in MODES:
        raise UsageError(f"there is no mode `{mode}`; choose {' or '.join(MODES)}")
    if budget < MIN_BUDGET:
        raise UsageError(f"a budget of {budget} tokens holds nothing; give at least {MIN_BUDGET}")
    chosen = store.session(session) if session is not None else _newest(store, project)
    events = [event for event in store.events(chosen.id) if not event.sidechain]
    if mode == "checkpoint":
        cuts = [place for place, event in enumerate(events) if event.type is EventType.COMPACTION]
        events = events[cuts[-1] + 1 :] if cuts else events
    return _fitted(chosen, mode, budget, events)


def _newest(store: Store, project: str | None) -> Session:
    sessions = [session for session in store.sessions(project) if session.parent is None]
    if not sessions:
        where = f"of project {project}" if project else "at all"
        raise NotFound(f"there is no session {where}; run `memsrv ingest` to read the agents' logs")
    return max(sessions, key=lambda s: (s.ended or s.started or "", s.id))


def _fitted(session: Session, mode: str, budget: int, events: Sequence[Event]) -> Compact:
    span = (events[0].turn, events[-1].turn) if events else (0, 0)
    head = f"Session {session.id} ({session.agent}, {session.project}), turns {span[0]}–{span[1]}"
    room = budget * CHARS_PER_TOKEN - len(head) - 1
    kept, left_out = _choose(list(_candidates(events)), room)
    sections = {name: tuple(sorted(kept.get(name, ()), key=lambda item: item.turn)) for name, _, _ in SECTIONS}
    text = _text(head, sections)
    return Compact(
        session=session.id,
        project=session.project,
        agent=session.agent,
        mode=mode,
        budget=budget,
        tokens=math.ceil(len(text) / CHARS_PER_TOKEN),
        turns=span,
        left_out=left_out,
        text=text,
        **sections,
    )


def _choose(candidates: Sequence[_Candidate], room: int) -> tuple[dict[str, list[Item]], dict[str, int]]:
    """Newest first within a section; every section gets its share before any gets more."""
    share = {name: int(part * room) for name, _, part in SECTIONS}
    headings = {name: len(heading) + 5 for name, heading, _ in SECTIONS}
    queue = sorted(candidates, key=lambda c: (_PRIORITY.index(c.section), -c.turn))
    kept: dict[str, list[Item]] = {}
    waiting: list[_Candidate] = []
    spent = dict.fromkeys(share, 0)

    def take(candidate: _Candidate, limit: float) -> bool:
        nonlocal room
        for text in dict.fromkeys((candidate.text, candidate.short)):
            cost = (
                len(_line(Item(candidate.turn, text)))
                + 1
                + (0 if candidate.section in kept else headings[candidate.section])
            )
            if cost <= room and spent[candidate.section] + cost <= limit:
                kept.setdefault(candidate.section, []).append(Item(candidate.turn, text))
                spent[candidate.section] += cost
                room -= cost
                return True
        return False

    for candidate in queue:
        if not take(candidate, share[candidate.section]):
            waiting.append(candidate)
    left_out: dict[str, int] = {}
    for candidate in waiting:
        if not take(candidate, math.inf):
            left_out[candidate.section] = left_out.get(candidate.section, 0) + 1
    return kept, left_out


def _text(head: str, sections: Mapping[str, Sequence[Item]]) -> str:
    lines = [head]
    for name, heading, _ in SECTIONS:
        if sections[name]:
            lines.append(f"\n## {heading}")
            lines += [_line(item) for item in sections[name]]
    return "\n".join(lines)


def _line(item: Item) -> str:
    return f"- [t{item.turn}] {item.text}"


def _candidates(events: Sequence[Event]) -> Iterator[_Candidate]:
    said = [e for e in events if _is_said(e)]
    for place, event in enumerate(said):
        section = "goal" if place == 0 else "messages"
        prefix = "refused: " if event.type is EventType.REJECTION else ""
        yield _Candidate(section, event.turn, prefix + _cut(event.text, 420), prefix + _cut(event.text, 140))
    for claim in lenses.claims(events):
        if claim.trust is Trust.HUMAN or claim.relation == "fix":
            yield _Candidate("decisions", claim.evidence[0].turn, _cut(claim.text, 240), _cut(claim.text, 100))
    yield from _todo(events)
    yield from _files(events)
    ran = list(runs(events))
    yield from _commands(ran)
    yield from _errors(ran)
    yield from _last_steps(events)


def _is_said(event: Event) -> bool:
    spoken = event.type in (EventType.PROMPT, EventType.REJECTION) and event.trust is Trust.HUMAN
    return spoken and bool(event.text.strip())


def _todo(events: Sequence[Event]) -> Iterator[_Candidate]:
    """The open items of the last list of tasks that the agent kept (TodoWrite, update_plan)."""
    for event in reversed(events):
        if event.type is not EventType.TOOL_CALL or not re.search(r"(?i)todo|update_plan", event.tool or ""):
            continue
        tasks = _tasks(event.text)
        if tasks is None:
            continue
        for state, what in tasks:
            if state != "completed":
                yield _Candidate("todo", event.turn, f"{state}: {_cut(what, 200)}", f"{state}: {_cut(what, 80)}")
        return


def _tasks(text: str) -> list[tuple[str, str]] | None:
    try:
        given = json.loads(text)
    except ValueError:
        return None  # cut by the source, or not a list of tasks
    items = (
        next((given[key] for key in ("todos", "plan", "items") if key in given), None)
        if isinstance(given, dict)
        else given
    )
    if not isinstance(items, list):
        return None
    tasks = []
    for item in items:
        if isinstance(item, dict) and (what := item.get("content") or item.get("step") or item.get("text")):
            tasks.append((str(item.get("status", "pending")), str(what)))
    return tasks


def _files(events: Sequence[Event]) -> Iterator[_Candidate]:
    """Each changed file once, at its last edit, with the first line that changed there."""
    last: dict[str, tuple[Event, str]] = {}
    times: dict[str, int] = {}
    for edit in edits(events):
        for path, old, new in edit.event.edits:
            last[path] = (edit.event, _hunk(old, new))
            times[path] = times.get(path, 0) + 1
    for path, (event, hunk) in last.items():
        often = f" ({times[path]} edits)" if times[path] > 1 else ""
        shown = _relative(path, event.cwd)
        yield _Candidate("files", event.turn, f"`{shown}`{often}{': ' + hunk if hunk else ''}", f"`{shown}`{often}")


def _hunk(old: str, new: str) -> str:
    before, after = old.splitlines(), new.splitlines()
    if not before:
        return f"written, {len(after)} lines" if after else ""
    gone = next((line.strip() for line in before if line.strip() and line not in after), "")
    come = next((line.strip() for line in after if line.strip() and line not in before), "")
    parts = [f"-{_cut(gone, 70)}" if gone else "", f"+{_cut(come, 70)}" if come else ""]
    return " ".join(part for part in parts if part)


def _commands(ran: Sequence[Run]) -> Iterator[_Candidate]:
    """Each command once, at its last run, with how its runs ended; what only looked is left out."""
    last: dict[str, Run] = {}
    endings: dict[str, list[str]] = {}
    for run in ran:
        name = bare(run.command)
        last[name] = run
        endings.setdefault(name, []).append(_ending(run))
    for name, run in last.items():
        if is_probe(run.command):
            continue
        told = [f"{ending} ×{n}" if n > 1 else ending for ending, n in _in_a_row(endings[name])]
        ending = f" → {', then '.join(told[-3:])}"
        yield _Candidate("commands", run.call.turn, f"`{_cut(name, 160)}`{ending}", f"`{_cut(name, 60)}`{ending}")


def _in_a_row(endings: Sequence[str]) -> list[tuple[str, int]]:
    return [(ending, len(list(group))) for ending, group in groupby(endings)]


def _ending(run: Run) -> str:
    if run.failed:
        code = "failed" if run.exit_code is None else f"exit {run.exit_code}"
        return f"{code}, {run.error}" if run.error else code
    if run.passed:
        return "exit 0"
    return "interrupted" if run.outcome is Outcome.PARTIAL else "not known how it ended"


def _errors(ran: Sequence[Run]) -> Iterator[_Candidate]:
    """The last failure that nothing has put right since."""
    for place in range(len(ran) - 1, -1, -1):
        run = ran[place]
        if not run.failed or is_probe(run.command):
            continue
        if any(later.passed and bare(later.command) == bare(run.command) for later in ran[place + 1 :]):
            continue
        name = bare(run.command)
        text = f"`{_cut(name, 160)}` → {_ending(run)}; it has not passed since"
        yield _Candidate("errors", run.call.turn, text, f"`{_cut(name, 60)}` → {_ending(run)}")
        return


def _last_steps(events: Sequence[Event]) -> Iterator[_Candidate]:
    steps = [e for e in events if e.type in (EventType.REPLY, EventType.TOOL_CALL, EventType.INTERRUPT)]
    for event in steps[-LAST_STEPS:]:
        if event.type is EventType.REPLY:
            words = f"assistant: {event.text}"
        elif event.type is EventType.INTERRUPT:
            words = "the user interrupted"
        else:
            words = f"{event.tool}: {event.command or ' '.join(event.paths) or event.text}"
        yield _Candidate("last", event.turn, _cut(words, 400), _cut(words, 120))


def _relative(path: str, cwd: str | None) -> str:
    root = (cwd or "").rstrip("/") + "/"
    return path[len(root) :] if len(root) > 1 and path.startswith(root) else path


def _cut(text: str, size: int) -> str:
    line = one_line(text)
    return line if len(line) <= size else line[: size - 1].rstrip() + "…"
