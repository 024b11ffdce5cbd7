"""What of a session is worth keeping in few words: what was said, decided, left open and changed, and the last steps.

Candidates only: which of them a reader gets is decided by whoever asks, within a budget. Knows events, and no store.
"""

import json
import re
from collections.abc import Iterator, Sequence

from memsrv import lenses
from memsrv.compact import worth
from memsrv.compact.fitting import Candidate
from memsrv.compact.text import cut, verbatim
from memsrv.compact.worth import Sentence, clause
from memsrv.lenses import prose
from memsrv.lenses.runs import edits
from memsrv.records import Event, EventType, Trust

LAST_STEPS = 6
#: Characters of the newest words of a person that the lenses read; what is older is given in its own words alone.
_READ_CLOSELY = 60_000
#: A message that is longer is looked at for what somebody else wrote.
_PASTED = 1_200


def said(events: Sequence[Event]) -> Iterator[Candidate]:
    """Every message of the human, sentence by sentence; the first is the goal. What they pasted is told by its size."""
    for number, event in enumerate(e for e in events if is_said(e)):
        section = "messages" if number else "goal"
        lead = "refused: " if event.type is EventType.REJECTION else ""
        own, pasted = own_words(event.text)
        for place, sentence in enumerate(own):
            read = Sentence(sentence)
            weight = worth.asked(read) + (100 if number == place == 0 else 0)
            text, middle, short = (clause(read, size) for size in (600, 240, 120))
            yield Candidate(section, event.turn, text, short, weight, (sentence,), middle, str(event.turn), lead, place)
        if pasted or not own:
            told = f"[{'with' if own else 'only'} pasted text, {len(event.text)} characters in all]"
            yield Candidate(section, event.turn, told, told, 0.5, (), "", str(event.turn), lead, len(own))


def own_words(text: str) -> tuple[list[str], list[str]]:
    """The sentences of a message that its writer wrote, and those of what they pasted."""
    every = list(worth.sentences(text))
    if len(text) <= _PASTED and "```" not in text and "~~~" not in text:
        return every, []
    spoken = [" ".join(one.split()) for one in prose.sentences(text)]
    own = [one for one in every if any(one in whole or whole in one for whole in spoken)]
    return own, [one for one in every if one not in own]


def is_said(event: Event) -> bool:
    """Whether `event` is words of a human."""
    spoken = event.type in (EventType.PROMPT, EventType.REJECTION) and event.trust is Trust.HUMAN
    return spoken and bool(event.text.strip())


def standing(events: Sequence[Event]) -> Iterator[Candidate]:
    """What was asked last, and what the agent said to it last."""
    asked = [event for event in events if is_said(event)]
    replied = [event for event in events if event.type is EventType.REPLY and event.text.strip()]
    if len(asked) > 1:
        yield _told("the user asked last", asked[-1])
    if asked and replied and replied[-1].turn > asked[-1].turn:
        yield _told("the agent said last", replied[-1])


def _told(how: str, event: Event) -> Candidate:
    text, short = (f"{how}: {cut(event.text, size)}" for size in (400, 120))
    return Candidate("standing", event.turn, text, short)


def decisions(events: Sequence[Event]) -> Iterator[Candidate]:
    """What a person settled, and what fixed what."""
    for claim in lenses.claims(read_closely(events)):
        if claim.trust is Trust.HUMAN or (claim.relation == "fix" and claim.trust.trainable):
            turn = claim.evidence[0].turn
            yield Candidate("decisions", turn, cut(claim.text, 240), cut(claim.text, 100), parts=(claim.text,))


def read_closely(events: Sequence[Event]) -> list[Event]:
    """`events` without the oldest words of a person, where there are so many that reading them all takes seconds."""
    left, kept = _READ_CLOSELY, list[Event]()
    for event in reversed(events):
        if is_said(event):
            left -= len(event.text)
            if left < 0:
                continue
        kept.append(event)
    return kept[::-1]


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
    """Each changed file once, with where each edit changed it and the line that came."""
    changes: dict[str, list[tuple[Event, str, str]]] = {}
    for edit in edits(events):
        for path, old, new in edit.event.edits:
            changes.setdefault(path, []).append((edit.event, old, new))
    for path, made in changes.items():
        often = f" ({len(made)} edits)" if len(made) > 1 else ""
        lead = f"`{_relative(path, made[-1][0].cwd)}`{often}"
        for place, (event, old, new) in enumerate(reversed(made)):  # the item has the turn of the last
            where = f"t{event.turn} " if place else ""
            text, short, come = _hunk(event, path, old, new)
            yield Candidate(
                "files", event.turn, where + text, where + short, float(not place), (path, come),
                group=path, lead=f"{lead}: " if short else lead, place=place,
            )  # fmt: skip


def _hunk(event: Event, path: str, old: str, new: str) -> tuple[str, str, str]:
    """An edit by its place, the line that went and the one that came; shorter; and that line alone."""
    first = next((f"@@ {start}-{end} @@ " for name, start, end in event.spans if name == path), "")
    before, after = set(old.splitlines()), set(new.splitlines())
    gone = max((line.strip() for line in old.splitlines() if line not in after), key=_telling, default="")
    come = max((line.strip() for line in new.splitlines() if line not in before), key=_telling, default="")
    if not old and new:
        size = f"written, {len(new.splitlines())} lines"
        return f"{size}: +{cut(come, 120)}" if come else size, size, ""
    lines = [f"{sign}{cut(line, 120)}" for sign, line in (("-", gone), ("+", come)) if line]
    shorter = f"+{cut(come, 70)}" if come else f"-{cut(gone, 40)}" if gone else ""
    return first + " ".join(lines), shorter, come


def _telling(line: str) -> float:
    """Of the lines of a change, the first of those with most to lose."""
    read = Sentence(line[:300])
    return min(sum(read.values.values()), 6.0) + (0.5 if line else 0.0)


def last_steps(events: Sequence[Event], steps: int = LAST_STEPS) -> Iterator[Candidate]:
    """The last things that the agent did, in its own words, and what came back."""
    kinds = (EventType.REPLY, EventType.TOOL_CALL, EventType.INTERRUPT)
    places = [place for place, e in enumerate(events) if e.type in kinds][-steps:]
    for event in events[places[0] :] if places else ():
        words = _step(event)
        if words is not None:
            yield Candidate("last", event.turn, verbatim(words, 1500), cut(words, 120), middle=cut(words, 400))


def _step(event: Event) -> str | None:
    match event.type:
        case EventType.REPLY:
            return f"assistant: {event.text}"
        case EventType.INTERRUPT:
            return "the user interrupted"
        case EventType.TOOL_CALL:
            return f"{event.tool}: {event.command or ' '.join(event.paths) or event.text}"
        case EventType.TOOL_RESULT:
            return f"→ {event.text}" if event.text.strip() else None
        case _:
            return None


def _relative(path: str, cwd: str | None) -> str:
    root = (cwd or "").rstrip("/") + "/"
    return path[len(root) :] if len(root) > 1 and path.startswith(root) else path
