"""Principles: what works when, distilled from the tasks of several sessions; each counts how often it did and did not.

A command breaks with an error of a known class, one thing is done about it, and the command passes: where that was so
in two sessions, it is a principle. Its words are commands that were run and classes of errors, never what a tool
printed or anybody wrote. Pure: rules only, stores nothing.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from memsrv.lenses.runs import bare, error_class, is_compound, is_probe, program
from memsrv.lenses.spellings import essence
from memsrv.records import Episode, Evidence, Fact, Kind, Outcome, Step, Trajectory, Trust

#: Sessions that a way must have worked in.
SESSIONS = 2
#: Steps after a failure within which something was done about it.
REACH = 40
#: Things done between a failure and the next try; more than these are no one way.
MOST_DONE = 2
#: Pieces of evidence that are kept: of the newest sessions.
QUOTED = 9

#: What changes the surroundings of a command, and so may be why it passes.
_REMEDY = re.compile(
    r"(?ix)\b(?:install|add|sync|ci|update|upgrade|pull|up|start|restart|create|init|migrate|generate|build|rebuild"
    r"|chmod|chown|mkdir|ln|export|source|unset|login|enable|prune|dos2unix|kill|pkill|fuser|seed|link|compile"
    r"|download|clean|stop|down)\b"
)
_NO_REMEDY = frozenset(("git", "apply_patch", "tee"))
#: `uv add` of `uv add httpx`: a program, what it shall do, and to what.
_OF_ONE = re.compile(
    r"([\w./-]+ (?:add|install|i|get|update|upgrade|restart|start|enable))((?: -{1,2}[\w-]+)*) ([^\s-]\S*)"
)
_AND = re.compile(r"\s*(?:&&|;)\s*")
_EXIT_CODE = re.compile(r"exit code (\d+)")


@dataclass(frozen=True, slots=True)
class Principle:
    """`value` is what to do when `subject`. Counted are the tries: the command then passed, or failed again."""

    id: str
    subject: str
    value: str
    worked: int
    failed: int
    sessions: int
    evidence: tuple[Evidence, ...]
    last: str = ""  # when it last worked

    @property
    def text(self) -> str:
        return f"When {self.subject}: {self.value}."

    @property
    def fact(self) -> Fact:
        return Fact(self.id, Kind.PROCEDURAL, self.text, Trust.COMMAND, self.evidence, self.subject, "fix", self.value)


@dataclass(frozen=True, slots=True)
class _Try:
    """One try at a trouble: what was done about it, and whether the command passed then."""

    trouble: str
    done: tuple[str, ...]
    passed: bool
    sitting: str  # the session, of a subagent the one that it worked for
    time: str
    quotes: tuple[Evidence, ...]


def principles(project: str, episodes: Iterable[Episode]) -> list[Principle]:
    """The principles of `project`, those first that worked most often."""
    tried = [one for episode in episodes for one in _tries(episode)]
    of_many = {
        key: tries
        for key, tries in _groups(tried, _shape).items()
        if _holds(tries) and len({one.done for one in tries if one.passed}) > 1
    }
    exact = {
        key: tries
        for key, tries in _groups(tried, lambda one: _in_words(one.done)).items()
        if _holds(tries) and (key[0], _shape_of(key[1])) not in of_many
    }
    return sorted((_principle(project, *key, tries) for key, tries in (of_many | exact).items()), key=_order)


def seen(found: Iterable[Principle], visible: Mapping[str, str]) -> Iterator[Principle]:
    """`found` as far as the sessions that bear them out may be given back; `visible` says whose sitting each is."""
    for one in found:
        quotes = tuple(said for said in one.evidence if said.session in visible)
        if len({visible[said.session] for said in quotes}) >= SESSIONS:
            yield replace(one, evidence=quotes)


def _order(one: Principle) -> tuple[int, int, str]:
    """What has worked more often than it failed, and in more sessions, comes first."""
    return (one.failed - one.worked, -one.sessions, one.id)


def _tries(episode: Episode) -> Iterator[_Try]:
    sitting = episode.session.parent or episode.session.id
    for trajectory in episode.trajectories:
        for place, step in enumerate(trajectory.steps):
            trouble = _trouble(step)
            if trouble is not None:
                yield from _tries_at(trouble, trajectory, place, sitting)


def _tries_at(trouble: str, trajectory: Trajectory, place: int, sitting: str) -> Iterator[_Try]:
    """What was done from this failure to the next run of the same command; of that one's own failure, from there on."""
    failure = trajectory.steps[place]
    steps, done = [failure], list[str]()
    for step in trajectory.steps[place + 1 : place + 1 + REACH]:
        if step.edits or (step.paths and not step.command and step.outcome is not Outcome.FAILURE and _changes(step)):
            return  # files were changed: which of both helped, nobody can tell
        if not step.command:
            continue
        *before, last = _AND.split(bare(step.command))
        if essence(last) == essence(failure.command or ""):
            done += filter(_is_remedy, before)
            passed = step.outcome is Outcome.SUCCESS
            if 1 <= len(done) <= MOST_DONE and (passed or _trouble(step, last) == trouble):
                quotes = [_quote(trajectory.session, one) for one in (*steps, step)]
                yield _Try(trouble, tuple(done), passed, sitting, step.time or "", tuple(quotes))
            return
        if step.outcome not in (Outcome.FAILURE, Outcome.REJECTED) and _is_remedy(step.command):
            steps, done = [*steps, step], [*done, bare(step.command)]


def _trouble(step: Step, command: str | None = None) -> str | None:
    """What kind of trouble this step ran into, its `command` if one is named; None where in none of a known class."""
    command = command or step.command
    if step.outcome is not Outcome.FAILURE or not command or is_compound(command) or is_probe(command):
        return None
    code = _EXIT_CODE.search(step.grounds or "")
    error = error_class(step.result, int(code[1]) if code else None)
    name = program(command)
    return f"`{name}` fails with {error}" if error and name else None


def _changes(step: Step) -> bool:
    return re.search(r"(?i)edit|write|patch|replace|create|insert", step.tool or "") is not None


def _is_remedy(command: str) -> bool:
    if "\n" in command.strip() or is_compound(command) or program(command) in _NO_REMEDY:
        return False
    words = bare(command)
    return len(words) <= 160 and _REMEDY.search(words) is not None


def _in_words(done: Sequence[str]) -> str:
    return ", then ".join(f"run `{command}`" for command in done)


def _shape(one: _Try) -> str | None:
    """The way without what it was done to: `uv add …` of `uv add httpx`."""
    return _shape_of(_in_words(one.done)) if len(one.done) == 1 else None


def _shape_of(way: str) -> str | None:
    found = re.fullmatch(rf"run `{_OF_ONE.pattern}`", way)
    return f"run `{found[1]}{found[2]} …` with what it needs" if found else None


_Groups = dict[tuple[str, str], list[_Try]]


def _groups(tried: Iterable[_Try], way: Callable[[_Try], str | None]) -> _Groups:
    found: _Groups = defaultdict(list)
    for one in tried:
        if (words := way(one)) is not None:
            found[(one.trouble, words)].append(one)
    return found


def _holds(tries: Sequence[_Try]) -> bool:
    passed = [one for one in tries if one.passed]
    return len({one.sitting for one in passed}) >= SESSIONS and 2 * len(passed) > len(tries)


def _principle(project: str, subject: str, value: str, tries: Sequence[_Try]) -> Principle:
    passed = sorted((one for one in tries if one.passed), key=lambda one: (one.time, one.sitting), reverse=True)
    apart = {one.sitting: one for one in reversed(passed)}  # the newest of each session
    newest = sorted(apart.values(), key=lambda one: (one.time, one.sitting), reverse=True)
    quotes = dict.fromkeys(quote for one in newest for quote in one.quotes)
    said = "\x1f".join((project, "principle", subject.casefold(), value.casefold()))
    id = "pri_" + hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:12]
    return Principle(
        id, subject, value, len(passed), len(tries) - len(passed), len(apart), tuple(quotes)[:QUOTED], passed[0].time
    )


def _quote(session: str, step: Step) -> Evidence:
    return Evidence(session, step.turn, (step.command or "").strip().splitlines()[0])
