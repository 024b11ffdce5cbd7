"""Logged turns replayed: what a person asked and the agent replied where it worked, after the memory of that day.

The student learns to use memory as it stood, in the form it is served. A reply is taken only where its task ended well
and its words may be trained on; none that holds a secret, that shows what failed, or that tells what stays out of the
weights. No model.
"""

import random
import re
from collections.abc import Iterator, Sequence

from memsrv.echo import teaches
from memsrv.layout import Blocks, render
from memsrv.records import (
    Conversation,
    Episode,
    Event,
    EventType,
    Evidence,
    Fact,
    Memory,
    Message,
    Outcome,
    Trajectory,
    Trust,
)
from memsrv.redact import Redactor
from memsrv_consolidation import lessons
from memsrv_consolidation.probes import gives

#: The longest prompt and reply, in characters: a replayed turn is an example, not a document.
LONGEST_PROMPT, LONGEST_REPLY = 600, 900
#: What a shorter one says is "Done.".
SHORTEST_REPLY = 20
#: Lines of memory before a turn, at most.
LINES = 4
#: How sure it must be that the task ended well.
SURE = 0.5

_REDACTED = "[redacted:"


def logged(
    episodes: Sequence[Episode],
    memories: Sequence[Memory],
    lessons_learned: Sequence[Fact],
    withheld: Sequence[str],
    n: int,
    seed: int,
    redactor: Redactor,
) -> list[Conversation]:
    """At most `n` turns of `episodes`, each with what of `memories` was known before it.

    `lessons_learned` say what failed, `withheld` are values that stay out of weights: neither stands in a reply.
    """
    fit = []
    for episode in episodes:
        for prompt, reply in turns(episode):
            words = (prompt.text, reply.text)
            if any(_REDACTED in text or redactor.redact(text)[1] for text in words):
                continue
            if any(lessons.shows_mistake(fact, reply.text) for fact in lessons_learned):
                continue
            if not any(gives(value, reply.text) for value in withheld):
                fit.append((prompt, reply))
    chosen = random.Random(f"{seed}/logged").sample(range(len(fit)), min(n, len(fit)))
    return [_conversation(*fit[place], memories, number, redactor) for number, place in enumerate(sorted(chosen))]


def turns(episode: Episode) -> Iterator[tuple[Event, Event]]:
    """Each prompt of a task that ended well, with the reply that closed it."""
    by_turn = {step.turn: step for step in episode.steps}
    for task in episode.trajectories:
        prompt = by_turn.get(task.turn)
        if prompt is None or not _worked(task) or not _typed(prompt):
            continue
        done = max((step.turn for step in task.steps), default=task.turn)  # what is said before is a plan
        said = [step for step in episode.steps if done < step.turn <= task.last and _replied(step)]
        if said and SHORTEST_REPLY <= len(said[-1].text) <= LONGEST_REPLY:
            yield prompt, said[-1]


def known(memories: Sequence[Memory], prompt: Event) -> list[Memory]:
    """What of `memories` held, and was known, before `prompt`: what was said in it is not memory yet."""
    at = prompt.time or ""
    return [
        memory
        for memory in memories
        if memory.trust.trainable
        and memory.valid_from is not None
        and memory.valid_from < at
        and (memory.valid_to is None or memory.valid_to > at)
    ]


def _worked(task: Trajectory) -> bool:
    return task.outcome is Outcome.SUCCESS and task.confidence >= SURE


def _typed(event: Event) -> bool:
    return (
        event.type is EventType.PROMPT
        and event.trust is Trust.HUMAN
        and not event.echo
        and event.on_main_path
        and not event.sidechain
        and 3 <= len(event.text) <= LONGEST_PROMPT
    )


def _replied(event: Event) -> bool:
    return (
        event.type is EventType.REPLY
        and event.trust.trainable
        and event.on_main_path
        and not event.sidechain
        and teaches(event)
        and bool(event.text.strip())
    )


def _conversation(
    prompt: Event, reply: Event, memories: Sequence[Memory], number: int, redactor: Redactor
) -> Conversation:
    asked = _words(prompt.text)
    # What shares the most words with the prompt stands nearest, as a search would have it; then the newest.
    best = sorted(known(memories, prompt), key=lambda one: one.valid_from or "", reverse=True)
    best.sort(key=lambda one: len(asked & _words(one.text)), reverse=True)
    lines = [one for one in best if not redactor.redact(one.text)[1]][:LINES]
    messages = (
        Message("system", render(Blocks(recall=[one.text for one in lines]))),
        Message("user", prompt.text.strip()),
        Message("assistant", reply.text.strip()),
    )
    said = (Evidence(one.session, one.turn, one.text.strip()) for one in (prompt, reply))
    sources = (*said, *(quote for one in lines for quote in one.evidence))
    return Conversation(f"logged-{number:03d}", "logged", "logged", messages, sources=sources)


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W_]{3,}", text.casefold()))
