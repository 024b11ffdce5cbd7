"""Questions with the turns that answer them: of a LoCoMo file, a DevMemBench folder, or the user's own memories.

Read from files of those formats, which are never part of memsrv. A corpus goes into a store as any session does. Knows
no ranking.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from memsrv.errors import UsageError
from memsrv.records import Event, EventType, Session, Trust
from memsrv.store import FileState, Store

_SPOKEN = re.compile(r"D(\d+):0*(\d+)")
#: LoCoMo's kinds of questions; the fifth has no answer in the conversation.
_CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "inference", 4: "single-hop"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and the ids of the turns (or of the sessions) that answer it."""

    text: str
    category: str
    gold: frozenset[str]


@dataclass(frozen=True, slots=True)
class Corpus:
    """One conversation, or a set of sessions, with an index of its own. `by_session`: gold names sessions."""

    name: str
    events: tuple[Event, ...]
    projects: dict[str, str]  # by session
    asked: tuple[Asked, ...]
    by_session: bool = False


def locomo(file: Path) -> list[Corpus]:
    """Every conversation of a LoCoMo file. A question without an answer, or without evidence that is there, is none."""
    return [_conversation(one) for one in _read(file, "a LoCoMo file")]


def _conversation(one: Any) -> Corpus:
    events, said = [], one["conversation"]
    for number in sorted(int(found[1]) for key in said if (found := re.fullmatch(r"session_(\d+)", key))):
        time = datetime.strptime(said[f"session_{number}_date_time"], "%I:%M %p on %d %B, %Y")
        for turn in said[f"session_{number}"]:
            text = f"{turn['speaker']}: {turn['text']}"
            if caption := turn.get("blip_caption"):
                text += f" [shares photo: {caption}]"
            place = _places(turn["dia_id"])
            events += [_event(id, f"session-{number}", text, time) for id in place[:1]]
    ids = {event.id for event in events}
    asked = []
    for question in one["qa"]:
        gold = frozenset(id for spoken in question.get("evidence", ()) for id in _places(str(spoken))) & ids
        if gold and question["category"] in _CATEGORIES:
            asked.append(Asked(str(question["question"]), _CATEGORIES[question["category"]], gold))
    return Corpus(str(one["sample_id"]), tuple(events), {event.session: "locomo" for event in events}, tuple(asked))


def _places(spoken: str) -> list[str]:
    return [f"D{found[1]}:{found[2]}" for found in _SPOKEN.finditer(spoken)]


def devmembench(folder: Path) -> list[Corpus]:
    """The sessions and questions of a DevMemBench folder, as one corpus; those that nothing answers are left out."""
    events, projects = [], {}
    for session in _read(folder / "sessions.json", "DevMemBench sessions"):
        id, about = str(session["sessionId"]), session["metadata"]
        projects[id] = str(about["project"])
        time = datetime.fromisoformat(about["date"])
        for place, message in enumerate(session["messages"]):
            event = _event(f"{id}:{place}", id, str(message["content"]), time)
            if message["role"] != "user":
                event = replace(event, type=EventType.REPLY, trust=Trust.ASSISTANT)
            events.append(event)
    asked = [
        Asked(str(one["question"]), str(one["questionType"]), frozenset(one["haystackSessionIds"]))
        for one in _read(folder / "questions.json", "DevMemBench questions")
        if one["haystackSessionIds"] and one["questionType"] != "abstention"
    ]
    return [Corpus("devmembench", tuple(events), projects, tuple(asked), by_session=True)]


def own(store: Store, most: int = 400) -> list[Corpus]:
    """What the user's memories are about, asked; what answers is the turns that they rest on. The newest `most`."""
    asked = []
    for memory in store.memories()[-4 * most :]:
        if not memory.subject or not memory.evidence:
            continue
        gold = {(quote.session, quote.turn) for quote in memory.evidence}
        found = [event.id for place in sorted(gold) for event in store.turns_around(*place, 0)]
        words = " ".join(filter(None, (memory.subject, (memory.relation or "").replace("_", " "))))
        if found:
            asked.append(Asked(words, str(memory.kind), frozenset(found)))
    return [Corpus("own sessions", (), {}, tuple(asked[-most:]))]


def fill(store: Store, corpus: Corpus) -> None:
    """Store the sessions of `corpus`, as ingest does what it has read."""
    sessions: dict[str, list[Event]] = defaultdict(list)
    for event in corpus.events:
        sessions[event.session].append(event)
    for number, (id, events) in enumerate(sessions.items()):
        path = f"/bench/{corpus.name}/{id}.jsonl"
        session = Session(id, "bench", corpus.projects[id], path, started=events[0].time, ended=events[-1].time)
        store.append(FileState(path, "bench", id, 0, number, "", 0, offset=1), session, events)


def _event(id: str, session: str, text: str, time: datetime) -> Event:
    return Event(id, session, EventType.PROMPT, Trust.HUMAN, text, time=time.strftime("%Y-%m-%dT%H:%M:%SZ"))


def _read(file: Path, what: str) -> Iterable[Any]:
    try:
        found = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{file} cannot be read ({error.strerror}); name {what}") from error
    except ValueError as error:
        raise UsageError(f"{file} is no JSON ({error}); name {what}") from error
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise UsageError(f"{file} is no list of objects; name {what}")
    return found
