"""What a human answered when the agent asked them to choose: the answers only are the human's words.

Knows how the harness writes question and answer on one line; nothing about what is worth keeping of an answer but this:
a choice of a tool, library or style is a decision.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from memsrv.lenses.claim import Reading
from memsrv.lenses.topics import topic_of
from memsrv.records import Event, EventType, Trust

_PAIR = re.compile(r'"(?P<question>[^"\n]+)"="(?P<answer>[^"\n]+)"')
_CHOICE = re.compile(
    r"(?i)^(?:which|what)\s+(?P<subject>(?:[\w-]+\s+){0,2}(?:framework|library|database|orm|package\s+manager|test\s+(?:runner|framework)"
    r"|styling|styling\s+approach|language|license|cache|queue|bundler|linter|formatter|provider|platform|style|convention|tool))"
    r"\s+(?:should\s+(?:we|i|the\s+project)\s+use|do\s+you\s+(?:prefer|use|want(?:\s+to\s+use)?)|would\s+you\s+(?:like(?:\s+to\s+use)?|prefer))\??$"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: the human's words, the agent's question, and both as they stand in the log."""

    question: str
    words: str
    quote: str


def answers(event: Event) -> Iterator[Answer]:
    if event.type is EventType.TOOL_RESULT and event.trust is Trust.HUMAN and not event.sidechain:
        for pair in _PAIR.finditer(event.text):
            yield Answer(pair["question"], pair["answer"], pair[0])


def chosen(answer: Answer) -> Reading | None:
    """The choice of a tool, a library or a style; where to put a button is none."""
    found = _CHOICE.match(answer.question.strip())
    words = re.sub(r"\s*\((?:recommended|default)\)$", "", answer.words.strip(), flags=re.IGNORECASE)
    if (
        found is None
        or len(words.split()) > 3
        or "," in words
        or re.match(r"(?i)(?:none|other|no|yes|you|any|skip|option)\b", words)
    ):
        return None
    return Reading(topic_of(words) or " ".join(found["subject"].lower().split()), "use", words)
