"""What was run and how it ended: commands, what is broken, and the last error of each test, also of what passes now.

An error is quoted from what the command printed, as far as a known runner marks it. Candidates only; knows no store.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from memsrv.compact.fitting import Candidate
from memsrv.compact.text import cut
from memsrv.lenses.runs import Run, bare, is_probe
from memsrv.records import Event, EventType, Outcome

_OFTEN = 5


def outputs(events: Sequence[Event]) -> dict[str, int]:
    """Of each call, the turn at which its result stands."""
    return {e.call: e.turn for e in events if e.call and e.type is EventType.TOOL_RESULT}


def commands(ran: Sequence[Run], turns: Mapping[str, int] | None = None) -> Iterator[Candidate]:
    """Each command once, at its last run, with how its runs ended; what only looked is left out.

    `turns` says where the results of calls stand: whoever opens that turn has all that was printed.
    """
    last: dict[str, Run] = {}
    endings: dict[str, list[str]] = {}
    for run in ran:
        name = bare(run.command)
        last[name] = run
        endings.setdefault(name, []).append(ending(run))
    for name, run in last.items():
        if is_probe(run.command):
            continue
        told = [f"{how} ×{n}" if n > 1 else how for how, n in _in_a_row(endings[name])]
        shown = f" → {', then '.join(told[-3:])}"
        text, short = f"`{cut(name, 200)}`{shown}", f"`{cut(name, 90)}` → {told[-1]}"
        yield Candidate("commands", (turns or {}).get(run.call.call or "", run.call.turn), text, short, parts=(name,))


def _in_a_row(endings: Sequence[str]) -> list[tuple[str, int]]:
    return [(how, len(list(group))) for how, group in groupby(endings)]


def ending(run: Run) -> str:
    if run.failed:
        code = "failed" if run.exit_code is None else f"exit {run.exit_code}"
        return f"{code}, {run.error}" if run.error else code
    if run.passed:
        return "exit 0"
    return "interrupted" if run.outcome is Outcome.PARTIAL else "not known how it ended"


def how_to_run(ran: Sequence[Run]) -> Iterator[Candidate]:
    """The commands that were run most, and passed when they were run last."""
    times: Counter[str] = Counter()
    last: dict[str, Run] = {}
    for run in ran:
        if not is_probe(run.command):
            times[name := bare(run.command)] += 1
            last[name] = run
    often = [name for name, count in times.most_common() if count > 1 and last[name].passed and len(name) <= 120]
    for name in often[:_OFTEN]:
        yield Candidate("run", last[name].call.turn, f"`{name}`", f"`{name}`", times[name])


def errors(ran: Sequence[Run]) -> Iterator[Candidate]:
    """The failures that nothing has put right since, each command once, the last first."""
    seen = set()
    for run in reversed(ran):
        name = bare(run.command)
        if name in seen or is_probe(run.command):
            continue
        if run.failed or run.passed:  # how it ended last is how it stands
            seen.add(name)
        if run.failed:
            told = tuple(dict.fromkeys(_failures(run).values()))
            what = "; ".join(cut(said, 160) for said in told)
            said = f": {cut(what, 500)}" if what else ""
            text = f"`{cut(name, 160)}` → {ending(run)}; it has not passed since{said}"
            short = f"`{cut(name, 60)}` → {ending(run)}{cut(said, 120)}"
            yield Candidate("errors", run.call.turn, text, short, parts=(name, run.error or "", *told))


def solved(ran: Sequence[Run]) -> Iterator[Candidate]:
    """The last error of each test, or of each command that names none, where the command passes now."""
    last: dict[str, tuple[Run, str, int]] = {}
    standing: dict[str, bool] = {}
    for place, run in enumerate(ran):
        if is_probe(run.command) or not (run.failed or run.passed):
            continue
        standing[bare(run.command)] = run.failed
        for test, said in _failures(run).items() if run.failed else ():
            last[test] = run, said, place
    shown = set()
    for test, (run, said, place) in last.items():
        if standing[bare(run.command)] or (said, run.call.turn) in shown:
            continue
        shown.add((said, run.call.turn))
        name = "" if test in said else f"{cut(test, 60)}: "
        yield Candidate("solved", run.call.turn, name + cut(said, 240), cut(said, 110), place=place, parts=(said,))


_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
#: Lines that name the test that failed, and what they say of it.
_NAMED = (
    re.compile(r"^(?:FAILED|ERROR) (?P<test>\S+(?:::\S+)*)(?: - (?P<said>.+))?$"),  # pytest
    re.compile(r"^\s*(?:●|✕|✗|×|✘|not ok \d+ -?) (?P<test>.+?)(?: \(\d+ ?m?s\))?$"),  # jest, mocha, vitest, tap
    re.compile(r"^\s*--- FAIL: (?P<test>\S+)"),  # go
    re.compile(r"^(?:FAIL|ERROR): (?P<test>\w+ \([\w.]+\))"),  # unittest
    re.compile(r"^---- (?P<test>\S+) stdout ----"),  # cargo
    re.compile(r"^\s*\d+\) (?P<test>.+?):?$"),  # rspec, mocha
)
#: Lines that say what went wrong.
_SAID = re.compile(
    r"(?:^E\s{2,}(?P<e>\S.*)$)|(?P<x>(?:^|\b)[\w.]*(?:Error|Exception|Failure|Panic)\b(?:\s?\[\w+\])?:? ?.*$)"
    r"|(?P<p>panicked at .*$)|(?P<w>(?:^|\s)(?:error|fatal|panic|FATAL|ERROR)(?:\[\w+\]| TS\d+)?: .*$)"
    r"|(?P<n>npm (?:ERR!|error) .*$)"
    r"|(?P<a>^\s*(?:Expected|expected|AssertionError|assert)\b.*$)|(?P<g>^\s+\S+_test\.go:\d+: .*$)"
)
_REACH = 12  # lines below a test's name in which its error stands


def _failures(run: Run) -> dict[str, str]:
    """By test, what went wrong; by the command where no test is named."""
    lines = [line[:600] for line in _ESCAPES.sub("", run.output[-20_000:]).splitlines()]
    found: dict[str, str] = {}
    for place, line in enumerate(lines):
        for form in _NAMED:
            named = form.match(line)
            if named is None:
                continue
            said = named.groupdict().get("said") or next(
                filter(None, map(_complaint, lines[place + 1 : place + _REACH])), None
            )
            if said:
                found[named["test"]] = said
            break
    told = [said for line in lines if (said := _complaint(line))]
    if not found and told:
        found[bare(run.command)] = max(reversed(told), key=_says_why)
    return found


def _says_why(said: str) -> bool:
    """Whether more is said than the class of an error."""
    return len(said.partition(": ")[2]) > 3 or " " in said.strip()


def _complaint(line: str) -> str | None:
    told = _SAID.search(line)
    if told is None:
        return None
    return str(next(filter(None, told.groups()))).strip()
