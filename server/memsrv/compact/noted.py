"""What only the agent's prose and its tools' output tell: sentences by their worth, lines that state something, and
every other observation as one line, to be opened by its turn.

Candidates only, many more than there will be room for. What a tool printed is quoted, and nobody has checked it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from memsrv.compact import worth
from memsrv.compact.fitting import Candidate
from memsrv.compact.items import is_said, own_words
from memsrv.compact.text import cut
from memsrv.compact.worth import Sentence, clause
from memsrv.lenses.runs import bare, is_probe
from memsrv.records import Event, EventType

#: Of one output so many characters are looked at, from both its ends; and so many lines of one shape are told.
_LOOKED_AT, _ALIKE = 24_000, 4
#: An output that is no longer is no place to look something up.
_SHORT = 200
_READERS = ("read", "view", "cat", "open", "fetch", "file", "get")


def notes(events: Sequence[Event]) -> Iterator[Candidate]:
    """Sentences of the agent's replies that say something; what is said again stands where it was said last."""
    seen: set[str] = set()
    for event in reversed(events):
        if event.type is not EventType.REPLY:
            continue
        for place, text in enumerate(worth.sentences(event.text)):
            if (plain := text.casefold()) in seen:
                continue
            seen.add(plain)
            read = Sentence(text)
            weight = worth.said(read)
            if weight > 0:
                forms = [clause(read, size) for size in (280, 150, 84)]
                yield Candidate(
                    "notes",
                    event.turn,
                    forms[0],
                    forms[2],
                    weight,
                    (text,),
                    forms[1],
                    str(event.turn),
                    "",
                    place,
                    _exact(read),
                )


def outputs(events: Sequence[Event]) -> Iterator[Candidate]:
    """Lines of what tools printed, or people pasted, that tell the value of something."""
    for event in reversed(events):
        if event.type is EventType.TOOL_RESULT:
            lines, share = _lines(event.text), 0.4 if _is_reader(event) else 1.0
        elif is_said(event):
            lines, share = own_words(event.text)[1], 1.0
        else:
            continue
        shapes = [worth.shape(line) for line in lines]
        times = Counter(shapes)
        for place, line in enumerate(lines):
            alike = times[shapes[place]]
            if alike > _ALIKE and not worth.is_alarm(line):
                continue
            read = Sentence(line)
            weight = share * worth.printed(read) / alike
            if weight > 0:
                forms = [clause(read, size) for size in (220, 130, 90)]
                values = tuple(value for value, much in read.values.items() if much > 1)
                yield Candidate(
                    "outputs", event.turn, forms[0], forms[2], weight, (line,), forms[1], place=place, values=values
                )


def _exact(read: Sentence) -> tuple[str, ...]:
    """The values by which a sentence says something else than others do; none where they may be anything's."""
    return tuple(value for value, much in read.values.items() if much > 1 and len(value) > 3)


def _lines(text: str) -> list[str]:
    """The lines of an output that may tell something, in one spelling."""
    if len(text) > _LOOKED_AT:
        text = f"{text[: _LOOKED_AT * 2 // 3]}\n{text[-_LOOKED_AT // 3 :]}"
    return [
        line.strip() if line[:1].isspace() and "→" not in line[:8] else line
        for line in text.splitlines()
        if worth.may_tell(line)
    ]


def _is_reader(event: Event) -> bool:
    tool = (event.tool or "").casefold()
    return any(word in tool for word in _READERS)


def observations(events: Sequence[Event]) -> Iterator[Candidate]:
    """What was looked at, each thing once, at its last result; commands have an item of their own."""
    calls = {e.call: e for e in events if e.call and e.type is EventType.TOOL_CALL}
    last: dict[tuple[str, str], Event] = {}
    for event in events:
        call = calls.get(event.call or "")
        if event.type is not EventType.TOOL_RESULT or call is None or len(event.text) < _SHORT:
            continue
        if call.command and not is_probe(call.command):
            continue
        target = bare(call.command) if call.command else " ".join(call.paths) or call.text
        last[call.tool or "", target] = event
    for (tool, target), event in last.items():
        size = f"{len(event.text) / 1000:.1f} kB"
        failed = f" → exit {event.exit_code}" if event.exit_code else ""
        text, short = (f"{tool} `{cut(target, most)}`{failed} {size}" for most in (140, 50))
        yield Candidate("observations", event.turn, text, short)
