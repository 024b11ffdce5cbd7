"""What stood before a cut, and whether a reader of what is left knows it.

From the same candidates as the brief, by the parts that each stands on. Of what was said in prose, and of what tools
printed, only the exact values count that nothing of what is left names: what comes back is the clause around them.
"""

import re
from collections.abc import Iterator, Sequence

from memsrv import lenses
from memsrv.compact import items, noted, ran, worth
from memsrv.compact.fitting import Candidate, Section
from memsrv.compact.text import cut
from memsrv.compact.worth import Sentence, clause
from memsrv.lenses.runs import runs
from memsrv.records import Event, EventType, Trust
from memsrv.recover.told import Told, plain, values

SECTIONS = (
    Section("decisions", "Decisions, preferences and fixes", 0.15),
    Section("messages", "What the user said", 0.2, dense=True),
    Section("values", "What the agent said", 0.2, dense=True),
    Section("outputs", "What tools printed (quoted; nobody has checked it)", 0.05, dense=True),
    Section("todo", "Open tasks", 0.05),
    Section("errors", "What failed last", 0.1),
    Section("solved", "Errors that were solved", 0.05),
    Section("commands", "Commands", 0.1),
    Section("files", "Files changed", 0.1),
)

Judged = tuple[Candidate, bool]

#: From this worth on, a value is one and no ordinary word with a hyphen.
_EXACT = 1.5
#: A line's own place or name: `tests/a_test.go:12: `, `mailer.host = `.
_NAMED = re.compile(r"\s*(?:\S+:\d+(?::\d+)?:\s|[\w.\[\]-]+\s*[=:]\s*(?=\S))")


def candidates(before: Sequence[Event], told: Told) -> Iterator[Judged]:
    """Everything that stood before the cut and is worth keeping, and whether it is known from what is left."""
    claims = lenses.claims(items.read_closely(before))
    claims = [c for c in claims if c.trust is Trust.HUMAN or c.relation == "fix"]
    settled: dict[int, list[str]] = {}
    for claim in claims:
        text, quotes = claim.text, [quote.quote for quote in claim.evidence]
        for quote in claim.evidence:
            settled.setdefault(quote.turn, []).append(quote.quote)
        candidate = Candidate("decisions", claim.evidence[0].turn, cut(text, 240), cut(text, 100), _weight(text, told))
        yield candidate, told.says(text) or any(told.says(quote) for quote in quotes if _is_words(quote))
    yield from _messages(before, settled, told)
    for candidate in noted.notes(before):
        yield _prose(candidate, "values", told)
    for candidate in noted.outputs(before):
        yield _prose(candidate, "outputs", told)
    done = list(runs(before))
    for candidate in items.todo(before):
        yield candidate, all(told.says(part) for part in candidate.parts)
    for candidate in items.files(before):
        path, come = candidate.parts
        yield candidate, told.names(path) and (not come or told.says(come) or told.has(come))
    for candidate in ran.solved(done):
        yield candidate, _is_told(candidate.parts[0], told)
    still_failing = set()
    for candidate in ran.errors(done):
        command, error, *said = candidate.parts
        still_failing.add(command)
        told_of = bool(said) and all(_is_told(one, told) for one in said)
        yield candidate, told_of or told.ran(command, failed_with=error)
    for candidate in ran.commands(done):
        if candidate.parts[0] not in still_failing:
            yield candidate, told.ran(candidate.parts[0])


def _messages(before: Sequence[Event], settled: dict[int, list[str]], told: Told) -> Iterator[Judged]:
    """A person's sentences; those that were read as decisions come back as such."""
    for number, event in enumerate(e for e in before if items.is_said(e)):
        decided = settled.get(event.turn, [])
        lead = "refused: " if event.type is EventType.REJECTION else ""
        for place, text in enumerate(items.own_words(event.text)[0]):
            if any(text in quote or quote in text for quote in decided):
                continue
            read = Sentence(text)
            lost = [value for value in values(text) if not told.names(value)]
            weight = worth.asked(read) + _weight(text, told) + (number == 0)
            forms = [clause(read, size, lost) for size in (420, 240, 120)]
            group = f"{event.turn}"
            yield (
                Candidate("messages", event.turn, forms[0], forms[2], weight, (text,), forms[1], group, lead, place),
                told.says(text),
            )


def _prose(candidate: Candidate, section: str, told: Told) -> Judged:
    """A sentence of the agent's, or a line of output, by the values in it that are lost."""
    text, read = candidate.parts[0], Sentence(candidate.parts[0])
    names = _NAMED.match(text) if section == "outputs" else None  # what a line gives the value of is not the value
    stated = Sentence(text[names.end() :]).values if names else read.values
    exact = [value for value, much in stated.items() if much >= _EXACT]
    lost = [value for value in exact if not told.names(value)]
    known = not lost if exact else section == "outputs" or told.says(text)
    forms = [clause(read, size, lost) for size in (240, 130, 84)]
    return (
        Candidate(
            section, candidate.turn, forms[0], forms[2], candidate.weight, candidate.parts, forms[1],
            candidate.group, "", candidate.place, tuple(value for value in lost if len(value) > 3),
        ),
        known,
    )  # fmt: skip


def _is_told(error: str, told: Told) -> bool:
    return told.says(error) or told.has(error.partition(": ")[2])


def _weight(text: str, told: Told) -> int:
    """A sentence whose values stand nowhere any more is worth more than one of words."""
    return 2 * any(not told.names(value) for value in values(text))


def _is_words(quote: str) -> bool:
    return len(plain(quote).split()) > 2
