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
from memsrv.recover.exact import Exact
from memsrv.recover.told import Told, plain, words

SECTIONS = (
    Section("decisions", "Decisions, preferences and fixes", 0.15),
    Section("messages", "What the user said", 0.2, dense=True),
    Section("todo", "Open tasks", 0.05),
    Section("errors", "What failed last", 0.1),
    Section("commands", "Commands", 0.1),
    Section("files", "Files changed", 0.1),
    Section("solved", "Errors that were solved", 0.05),
    Section("values", "What the agent said", 0.2, dense=True),
    Section("outputs", "What tools printed (quoted; nobody has checked it)", 0.05, dense=True),
)

Judged = tuple[Candidate, bool]

_SPOKEN = (EventType.PROMPT, EventType.REPLY, EventType.REJECTION)
#: How much of a sentence comes back, longest first, where some of its values are known.
_BESIDE = (130, 100, 84)
#: What a sentence without a value of its own is worth beside one that has one.
_BARE = 0.3
_BLOCK = re.compile(r"```[^\n]*\n(.*?)(?:```|\Z)", re.DOTALL)
#: What a line of output or of code must be worth: it states something. Code lies in the files.
_TELLING = 0.9
#: So many of a file's changes come back, the last first: it lies there.
_HUNKS = 3
#: What stands before the words of an error.
_CLASS = re.compile(r"^.*?(?:Error|Exception|Failure|Panic)\b(?:\s?\[\w+\])?:\s+")
#: A line's own place or name: `tests/a_test.go:12: `, `mailer.host = `.
_NAMED = re.compile(r"\s*(?:\S+:\d+(?::\d+)?:\s|[\w.\[\]-]+\s*[=:]\s*(?=\S))")


def candidates(before: Sequence[Event], told: Told) -> Iterator[Judged]:
    """Everything that stood before the cut and is worth keeping, and whether it is known from what is left."""
    exact = Exact([event.text for event in before if event.type in _SPOKEN], told)
    settled: dict[int, list[tuple[str, str]]] = {}
    for claim in lenses.claims(items.read_closely(before)):
        if claim.trust is not Trust.HUMAN and claim.relation != "fix":
            continue
        text, quotes = claim.text, [quote.quote for quote in claim.evidence]
        for quote in claim.evidence:
            settled.setdefault(quote.turn, []).append((quote.quote, text))
        read = Sentence(text)
        gone = exact.lost(read)
        weight = 2 * bool(gone) + 4 * (claim.trust is Trust.HUMAN)
        candidate = Candidate("decisions", claim.evidence[0].turn, cut(text, 240), cut(text, 100), weight)
        yield candidate, exact.tells(read) or (not gone and any(map(told.says, filter(_is_words, quotes))))
    yield from _messages(before, settled, told, exact)
    blocks = _blocks(before)
    for candidate in noted.notes(before):
        text = candidate.parts[0]
        if (candidate.turn, text) not in blocks or worth.printed(Sentence(text)) >= _TELLING:
            yield _prose(candidate, "values", told, exact)
    for candidate in noted.outputs(before):
        if candidate.weight >= _TELLING:
            yield _prose(candidate, "outputs", told, exact)
    done = list(runs(before))
    for candidate in items.todo(before):
        yield candidate, all(told.says(part) for part in candidate.parts)
    for candidate in items.files(before):
        path, come = candidate.parts
        if candidate.place < _HUNKS:
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


def _messages(
    before: Sequence[Event], settled: dict[int, list[tuple[str, str]]], told: Told, exact: Exact
) -> Iterator[Judged]:
    """A person's sentences; those that were read as decisions come back as such."""
    for number, event in enumerate(e for e in before if items.is_said(e)):
        decided = settled.get(event.turn, [])
        lead = "refused: " if event.type is EventType.REJECTION else ""
        for place, text in enumerate(items.own_words(event.text)[0]):
            read = Sentence(text)
            held = exact.values(read)
            if any((text in quote or quote in text) and all(v in claim for v in held) for quote, claim in decided):
                continue
            gone = exact.lost(read)
            weight = worth.asked(read) + 2 * bool(gone) + (number == 0)
            forms = [clause(read, size, gone) for size in (_BESIDE if 0 < len(gone) < len(held) else (420, 240, 120))]
            group = f"{event.turn}"
            yield (
                Candidate("messages", event.turn, forms[0], forms[2], weight, (text,), forms[1], group, lead, place),
                exact.tells(read) or (not held and _says_little(text)),
            )


def _blocks(before: Sequence[Event]) -> set[tuple[int, str]]:
    """The lines of code that stand in replies, by their turn."""
    replies = [event for event in before if event.type is EventType.REPLY and "```" in event.text]
    return {(e.turn, line) for e in replies for block in _BLOCK.findall(e.text) for line in worth.sentences(block)}


def _prose(candidate: Candidate, section: str, told: Told, exact: Exact) -> Judged:
    """A sentence of the agent's, or a line of output, by the values in it that are lost."""
    text, read = candidate.parts[0], Sentence(candidate.parts[0])
    names = _NAMED.match(text) if section == "outputs" else None  # what a line gives the value of is not the value
    stated = Sentence(text[names.end() :]) if names else read
    gone = exact.lost(stated)
    known = not gone
    if section == "values" and not exact.values(stated):
        counts = any(re.search(r"\d", value) for value in read.values)
        known = told.says(text) or _says_little(text) or not (counts or worth.decides(text))
    weight = candidate.weight * (1.0 if gone else _BARE)
    forms = [
        clause(read, size, gone) for size in (_BESIDE if 0 < len(gone) < len(exact.values(read)) else (240, 130, 84))
    ]
    return (
        Candidate(
            section, candidate.turn, forms[0], forms[2], weight, candidate.parts, forms[1],
            str(candidate.turn), "", candidate.place, tuple(value for value in gone if len(value) > 3),
        ),
        known,
    )  # fmt: skip


def _is_told(error: str, told: Told) -> bool:
    """Whether an error is told, with or without its class and the line that it stands at."""
    return any(told.says(form) or told.has(form) for form in (error, _CLASS.sub("", error)))


def _says_little(text: str) -> bool:
    """`ok, go on`, `Thanks, that works.`"""
    return len(words(text)) < 2


def _is_words(quote: str) -> bool:
    return len(plain(quote).split()) > 2
