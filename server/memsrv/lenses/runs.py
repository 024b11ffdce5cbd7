"""Commands as they went: each call joined to its result, with what was changed in between.

Reads what the agent's harness recorded (command, exit code, error class); output is only searched for the names of
known error classes and for what tests counted, never quoted: it may hold anybody's text.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from memsrv.lenses.checks import counts
from memsrv.records import Event, EventType, Outcome


@dataclass(frozen=True, slots=True)
class Run:
    """One command with how it ended."""

    call: Event
    command: str
    place: int  # index of the call among the session's events
    outcome: Outcome
    exit_code: int | None
    error: str | None  # error class
    output: str = ""  # looked at, never quoted

    @property
    def failed(self) -> bool:
        return self.outcome is Outcome.FAILURE

    @property
    def passed(self) -> bool:
        return self.outcome is Outcome.SUCCESS


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of files that was not refused and did not fail."""

    event: Event
    place: int


_CLASSES = (
    (re.compile(r"\b([A-Z][A-Za-z0-9]+(?:Error|Exception))\b"), "{0}"),
    (
        re.compile(
            r"\b(E(?:ADDRINUSE|CONNREFUSED|CONNRESET|NOENT|ACCES|PERM|TIMEDOUT|NOTFOUND|EXIST|ISDIR|MFILE"
            r"|RESOLVE|INTEGRITY|PIPE))\b"
        ),
        "{0}",
    ),
    (re.compile(r"\berror (TS\d{3,5}|E\d{4})\b"), "error {0}"),
    (re.compile(r"(?i)bash\\r|\^M: bad interpreter|'\\r': command not found"), "CRLF line endings"),
    (re.compile(r"(?i)command not found|not recognized as an internal"), "command not found"),
    (re.compile(r"(?i)syntax error near unexpected token"), "a shell syntax error"),
    (re.compile(r"(?i)no matches found:"), "an unquoted shell pattern"),
    (re.compile(r"(?i)cannot find module|module not found|no module named"), "a missing module"),
    (re.compile(r"(?i)permission denied"), "permission denied"),
    (re.compile(r"(?i)connection refused|could not connect"), "connection refused"),
    (re.compile(r"(?i)address already in use|port \d+ is (?:already )?(?:in use|allocated)"), "address already in use"),
    (re.compile(r"(?i)could not resolve host|name resolution"), "name resolution"),
    (re.compile(r"(?i)timed out|timeout exceeded"), "a timeout"),
    (re.compile(r"(?i)heap out of memory|out of memory|\bOOM\b"), "out of memory"),
    (re.compile(r"(?i)no space left on device"), "no space left on device"),
    (re.compile(r"(?i)no such file or directory|file or directory not found"), "no such file or directory"),
    (
        re.compile(r"(?i)unrecognized arguments?|unknown (?:option|flag|argument)|invalid option|unexpected argument"),
        "an unknown option",
    ),
    (re.compile(r"(?i)externally-managed-environment"), "an externally managed environment"),
    (re.compile(r"(?i)cannot connect to the docker daemon"), "the Docker daemon not running"),
    (re.compile(r"(?i)missing script"), "a missing script"),
)
_CODES = {124: "a timeout", 126: "permission denied", 127: "command not found", 137: "being killed"}


def error_class(text: str, exit_code: int | None) -> str | None:
    """The class of an error from a closed vocabulary: safe to keep whoever wrote the output."""
    if "bash\\r" in text or "bash\r" in text:
        return "CRLF line endings"
    for pattern, name in _CLASSES:
        found = pattern.search(text)
        if found is not None:
            return name.format(*found.groups())
    if exit_code in _CODES:
        return _CODES[exit_code]
    return None


def runs(events: Sequence[Event]) -> Iterator[Run]:
    """Every shell command of the session in order, the human's own included."""
    results: dict[str, Event] = {}
    for event in events:
        if event.call and event.type in (EventType.TOOL_RESULT, EventType.REJECTION):
            known = results.get(event.call)
            if known is None or known.outcome is Outcome.UNKNOWN:  # what goes on in the background ends later
                results[event.call] = event
    for place, event in enumerate(events):
        if not event.command or event.type not in (EventType.TOOL_CALL, EventType.COMMAND):
            continue
        result = results.get(event.call or "", event)
        if result.type is EventType.REJECTION or (result.error or "") == "interrupted":
            continue
        outcome, _ = judged(event.command, result)
        code, error = result.exit_code, None
        if outcome is Outcome.FAILURE:
            error = (
                _named(result.error)
                or error_class(result.text if result is not event else "", code)
                or _told(result.error)
            )
        yield Run(event, event.command.strip(), place, outcome, code, error, result.text if result is not event else "")


def judged(command: str | None, result: Event) -> tuple[Outcome, str | None]:
    """How a call ended and what that rests on: the harness' record, and of a command also what it printed.

    Tests that failed behind a pipe failed, whatever the exit code; what nothing tells of stays UNKNOWN.
    """
    outcome, grounds, code = result.outcome, result.grounds, result.exit_code
    if outcome not in (Outcome.UNKNOWN, Outcome.SUCCESS) or not command or is_probe(command):
        return outcome, grounds
    printed = counts(result.text) if result.type is not EventType.COMMAND else None
    if printed is not None and printed.failed and (printed.tests or outcome is Outcome.UNKNOWN):
        return Outcome.FAILURE, str(printed)
    if outcome is Outcome.UNKNOWN and code is not None:
        return (Outcome.FAILURE if code else Outcome.SUCCESS), f"exit code {code}"
    if outcome is Outcome.UNKNOWN and (told := _TOLD_CODE.findall(result.text)):
        code = max(map(int, told))
        return (Outcome.FAILURE if code else Outcome.SUCCESS), f"exit code {code}, as printed"
    if outcome is Outcome.UNKNOWN and printed is not None and printed.passed:
        return Outcome.SUCCESS, str(printed)
    if outcome is Outcome.UNKNOWN and _broke(result.text):
        return Outcome.FAILURE, "an error at its end"
    return outcome, grounds


#: `npx tsc; echo "exit=$?"`: an agent that has the code printed.
_TOLD_CODE = re.compile(r"\bexit(?:[ _]?(?:code|status))?\s{0,3}[=:]\s{0,3}(\d{1,3})\b", re.IGNORECASE)
#: What ends the output of a program that broke: an uncaught exception, or the shell's own complaint.
_BROKE = re.compile(
    r"[\w.]{1,100}(?:Error|Exception)\b(?=:|$)|[^:]{0,80}(?::[^:]{0,80}){0,3}: command not found$"
    r"|(?:fatal|npm ERR!|npm error|panic):? \S"
)


def _broke(text: str) -> bool:
    last = text.rstrip()[-400:].rsplit("\n", 1)[-1]
    ended = _BROKE.match(last)
    if ended is None:
        return False
    return not ended[0].endswith(("Error", "Exception")) or "Traceback (most recent call last):" in text


_EDITORS = re.compile(r"(?i)(?:multi_?|search_|file_)?(?:edit|write|replace|patch|create|str_replace)(?:_|\b|file)")


def edits(events: Sequence[Event]) -> Iterator[Edit]:
    ended = {e.call: e for e in events if e.call and e.type in (EventType.TOOL_RESULT, EventType.REJECTION)}
    for place, event in enumerate(events):
        if event.type is not EventType.TOOL_CALL or not (
            event.edits or (event.paths and _EDITORS.match(event.tool or ""))
        ):
            continue
        result = ended.get(event.call or "")
        if not event.edits and (result is None or result.outcome is not Outcome.SUCCESS):
            continue  # a log without the texts tells of the edit only where it was confirmed
        if result is None or not (
            result.type is EventType.REJECTION or result.outcome in (Outcome.FAILURE, Outcome.REJECTED)
        ):
            yield Edit(event, place)


_NAME = re.compile(r"[A-Z]\w*(?:Error|Exception)")
_VAGUE = re.compile(r"(?i)(?:error|failed|failure|tool misuse|non-?zero.*|exit(?: code)? ?\d*|not found)?")


def _named(error: str | None) -> str | None:
    """The harness' own name of an exception."""
    return error if error and _NAME.fullmatch(error) else None


def _told(error: str | None) -> str | None:
    return None if error is None or _VAGUE.fullmatch(error) else error


_CD = re.compile(r"^(?:cd\s+(?:'[^']*'|\"[^\"]*\"|\S+)\s*(?:&&|;)\s*)+")
_PIPED = re.compile(
    r"\s*(?:2>&1|2>/dev/null|\|\s*(?:head|tail|cat|tee|less)\b[^|]*|\|\s*grep\b[^|]*"
    r"|(?:;|&&)\s*echo\b[^;&|]*)\s*$"
)


#: A session runs the same commands again and again, and each is compared with many others.
_KNOWN = 8192


@lru_cache(_KNOWN)
def bare(command: str) -> str:
    """The command without a leading `cd` and without what only trims its output."""
    words = _CD.sub("", command.strip())
    while (shorter := _PIPED.sub("", words)) != words:
        words = shorter
    return " ".join(words.split())


def words(command: str) -> list[str]:
    """The command's words as a shell would split them; by blanks where quotes do not close."""
    return list(_split(bare(command)))


@lru_cache(_KNOWN)
def _split(line: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(line))
    except ValueError:
        return tuple(line.split())


PROBES = frozenset(
    "rg grep egrep fgrep ack ag find fd ls cat head tail sed awk test [ which type whereis stat file wc "
    "diff cmp du df ps "
    "pgrep lsof tree pwd echo printf env printenv date id whoami uname nl less more jq curl wget ping "
    "dig host nc sleep kill pkill true false cd".split()
)
_GIT_PROBES = frozenset(
    "status log diff show branch rev-parse ls-files blame grep remote describe reflog stash".split()
)


def program(command: str) -> str:
    for word in words(command):
        if not re.fullmatch(r"[A-Za-z_]\w*=.*", word):
            return word.rsplit("/", 1)[-1]
    return ""


@lru_cache(_KNOWN)
def is_probe(command: str) -> bool:
    """Whether the command only looks: its failing is an answer, not an error."""
    name = program(command)
    if name == "git":
        rest = [w for w in words(command) if not w.startswith("-")]
        return len(rest) > 1 and rest[1] in _GIT_PROBES
    if name in ("sed", "perl") and re.search(r"(?:^|\s)-\w*i", bare(command)):
        return False
    return name in PROBES


@lru_cache(_KNOWN)
def is_compound(command: str) -> bool:
    return "\n" in command.strip() or "<<" in command or len(re.findall(r"&&|;|\|\|", bare(command))) > 2
