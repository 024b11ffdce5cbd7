"""Part of the second lens: a linter or a test that an agent runs by itself after each edit complained, the next edit
changed what it named, and it was silent after that.

Only codes and names of error classes are read of a report, never its words: they may be anybody's.
"""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from memsrv.lenses.claim import Claim, Reading, claim, evidence
from memsrv.lenses.culprits import culprit
from memsrv.lenses.hunks import in_words
from memsrv.lenses.runs import Edit, edits, error_class
from memsrv.records import Event, EventType, Evidence, Outcome, Trust

MAX_CODES = 3
_REPORTERS = ("lint", "test")
_FINDING = re.compile(
    r"^(?P<quote>(?P<path>[^\s:│█|]+\.\w+)[:(]\d+(?:[:,]\d+)?\)?:?\s+(?:-\s+)?(?:error\s+)?(?P<code>[A-Z]{1,4}\d{3,5}))\b",
    re.MULTILINE,
)
#: What common codes mean, and what is done where an edit only took something away.
_CODES = {
    "F401": ("an unused import", "remove the import"),
    "F541": ("an f-string without placeholders", "drop its `f`"),
    "F841": ("an unused variable", "remove the variable"),
    "F811": ("a name defined twice", "remove one of the definitions"),
    "F821": ("an undefined name", None),
    "F632": ("`is` with a literal", None),
    "E722": ("a bare `except`", None),
    "E501": ("a line that is too long", None),
    "E999": ("a syntax error", None),
    "E999a": ("a syntax error", None),
    "E711": ("a comparison with `None`", None),
    "E731": ("an assigned lambda", None),
    "W291": ("trailing whitespace", "remove it"),
    "W293": ("whitespace on an empty line", "remove it"),
}


@dataclass(frozen=True, slots=True)
class _Report:
    event: Event
    place: int
    found: tuple[tuple[str, str, str], ...]  # (path, code, quote)

    def again(self, later: "_Report") -> bool:
        """Whether `later` finds some of the same."""
        if not self.found or not later.found:
            return self.event.tool == later.event.tool
        return bool({(path, code) for path, code, _ in self.found} & {(path, code) for path, code, _ in later.found})


def reports(events: Sequence[Event]) -> Iterator[Claim]:
    told = [report for place, event in enumerate(events) if place > 0 and (report := _report(event, place)) is not None]
    changed = list(edits(events))
    for number, report in enumerate(told):
        following = told[number + 1].place if number + 1 < len(told) else len(events)
        until = min(following, _turn_ends(events, report.place))
        done = [edit for edit in changed if report.place < edit.place < until]
        if not done or _undone(events, done[-1].place):
            continue  # nobody answered it before it was told again
        again = following <= _turn_ends(events, done[-1].place) and number + 1 < len(told)
        if again and report.again(told[number + 1]):
            continue
        yield from _fixes(report, done)


def _report(event: Event, place: int) -> _Report | None:
    """A report that nobody asked for: it comes after each edit, so its silence tells that all is well."""
    if event.type is not EventType.TOOL_RESULT or event.tool not in _REPORTERS or event.call or event.command:
        return None
    if event.outcome is not Outcome.FAILURE:
        return None
    found = {(match["path"], match["code"]): match["quote"] for match in _FINDING.finditer(event.text)}
    return _Report(event, place, tuple((path, code, quote) for (path, code), quote in found.items()))


def _turn_ends(events: Sequence[Event], place: int) -> int:
    ends = (EventType.PROMPT, EventType.COMMAND, EventType.INTERRUPT)
    return next((at for at in range(place + 1, len(events)) if events[at].type in ends), len(events))


def _undone(events: Sequence[Event], place: int) -> bool:
    after = _turn_ends(events, place)
    return after < len(events) and (
        events[after].type is EventType.INTERRUPT or (events[after].command or "").startswith("/undo")
    )


def _fixes(report: _Report, done: Sequence[Edit]) -> Iterator[Claim]:
    if report.event.tool == "test":
        error = error_class(report.event.text, None)
        quote = error if error and error in report.event.text else _counted(report.event.text)
        words = in_words(done)
        if words is not None and quote:
            about = culprit(report.event.text, error, "", report.event.cwd)
            why = ("the tests that run after an edit fail", error and f"with {error}", about)
            yield _claim(report, Reading(" ".join(filter(None, why)), "fix", words), quote, done)
        return
    by_code: dict[str, tuple[str, str]] = {}
    for path, code, quote in report.found:
        by_code.setdefault(code, (path, quote))
    for code, (path, quote) in list(by_code.items())[:MAX_CODES]:
        mine = [edit for edit in done if any(_is_file(path, edited) for edited in edit.event.paths)]
        meaning, removal = _CODES.get(code, (None, None))
        words = removal if removal is not None and _takes_away(mine) else in_words(mine)
        if mine and words is not None:
            named = f"{code} ({meaning})" if meaning else code
            where = "" if words == removal else f" in `{path}`"
            words = words.removeprefix(f"in `{path}`, ")
            yield _claim(report, Reading(f"the linter reports {named}{where}", "fix", words), quote, mine)


def _claim(report: _Report, reading: Reading, quote: str, done: Sequence[Edit]) -> Claim:
    quotes = [evidence(report.event, quote), *(_path(edit.event) for edit in done[-3:])]
    return claim(reading, Trust.COMMAND, list(dict.fromkeys(quotes)), done[-1].event.time)


def _path(edit: Event) -> Evidence:
    return evidence(edit, edit.text.strip().splitlines()[0] if edit.text.strip() else "")


def _counted(text: str) -> str | None:
    found = re.search(r"\b\d+ (?:failed|failing|errors?)\b|\bFAIL(?:ED)?\b", text)
    return found[0] if found is not None else None


def _takes_away(done: Sequence[Edit]) -> bool:
    """Whether lines only went, or became shorter, at least somewhere."""
    for edit in done:
        for _, old, new in edit.event.edits:
            before, after = old.splitlines(), new.splitlines()
            for tag, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
                if tag == "delete" or (tag == "replace" and len("".join(after[c:d])) < len("".join(before[a:b]))):
                    return True
    return False


def _is_file(one: str, other: str) -> bool:
    short, long = sorted((one.removeprefix("./"), other.removeprefix("./")), key=len)
    return short == long or long.endswith(f"/{short}")
