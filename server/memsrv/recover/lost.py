"""What stood before a cut, and whether a reader of what is left knows it.

From the same candidates as the brief, by the parts that each stands on; and two kinds more: a person's sentences one by
one, as a summary keeps some and drops others, and values that only the agent's own words held.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from memsrv import lenses
from memsrv.compact import items, ran
from memsrv.compact.fitting import Candidate, Section
from memsrv.compact.text import cut
from memsrv.lenses.prose import sentences
from memsrv.lenses.runs import runs
from memsrv.records import Event, EventType, Trust
from memsrv.recover.told import Told, plain, values

SECTIONS = (
    Section("decisions", "Decisions, preferences and fixes", 0.3),
    Section("messages", "What the user said", 0.3),
    Section("values", "Exact values", 0.2),
    Section("todo", "Open tasks", 0.15),
    Section("errors", "What failed last", 0.2),
    Section("commands", "Commands", 0.2),
    Section("files", "Files changed", 0.2),
)

Judged = tuple[Candidate, bool]


def candidates(before: Sequence[Event], told: Told) -> Iterator[Judged]:
    """Everything that stood before the cut and is worth keeping, and whether it is known from what is left."""
    claims = [c for c in lenses.claims(before) if c.trust is Trust.HUMAN or c.relation == "fix"]
    settled = {(quote.turn, quote.quote) for claim in claims for quote in claim.evidence}
    for claim in claims:
        text = claim.text
        quotes = [quote.quote for quote in claim.evidence]
        candidate = Candidate("decisions", claim.evidence[0].turn, cut(text, 240), cut(text, 100), _weight(text, told))
        yield candidate, told.says(text) or any(told.says(quote) for quote in quotes if _is_words(quote))
    yield from _sentences(before, settled, told)
    yield from _values(before, told)
    done = list(runs(before))
    for found in (items.todo(before), items.files(before)):
        for candidate in found:
            yield candidate, all(told.says(part) for part in candidate.parts if part)
    still_failing = set()
    for candidate in ran.errors(done):
        command, error = candidate.parts
        still_failing.add(command)
        yield candidate, told.ran(command, failed_with=error)
    for candidate in ran.commands(done):
        if candidate.parts[0] not in still_failing:
            yield candidate, told.ran(candidate.parts[0])


def _sentences(before: Sequence[Event], settled: set[tuple[int, str]], told: Told) -> Iterator[Judged]:
    """A person's message as far as it is lost; sentences that were read as decisions come back as those."""
    for place, event in enumerate(e for e in before if items.is_said(e)):
        decided = [quote for turn, quote in settled if turn == event.turn]
        own = [s for s in sentences(event.text) if not any(s in quote or quote in s for quote in decided)]
        lost = [sentence for sentence in own if not told.says(sentence)]
        text = " ".join(lost or own)
        if text:
            weight = _weight(text, told) + (place == 0)
            prefix = "refused: " if event.type is EventType.REJECTION else ""
            short = prefix + cut(max(lost or own, key=lambda s: _weight(s, told)), 140)
            yield Candidate("messages", event.turn, prefix + cut(text, 420), short, weight), not lost


def _values(before: Sequence[Event], told: Told) -> Iterator[Judged]:
    """What the agent itself stated with a value that came up more than once, or that rules can read."""
    times = Counter(value for event in before for value in values(f"{event.text[:4000]} {event.command or ''}"))
    seen: set[str] = set()
    for event in before:
        if event.type is not EventType.REPLY:
            continue
        for sentence in sentences(event.text):
            stated = lenses.read(sentence) is not None
            new = [v for v in values(sentence) if v not in seen and (stated or (times[v] > 1 and len(v) > 2))]
            if not new:
                continue
            seen.update(new)
            lost = [value for value in new if not told.names(value)]
            weight = min(9, max(times[value] for value in lost)) if lost else 0
            short = cut(", ".join(lost or new), 100)
            yield Candidate("values", event.turn, cut(sentence, 240), short, weight), not lost


def _weight(text: str, told: Told) -> int:
    """A sentence whose values stand nowhere any more is worth more than one of words."""
    return 2 * any(not told.names(value) for value in values(text))


def _is_words(quote: str) -> bool:
    return len(plain(quote).split()) > 2
