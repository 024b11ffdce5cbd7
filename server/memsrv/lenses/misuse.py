"""Part of the second lens: an agent's own tool refused a call, and the same tool took it in another form.

A closed list of refusals, known by their first words; whatever else a tool says is not read. Knows no shell.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from memsrv.lenses.claim import Claim, Reading, claim, evidence
from memsrv.lenses.paths import is_corrected, relative
from memsrv.records import Event, EventType, Evidence, Outcome, Trust

REACH = 30  # events after the refusal within which the call still belongs to it
_HEAD = 300

_REFUSALS = tuple(
    (kind, re.compile(words, re.IGNORECASE))
    for kind, words in (
        (
            "unread",
            r"file has not been read yet|has been (?:unexpectedly )?modified"
            r"|modified since (?:it was |you )?(?:last )?read"
            r"|(?:must|need to|should) (?:first )?(?:use [\w ]{0,20})?read (?:tool )?(?:the file|it|on the file)",
        ),
        (
            "unmatched",
            r"string to replace not found|old_?string (?:was )?not found|could not find the string"
            r"|failed to find (?:expected|context) lines|could not find (?:old_string|the old text|oldstring)"
            r"|SearchReplaceNoExactMatch|does not match anything in the file|failed to edit, 0 occurrences",
        ),
        ("several", r"found \d+ matches of the string|multiple (?:occurrences|matches)|is not unique"),
        ("relative", r"must be (?:an )?absolute|not an absolute path|absolute path is required"),
        (
            "absent",
            r"file does not exist|file not found|path (?:does not exist|not found)|no such file or directory|ENOENT",
        ),
        ("large", r"exceeds (?:the )?maximum (?:allowed )?(?:tokens|size|length)|file (?:is )?too large"),
    )
)
#: What to do, told the same each time, so that one that comes again is the same memory.
_INSTEAD = {
    "unread": (
        "`{tool}` is refused because the file was not read, or has changed since",
        "read the file, then repeat it",
    ),
    "unmatched": (
        "`{tool}` does not find the text to replace",
        "read these lines again and give them exactly as the file has them",
    ),
    "several": ("`{tool}` finds the text to replace several times", "give more of the lines around it, or replace all"),
    "relative": ("`{tool}` is given a relative path and refuses it", "give it the absolute path"),
    "large": ("`{tool}` is refused because the file is too large", "read it in parts, with an offset and a limit"),
}
_EDITING = re.compile(r"(?i)edit|replace|patch|diff|write")
_READING = re.compile(r"(?i)read|view|open|cat")


@dataclass(frozen=True, slots=True)
class _Call:
    """A call of a tool that is no shell. `kind`: what it was refused for."""

    call: Event
    result: Event
    place: int
    kind: str | None
    said: str  # the refusal's words, from the closed list

    @property
    def worked(self) -> bool:
        ended = self.result.outcome
        return self.kind is None and (ended is Outcome.SUCCESS or (ended is Outcome.UNKNOWN and self.result.text != ""))


def misuses(events: Sequence[Event]) -> Iterator[Claim]:
    calls = list(_calls(events))
    ended = [place for place, event in enumerate(events) if event.type in (EventType.PROMPT, EventType.INTERRUPT)]
    for number, failure in enumerate(calls):
        if failure.kind is None or (number and _is_copy(calls[number - 1], failure)):
            continue
        until = min([place for place in ended if place > failure.place] + [failure.place + REACH])
        later = [call for call in calls[number + 1 :] if call.place < until]
        while later and _is_copy(failure, later[0]):
            later = later[1:]
        found = _corrected(failure, later)
        if found is not None:
            reading, cited = found
            quotes = [Evidence(failure.result.session, failure.result.turn, failure.said), *map(_quote, cited)]
            yield claim(reading, Trust.COMMAND, list(dict.fromkeys(quotes)), cited[-1].result.time)


def _is_copy(one: _Call, other: _Call) -> bool:
    """Whether both were sent at once, and refused alike."""
    mine, theirs = one.call, other.call
    return (one.kind, mine.tool, mine.paths, mine.edits) == (other.kind, theirs.tool, theirs.paths, theirs.edits)


def _calls(events: Sequence[Event]) -> Iterator[_Call]:
    ended = {event.call: event for event in events if event.call and event.type is EventType.TOOL_RESULT}
    for place, event in enumerate(events):
        if event.type is EventType.TOOL_CALL and event.tool and not event.command and event.call in ended:
            result = ended[event.call]
            kind, said = _refusal(result)
            yield _Call(event, result, place, kind, said)


def _refusal(result: Event) -> tuple[str | None, str]:
    """A success is no refusal, whatever the file that was read begins with."""
    if result.outcome is Outcome.SUCCESS or (result.outcome is Outcome.UNKNOWN and len(result.text) > _HEAD):
        return None, ""
    for kind, words in _REFUSALS:
        found = words.search(result.text[:_HEAD])
        if found is not None:
            return kind, found[0]
    return ("other", "") if result.outcome is Outcome.FAILURE else (None, "")


def _corrected(failure: _Call, later: Sequence[_Call]) -> tuple[Reading, list[_Call]] | None:
    """What to do instead, and the calls that show it; None where it was given up, or refused once more."""
    looked: list[_Call] = []
    for call in later:
        if call.call.tool == failure.call.tool and call.kind == failure.kind and _is_about(failure, call):
            return None  # the last of several is the one that was mended
        if _is_mended(failure, call, looked):
            read = [one for one in looked if _READING.search(one.call.tool or "") and _same(one, call)]
            searched = [one for one in looked if one.call.tool != failure.call.tool and not one.call.edits]
            cited = read[-1:] if failure.kind == "unread" else searched[-1:] if failure.kind == "absent" else []
            return _told(failure, call), [*cited, call]
        if call.worked:
            looked.append(call)
    return None


def _is_mended(failure: _Call, call: _Call, looked: Sequence[_Call]) -> bool:
    if not call.worked or call.call.tool != failure.call.tool:
        return False
    if failure.kind == "absent":
        return _moved(failure, call) is not None
    if failure.kind == "relative":
        return any(re.match(r"/|[A-Za-z]:[\\/]", path) for path in call.call.paths)
    if failure.kind == "unread":
        read = any(_READING.search(one.call.tool or "") and _same(one, call) for one in looked)
        return read and (_same(failure, call) or not failure.call.paths)
    if failure.kind == "large":
        return _same(failure, call) and bool(call.call.spans)
    return _EDITING.search(call.call.tool or "") is not None and _same(failure, call)


def _told(failure: _Call, call: _Call) -> Reading:
    tool = failure.call.tool or "a tool"
    moved = _moved(failure, call)
    if failure.kind == "absent" and moved is not None:
        was, now = (relative(path, failure.call.cwd) for path in moved)
        if was == now:  # where only the folder before it was wrong
            was, now = moved[0], f"…/{now}"
        return Reading(f"`{was}` is not there", "fix", f"it is at `{now}`")
    subject, instead = _INSTEAD[failure.kind or ""]
    return Reading(subject.format(tool=tool), "fix", instead)


def _moved(failure: _Call, call: _Call) -> tuple[str, str] | None:
    pairs = ((was, now) for was in failure.call.paths for now in call.call.paths if is_corrected(was, now))
    return next(pairs, None)


def _same(one: _Call, other: _Call) -> bool:
    """Whether both are about one file, however its path is written."""
    mine, theirs = one.call.paths or one.result.paths, other.call.paths or other.result.paths
    return any(_is_file(a, b) for a in mine for b in theirs)


def _is_file(one: str, other: str) -> bool:
    short, long = sorted((one.removeprefix("./"), other.removeprefix("./")), key=len)
    return short == long or long.endswith(f"/{short}")


def _is_about(failure: _Call, call: _Call) -> bool:
    return failure.kind == "relative" or _same(failure, call) or not failure.call.paths


def _quote(call: _Call) -> Evidence:
    """The path where the call names it; else the first words of what came back."""
    words = call.call.text.strip().splitlines()
    if words:
        return evidence(call.call, words[0].strip()[:200])
    return evidence(call.result, call.result.text.strip()[:24].strip())
