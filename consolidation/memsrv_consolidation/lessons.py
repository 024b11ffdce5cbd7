"""Lessons: how a procedure is taught without its mistake, and without the hint.

The teacher reads the lesson; the student sees the task alone, worded by rule or as a person once put it, and learns to
do it right. What failed stands in no answer: a model repeats what it was trained to write. No model.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from memsrv.layout import one_line
from memsrv.records import Episode, Event, EventType, Evidence, Fact, Trajectory, Trust
from memsrv.redact import Redactor
from memsrv_consolidation import wordings
from memsrv_consolidation.frames import Shape, shape
from memsrv_consolidation.probes import gives

#: The style of what is answered without the mistake: not as the base would word it.
LESSON = "lesson"
#: The longest task that is taken over, in characters; what is longer is about more than the lesson.
LONGEST_TASK = 300
#: Tasks of people that are rehearsed for one lesson.
TASKS = 2

_FAILING = re.compile(r"`?(?P<call>.+?)`? (?:failing|fails|failed|exiting|exits)\b.*")
_CALL = re.compile(r"[\w.$]+\([^()]*\)")


def failing(fact: Fact) -> tuple[str, ...]:
    """The calls and commands that `fact` says are wrong, where it is a lesson."""
    subject = fact.subject or ""
    match shape(fact.relation or ""):
        case Shape.REPLACEMENT:
            return (subject,)
        case Shape.FIX:
            found = _FAILING.fullmatch(subject)
            return (*([found["call"]] if found else []), *_CALL.findall(subject))
        case _:
            return ()


def shows_mistake(fact: Fact, text: str) -> bool:
    """Whether `text` has what failed outside of what is right: a fix may be to run the same again."""
    rest = re.sub(re.escape(_bare(fact.value or "")), " ", _bare(text), flags=re.IGNORECASE)
    return any(gives(call, rest) for call in failing(fact))


def answer(fact: Fact) -> str:
    """The answer that shows what is right alone: as the base words it, unless that names the mistake."""
    assert fact.subject
    assert fact.relation
    assert fact.value  # `trainable` said so
    said = wordings.answer(fact.subject, fact.relation, fact.value)
    if not shows_mistake(fact, said):
        return said
    return f"Use {fact.value}." if shape(fact.relation) is Shape.REPLACEMENT else f"{fact.value}."


def tasks(fact: Fact, episodes: Mapping[str, Episode], redactor: Redactor) -> list[Evidence]:
    """What people asked for when `fact` was learned, without a word of the lesson; at most TASKS."""
    found: dict[str, Evidence] = {}
    for quote in fact.evidence:
        episode = episodes.get(quote.session)
        for trajectory in episode.trajectories if episode else ():
            if episode and trajectory.turn <= quote.turn <= trajectory.last:
                task = one_line(_asked(trajectory, episode.steps))
                if task and not _gives_away(fact, task) and not redactor.redact(task)[1]:
                    found.setdefault(task, Evidence(quote.session, trajectory.turn, task))
    return list(found.values())[:TASKS]


def _asked(trajectory: Trajectory, steps: Iterable[Event]) -> str:
    """What a person typed at its beginning, if it is short enough to be one task."""
    opening = next((step for step in steps if step.turn == trajectory.turn), None)
    if opening is None or opening.type is not EventType.PROMPT or opening.trust is not Trust.HUMAN or opening.echo:
        return ""
    return opening.text if len(opening.text) <= LONGEST_TASK else ""


def _gives_away(fact: Fact, task: str) -> bool:
    return any(gives(words, task) for words in (fact.value or "", fact.text, *failing(fact)) if words.strip())


def _bare(text: str) -> str:
    return one_line(text.replace("`", ""))


def by_session(episodes: Sequence[Episode]) -> dict[str, Episode]:
    """The episodes by the id of their session."""
    return {episode.session.id: episode for episode in episodes}
