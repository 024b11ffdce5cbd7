"""The second lens: a command failed, something was done, and the same command (or an evident variant) passed.

The fix is what was really run or edited in between, in the same session, never what somebody said about it.
Probes (a search without a match, a look for a missing file), interrupted and flaky commands are no errors here.
What is no command is read beside it: refused calls of other tools (`misuse`), what runs by itself (`reports`).
"""

import re
from collections.abc import Iterator, Sequence

from memsrv.lenses import runs as history
from memsrv.lenses.claim import Claim, Reading, claim, evidence
from memsrv.lenses.culprits import culprit
from memsrv.lenses.hunks import edited, in_words
from memsrv.lenses.misuse import misuses
from memsrv.lenses.paths import relative
from memsrv.lenses.reports import reports
from memsrv.lenses.runs import Edit, Run, bare, is_compound, is_probe, program
from memsrv.lenses.spellings import (
    ELSEWHERE,
    IN_USE,
    MISSING,
    SPELLING,
    elsewhere,
    essence,
    is_broader,
    is_variant,
    last_part,
    leading,
    other_path,
    other_program,
)
from memsrv.records import Event, EventType, Evidence, Trust

REACH = 60  # events after the failure within which a success still belongs to it
LONG_REACH = 200  # where it is the very same command
MAX_COMMAND = 160
MAX_STEPS = 3

_REMEDY = re.compile(
    r"(?ix)\b(?:install|add|sync|ci|update|upgrade|pull|up|start|restart|create|init|migrate|upgrade"
    r"|generate|build|chmod|chown|mkdir|mv|cp|ln|rm|touch"
    r"|export|source|unset|set|config|login|enable|checkout|switch|fetch|merge|rebase|reset|clean|prune"
    r"|apply|use|sed|perl|tr|dos2unix|kill|pkill|fuser|seed|push|link|rebuild|compile|download|approve)\b"
)
#: What a sandbox answers to a command that it does not let through.
_WALLED = re.compile(
    r"(?i)operation not permitted|permission denied|read-only file system|could not resolve|name resolution|EPERM"
    r"|EACCES|ENOTFOUND|network is unreachable|sandbox|connection refused|failed to connect"
)
_MORE_TIME = re.compile(r"\btimeout (\d+) ms\b")
_ESCALATED = "with escalated permissions"


def errors_and_fixes(events: Sequence[Event]) -> Iterator[Claim]:
    yield from _commands(events)
    yield from misuses(events)
    yield from reports(events)


def _commands(events: Sequence[Event]) -> Iterator[Claim]:
    ran = list(history.runs(events))
    changed = list(history.edits(events))
    told: dict[tuple[str, str], Claim] = {}  # of several remedies of one failure the last: it failed again after them
    for place, failure in enumerate(ran):
        later = ran[place + 1 :]
        found = _misplaced(failure, later)
        if found is None and failure.failed and bare(failure.command):
            found = _misspelled(failure, later)
            if found is None and _counts(failure):
                found = _fix(failure, [run for run in later if run.outcome in ("success", "failure")], changed)
        if found is None:
            continue
        reading, success, steps = found
        quotes = [_quote(failure.call), *map(_quote, steps), _quote(success.call)]
        key = (reading.subject, reading.value if any(step.edits or not step.command for step in steps) else "")
        told.pop(key, None)
        told[key] = claim(reading, Trust.COMMAND, list(dict.fromkeys(quotes)), success.call.time)
    yield from told.values()


_Fix = tuple[Reading, Run, list[Event]]  # what to do, the run that passed, what was done between


def _counts(failure: Run) -> bool:
    if program(failure.command) in ("apply_patch", "true", "false", "exit"):
        return False
    return failure.error in SPELLING if is_probe(failure.command) else True


def _misplaced(failure: Run, later: Sequence[Run]) -> _Fix | None:
    """`cd app && …` where the shell does not stand above `app`: the folder that was right, if it was found at once."""
    folder = elsewhere(failure)
    if folder is None:
        return None
    for run in later[:3]:
        if run.failed or elsewhere(run) is not None:
            continue
        right = re.match(r"cd\s+['\"]?([^'\"&;\s]+)", run.command)
        if right is not None and right[1] != folder and right[1].rstrip("/").endswith(f"/{folder.strip('/')}"):
            subject = f"`cd {folder}` fails with no such file or directory"
            path = right[1] if not right[1].startswith("/") else f"…/{relative(right[1], None).lstrip('/')}"
            return Reading(subject, "fix", f"the shell stands in another folder; `cd` to `{path}`"), run, []
        if right is None and bare(run.command) == bare(failure.command):
            subject = f"`cd {folder}` fails with no such file or directory"
            return Reading(subject, "fix", "leave out the `cd`; the shell already stands there"), run, []
    return None


def _misspelled(failure: Run, later: Sequence[Run]) -> _Fix | None:
    """Another program or another path in its place, seen soon after: told of these alone, whatever else was asked."""
    for run in later[:6]:
        if not run.passed or is_variant(failure, run):
            continue
        program = other_program(failure, run)
        if program is not None:
            missing, instead = program
            return Reading(f"`{missing}` is not found", "fix", f"run `{instead}` instead"), run, []
        path = other_path(failure, run)
        if path is not None:
            wrong, right = (relative(one, failure.call.cwd) for one in path)
            return (
                (Reading(f"`{wrong}` is not there", "fix", f"it is at `{right}`"), run, []) if wrong != right else None
            )
    return None


def _fix(failure: Run, later: Sequence[Run], changed: Sequence[Edit]) -> _Fix | None:
    """What made it pass."""
    between: list[Run] = []
    last = failure.place
    for run in later:
        away = run.place - failure.place
        if away > LONG_REACH:
            break
        same = _same(failure, run)
        if away > REACH and not same:
            continue
        if run.failed and same:
            steps = [step for step in between if _is_remedy(step, failure)]
            if failure.error in MISSING and _fails_otherwise(failure, run):
                value = _in_words(steps, [])
                cited = [step.call for step in steps[-2:]]
                if value is not None:
                    return Reading(_subject(failure), "fix", value), run, cited
                if run.error in MISSING:
                    return None  # what helps next, helps against what is missing now
            between, last = [], run.place  # what was done so far did not help
            continue
        if not run.passed:
            continue
        variant = is_variant(failure, run)
        if same or variant or is_broader(failure, run):
            steps = [step for step in between if _is_remedy(step, failure)]
            done = _meant([edit for edit in changed if last < edit.place < run.place], failure)
            if not variant and not same and not done:
                between.append(run)
                continue
            spelled = variant and (failure.error in SPELLING or not (steps or done))
            if spelled and not is_compound(run.command):
                moved = bare(failure.command) == bare(run.command)  # then the `cd` before it is the fix
                line = " ".join(run.command.split())[:MAX_COMMAND] if moved else _short(run.command)
                return Reading(_subject(failure), "fix", f"run `{line}` instead"), run, []
            value = _in_words(steps, done) or (_let(failure, run) if not steps and not done else None)
            cited = [*(step.call for step in steps[-2:]), *(edit.event for edit in done[-3:])]
            return (Reading(_subject(failure), "fix", value), run, cited) if value is not None else None
        before = leading(failure, run)
        if before is not None:
            return Reading(_subject(failure), "fix", f"run `{_short(before)}`"), run, []
        between.append(run)
    return None


def _meant(done: list[Edit], failure: Run) -> list[Edit]:
    """Of the edits between, those of files that the failure names, where it names any: the others are other work."""
    for parts in (2, 1):
        ends = [(edit, ["/".join(path.split("/")[-parts:]) for path in edited(edit.event)]) for edit in done]
        if named := [edit for edit, paths in ends if any(path in failure.output for path in paths)]:
            return named
    return [] if failure.error in MISSING else done  # what is not installed is not there after an edit either


def _let(failure: Run, run: Run) -> str | None:
    """The same command passed because the agent's own harness let it: through the sandbox, or for longer."""
    if _ESCALATED in run.call.text and _ESCALATED not in failure.call.text and _WALLED.search(failure.output):
        return "run it with escalated permissions: the sandbox does not let it through"
    had, has = _MORE_TIME.search(failure.call.text), _MORE_TIME.search(run.call.text)
    if (failure.error or "").endswith("timeout") and has and (had is None or int(has[1]) > int(had[1])):
        return f"give it more time (a timeout of {has[1]} ms)"
    return None


def _same(failure: Run, run: Run) -> bool:
    if failure.call.cwd and run.call.cwd and failure.call.cwd != run.call.cwd:
        return False
    return bare(failure.command) == last_part(run.command) or essence(failure.command) == essence(run.command)


def _is_remedy(run: Run, failure: Run) -> bool:
    if failure.error in IN_USE and re.search(r"\b(?:kill|pkill|killall|fuser|stop|down)\b", run.command):
        return True
    if failure.error in ELSEWHERE and program(run.command) == "cd" and not is_compound(run.command):
        return True
    if program(run.command) in ("apply_patch", "tee") or is_probe(run.command):
        return False
    return _REMEDY.search(bare(run.command)) is not None or run.call.type is EventType.COMMAND


def _in_words(steps: Sequence[Run], done: Sequence[Edit]) -> str | None:
    """The steps as one instruction; None where nothing was done (flaky) or too much to call it one fix."""
    edits = in_words(done)
    if len(steps) > MAX_STEPS or (done and edits is None) or not (steps or done):
        return None
    return ", then ".join([*(f"run `{_short(step.command)}`" for step in steps), *([edits] if edits else [])])


def _subject(failure: Run) -> str:
    how = (
        f"with {failure.error}" if failure.error else f"with exit code {failure.exit_code}" if failure.exit_code else ""
    )
    return " ".join(filter(None, (f"`{_short(failure.command)}` fails", how, _about(failure))))


def _about(failure: Run) -> str | None:
    return culprit(failure.output, failure.error, failure.command, failure.call.cwd)


def _fails_otherwise(failure: Run, run: Run) -> bool:
    """Whether the same command, run again, lacks what it lacked no more, and fails for something else."""
    if run.error not in MISSING:
        return True
    was, now = _about(failure), _about(run)
    return was is not None and now is not None and was != now


def _short(command: str) -> str:
    line = bare(command.strip().splitlines()[0]) or command.strip()
    return line if len(line) <= MAX_COMMAND else line[: MAX_COMMAND - 1] + "…"


def _quote(event: Event) -> Evidence:
    return evidence(event, ((event.command or event.text).strip().splitlines() or [""])[0])
