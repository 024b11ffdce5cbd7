"""What of a session is worth keeping in few words: what was said, decided, left open, changed and run.

Candidates only: which of them a reader gets is decided by whoever asks, within a budget. Knows events, and no store.
"""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from memsrv import lenses
from memsrv.compact.fitting import Candidate
from memsrv.layout import one_line
from memsrv.lenses.runs import Run, bare, edits, is_probe
from memsrv.records import Event, EventType, Outcome, Trust

LAST_STEPS = 6


def said(events: Sequence[Event]) -> Iterator[Candidate]:
    """Every message of the human; the first is the goal."""
    for place, event in enumerate(e for e in events if is_said(e)):
        prefix = "refused: " if event.type is EventType.REJECTION else ""
        text, short = prefix + cut(event.text, 420), prefix + cut(event.text, 140)
        yield Candidate("messages" if place else "goal", event.turn, text, short, parts=(event.text,))


def is_said(event: Event) -> bool:
    """Whether `event` is words of a human."""
    spoken = event.type in (EventType.PROMPT, EventType.REJECTION) and event.trust is Trust.HUMAN
    return spoken and bool(event.text.strip())


def decisions(events: Sequence[Event]) -> Iterator[Candidate]:
    """What a person settled, and what fixed what."""
    for claim in lenses.claims(events):
        if claim.trust is Trust.HUMAN or (claim.relation == "fix" and claim.trust.trainable):
            turn = claim.evidence[0].turn
            yield Candidate("decisions", turn, cut(claim.text, 240), cut(claim.text, 100), parts=(claim.text,))


def todo(events: Sequence[Event]) -> Iterator[Candidate]:
    """The open items of the last list of tasks that the agent kept (TodoWrite, update_plan)."""
    for event in reversed(events):
        if event.type is not EventType.TOOL_CALL or not re.search(r"(?i)todo|update_plan", event.tool or ""):
            continue
        tasks = _tasks(event.text)
        if tasks is None:
            continue
        for state, what in tasks:
            if state != "completed":
                text, short = f"{state}: {cut(what, 200)}", f"{state}: {cut(what, 80)}"
                yield Candidate("todo", event.turn, text, short, parts=(what,))
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


def files(events: Sequence[Event]) -> Iterator[Candidate]:
    """Each changed file once, at its last edit, with the first line that changed there."""
    last: dict[str, tuple[Event, str, str]] = {}
    times: dict[str, int] = {}
    for edit in edits(events):
        for path, old, new in edit.event.edits:
            last[path] = (edit.event, old, new)
            times[path] = times.get(path, 0) + 1
    for path, (event, old, new) in last.items():
        often = f" ({times[path]} edits)" if times[path] > 1 else ""
        name, (gone, come) = f"`{_relative(path, event.cwd)}`{often}", _changed(old, new)
        hunk = " ".join(f"{sign}{cut(line, 70)}" for sign, line in (("-", gone), ("+", come)) if line)
        if not old and new:
            hunk, come = f"written, {len(new.splitlines())} lines", ""
        yield Candidate("files", event.turn, f"{name}: {hunk}" if hunk else name, name, parts=(path, come))


def _changed(old: str, new: str) -> tuple[str, str]:
    """The first line that went, and the first that came."""
    before, after = old.splitlines(), new.splitlines()
    gone = next((line.strip() for line in before if line.strip() and line not in after), "")
    come = next((line.strip() for line in after if line.strip() and line not in before), "")
    return gone, come


def commands(ran: Sequence[Run]) -> Iterator[Candidate]:
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
        shown = f" → {', then '.join(told[-3:])}"
        text, short = f"`{cut(name, 160)}`{shown}", f"`{cut(name, 60)}`{shown}"
        yield Candidate("commands", run.call.turn, text, short, parts=(name,))


def _in_a_row(endings: Sequence[str]) -> list[tuple[str, int]]:
    return [(ending, len(list(group))) for ending, group in groupby(endings)]


def _ending(run: Run) -> str:
    if run.failed:
        code = "failed" if run.exit_code is None else f"exit {run.exit_code}"
        return f"{code}, {run.error}" if run.error else code
    if run.passed:
        return "exit 0"
    return "interrupted" if run.outcome is Outcome.PARTIAL else "not known how it ended"


def errors(ran: Sequence[Run]) -> Iterator[Candidate]:
    """The failures that nothing has put right since, each command once, the last first."""
    seen = set()
    for run in reversed(ran):
        name = bare(run.command)
        if name in seen or is_probe(run.command):
            continue
        if run.failed or run.passed:  # how it ended last is how it stands
            seen.add(name)
        if run.failed:
            text = f"`{cut(name, 160)}` → {_ending(run)}; it has not passed since"
            short = f"`{cut(name, 60)}` → {_ending(run)}"
            yield Candidate("errors", run.call.turn, text, short, parts=(name, run.error or ""))


def last_steps(events: Sequence[Event]) -> Iterator[Candidate]:
    steps = [e for e in events if e.type in (EventType.REPLY, EventType.TOOL_CALL, EventType.INTERRUPT)]
    for event in steps[-LAST_STEPS:]:
        if event.type is EventType.REPLY:
            words = f"assistant: {event.text}"
        elif event.type is EventType.INTERRUPT:
            words = "the user interrupted"
        else:
            words = f"{event.tool}: {event.command or ' '.join(event.paths) or event.text}"
        yield Candidate("last", event.turn, cut(words, 400), cut(words, 120))


def _relative(path: str, cwd: str | None) -> str:
    root = (cwd or "").rstrip("/") + "/"
    return path[len(root) :] if len(root) > 1 and path.startswith(root) else path


def cut(text: str, size: int) -> str:
    line = one_line(text)
    return line if len(line) <= size else line[: size - 1].rstrip() + "…"
