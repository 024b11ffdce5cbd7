"""The second lens: a command failed, something was done, and the same command (or an evident variant) passed.

The fix is what was really run or edited in between, in the same session, never what somebody said about it.
Probes (a search without a match, a look for a missing file), interrupted and flaky commands are no errors here.
"""

import difflib
import re
from collections.abc import Iterator, Sequence

from memsrv.lenses import runs as history
from memsrv.lenses.claim import Claim, Reading, claim, evidence
from memsrv.lenses.runs import Edit, Run, bare, is_compound, is_probe, program, words
from memsrv.records import Event, EventType, Evidence, Trust

REACH = 60  # events after the failure within which a success still belongs to it
MAX_COMMAND = 160
MAX_HUNK = 90

#: Errors where even a command that only looks was wrongly written, so that another spelling is the fix.
_SPELLING = frozenset(
    ["a shell syntax error", "command not found", "an unquoted shell pattern", "an unknown option", "a timeout"]
)
_WRAPPERS = frozenset(
    "sudo npx pnpx bunx uvx time nice nohup env command exec doas winpty python python3 py uv poetry "
    "pipenv hatch pdm rye run bundle exec dotenv corepack".split()
)
_REMEDY = re.compile(
    r"(?ix)\b(?:install|add|sync|ci|update|upgrade|pull|up|start|restart|create|init|migrate|upgrade"
    r"|generate|build|chmod|chown|mkdir|mv|cp|ln|rm|touch"
    r"|export|source|unset|set|config|login|enable|checkout|switch|fetch|merge|rebase|reset|clean|prune"
    r"|apply|use|sed|perl|tr|dos2unix|kill|pkill|fuser|seed|push|link|rebuild|compile|download|approve)\b"
)


def errors_and_fixes(events: Sequence[Event]) -> Iterator[Claim]:
    ran = [run for run in history.runs(events) if run.outcome in ("success", "failure")]
    changed = list(history.edits(events))
    told: set[str] = set()
    for place, failure in enumerate(ran):
        if not failure.failed or not _counts(failure):
            continue
        found = _fix(failure, ran[place + 1 :], changed)
        if found is None:
            continue
        value, success, steps = found
        subject = _subject(failure)
        if subject in told:
            continue
        told.add(subject)
        quotes = [_quote(failure.call), *(_quote(step.call) for step in steps), _quote(success.call)]
        yield claim(Reading(subject, "fix", value), Trust.COMMAND, list(dict.fromkeys(quotes)), success.call.time)


def _counts(failure: Run) -> bool:
    if not bare(failure.command) or program(failure.command) in ("apply_patch", "true", "false", "exit"):
        return False
    return failure.error in _SPELLING if is_probe(failure.command) else True


def _fix(failure: Run, later: Sequence[Run], changed: Sequence[Edit]) -> tuple[str, Run, list[Run]] | None:
    """What made it pass: (in words, the passing run, the runs between that did it)."""
    between: list[Run] = []
    last = failure.place
    for run in later:
        if run.place - failure.place > REACH:
            return None
        if _same(failure, run):
            if run.failed:
                between, last = [], run.place  # what was done so far did not help
                continue
            done = [edit for edit in changed if last < edit.place < run.place]
            steps = [step for step in between if _is_remedy(step)]
            value = _in_words(steps, done)
            return (value, run, steps[-2:]) if value is not None else None
        if run.passed and _is_variant(failure, run) and not is_compound(run.command):
            return f"run `{_short(run.command)}` instead", run, []
        if run.passed:
            between.append(run)
    return None


def _same(failure: Run, run: Run) -> bool:
    if failure.call.cwd and run.call.cwd and failure.call.cwd != run.call.cwd:
        return False
    return bare(failure.command) == bare(run.command)


def _is_variant(failure: Run, run: Run) -> bool:
    """Whether `run` is the failed command, written in another way."""
    old, new = words(failure.command), words(run.command)
    if (
        not old
        or not new
        or is_compound(failure.command)
        or (old == new and bare(failure.command) == bare(run.command))
    ):
        return False
    if old == new or _unquoted(failure.command) == _unquoted(run.command):
        return failure.error in ("a shell syntax error", "an unquoted shell pattern")
    stripped = [w for w in new if not re.fullmatch(r"[A-Za-z_]\w*=.*", w)]
    if stripped == old:
        return True  # the same with an environment variable set
    if (
        len(stripped) > len(old)
        and stripped[-len(old) :] == old
        and all(w.lstrip("-") in _WRAPPERS or w == "-m" for w in stripped[: -len(old)])
    ):
        return True  # the same through a wrapper
    if failure.error == "command not found" and old[1:] == stripped[1:] and _alike(old[0], stripped[0]):
        return True  # python → python3
    if is_probe(failure.command):
        return False
    if failure.error in ("a missing script", "an unknown option", "command not found") and _head(old) == _head(
        stripped
    ):
        return difflib.SequenceMatcher(None, old, stripped).ratio() >= 0.5
    flags = {w for w in old if not w.startswith("-")}, {w for w in stripped if not w.startswith("-")}
    return flags[0] == flags[1] and set(old) != set(stripped) and _head(old) == _head(stripped)


def _unquoted(command: str) -> str:
    return re.sub(r"['\"\\]", "", bare(command))


def _alike(old: str, new: str) -> bool:
    return old in new or new in old or {old, new} <= {"docker-compose", "docker"}


def _head(command: Sequence[str]) -> tuple[str, ...]:
    return tuple(command[:2]) if len(command) > 1 and not command[1].startswith("-") else tuple(command[:1])


def _is_remedy(run: Run) -> bool:
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
