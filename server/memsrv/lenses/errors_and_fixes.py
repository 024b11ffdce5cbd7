"""The second lens: a command failed, something was done, and the same command (or an evident variant) passed.

The fix is what was really run or edited in between, in the same session, never what somebody said about it.
Probes (a search without a match, a look for a missing file), interrupted and flaky commands are no errors here.
"""

import difflib
import re
from collections.abc import Iterator, Sequence

from memsrv.lenses import runs as history
from memsrv.lenses.claim import Claim, Reading, claim, evidence
from memsrv.lenses.runs import Edit, Run, bare, is_compound, is_probe, program
from memsrv.lenses.spellings import ELSEWHERE, IN_USE, SPELLING, essence, is_variant, last_part, leading
from memsrv.records import Event, EventType, Evidence, Trust

REACH = 60  # events after the failure within which a success still belongs to it
MAX_COMMAND = 160
MAX_HUNK = 90

_REMEDY = re.compile(
    r"(?ix)\b(?:install|add|sync|ci|update|upgrade|pull|up|start|restart|create|init|migrate|upgrade"
    r"|generate|build|chmod|chown|mkdir|mv|cp|ln|rm|touch"
    r"|export|source|unset|set|config|login|enable|checkout|switch|fetch|merge|rebase|reset|clean|prune"
    r"|apply|use|sed|perl|tr|dos2unix|kill|pkill|fuser|seed|push|link|rebuild|compile|download|approve)\b"
)


def errors_and_fixes(events: Sequence[Event]) -> Iterator[Claim]:
    ran = [run for run in history.runs(events) if run.outcome in ("success", "failure")]
    changed = list(history.edits(events))
    told: dict[str, Claim] = {}  # of several fixes of one failure the last: after the others it failed again
    for place, failure in enumerate(ran):
        if not failure.failed or not _counts(failure):
            continue
        found = _fix(failure, ran[place + 1 :], changed)
        if found is None:
            continue
        value, success, steps = found
        subject = _subject(failure)
        quotes = [_quote(failure.call), *(_quote(step.call) for step in steps), _quote(success.call)]
        told.pop(subject, None)
        told[subject] = claim(
            Reading(subject, "fix", value), Trust.COMMAND, list(dict.fromkeys(quotes)), success.call.time
        )
    yield from told.values()


def _counts(failure: Run) -> bool:
    if not bare(failure.command) or program(failure.command) in ("apply_patch", "true", "false", "exit"):
        return False
    return failure.error in SPELLING if is_probe(failure.command) else True


def _fix(failure: Run, later: Sequence[Run], changed: Sequence[Edit]) -> tuple[str, Run, list[Run]] | None:
    """What made it pass: (in words, the passing run, the runs between that did it)."""
    between: list[Run] = []
    last = failure.place
    for run in later:
        if run.place - failure.place > REACH:
            return None
        same = _same(failure, run)
        if run.failed and same:
            between, last = [], run.place  # what was done so far did not help
            continue
        if not run.passed:
            continue
        if same or is_variant(failure, run):
            steps = [step for step in between if _is_remedy(step, failure)]
            done = [edit for edit in changed if last < edit.place < run.place]
            spelled = is_variant(failure, run) and (failure.error in SPELLING or not (steps or done))
            if spelled and not is_compound(run.command):
                moved = bare(failure.command) == bare(run.command)  # then the `cd` before it is the fix
                line = " ".join(run.command.split())[:MAX_COMMAND] if moved else _short(run.command)
                return f"run `{line}` instead", run, []
            value = _in_words(steps, done)
            return (value, run, steps[-2:]) if value is not None else None
        before = leading(failure, run)
        if before is not None:
            return f"run `{_short(before)}`", run, []
        between.append(run)
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
    files = list(dict.fromkeys(path for edit in done for path, _, _ in edit.event.edits))
    if len(files) > 3 or len(steps) > 3 or (not files and not steps):
        return None
    parts = [f"run `{_short(step.command)}`" for step in steps]
    if len(done) == 1 and (hunk := _hunk(done[0].event)) is not None:
        parts.append(hunk)
    elif files:
        parts.append("edit " + " and ".join(f"`{_relative(path, done[0].event.cwd)}`" for path in files))
    return ", then ".join(parts)


def _hunk(event: Event) -> str | None:
    """One small edit as words: what stood there, and what stands there now."""
    if len(event.edits) != 1:
        return None
    path, old, new = event.edits[0]
    before, after = [line.strip() for line in old.splitlines()], [line.strip() for line in new.splitlines()]
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    gone = [
        line
        for tag, a, b, _, _ in matcher.get_opcodes()
        if tag in ("replace", "delete")
        for line in before[a:b]
        if line
    ]
    come = [
        line for tag, _, _, a, b in matcher.get_opcodes() if tag in ("replace", "insert") for line in after[a:b] if line
    ]
    where = f"`{_relative(path, event.cwd)}`"
    if len(gone) <= 1 and len(come) == 1 and len(come[0]) <= MAX_HUNK and len("".join(gone)) <= MAX_HUNK:
        return f"in {where}, change `{gone[0]}` to `{come[0]}`" if gone else f"in {where}, add `{come[0]}`"
    if len(gone) == 1 and not come and len(gone[0]) <= MAX_HUNK:
        return f"in {where}, remove `{gone[0]}`"
    return None


def _relative(path: str, cwd: str | None) -> str:
    if cwd and path.startswith(cwd.rstrip("/") + "/"):
        return path[len(cwd.rstrip("/")) + 1 :]
    parts = path.split("/")
    return "/".join(parts[-3:]) if path.startswith("/") and len(parts) > 4 else path


def _subject(failure: Run) -> str:
    how = (
        f"with {failure.error}" if failure.error else f"with exit code {failure.exit_code}" if failure.exit_code else ""
    )
    return f"`{_short(failure.command)}` fails {how}".strip()


def _short(command: str) -> str:
    line = bare(command.strip().splitlines()[0]) or command.strip()
    return line if len(line) <= MAX_COMMAND else line[: MAX_COMMAND - 1] + "…"


def _quote(event: Event) -> Evidence:
    return evidence(event, (event.command or "").strip().splitlines()[0])
