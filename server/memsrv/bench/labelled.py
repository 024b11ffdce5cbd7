"""Labels made by reading real logs: where something was said or failed, and what a person holds it to be.

They hold places, hashes and words for a verdict, never the logs' own words. Each label is for ever in one half: the
rules may be tuned on one, and what is reported is the other. Knows no rule and no store.

`preferences.tsv`: path below the logs' root, message (`of_text`), label yes, no or unclear. Yes is a lasting
preference, convention or correction of how things are done; what holds for one task, or is a mere task, is none.

`fixes.tsv`: path, failure (`of_event`), label, passed. The label is none, unclear, or the calls that are the fix: the
corrected call that then succeeded, or the edits after which the command passed; `passed` is the run that showed it,
where there is one (a linter that runs by itself after each edit is silent when it passes). No fix: a search without a
match, a plain retry, what was given up, a second copy of one failure. Unclear: an edit whose old text did not match
and was then tried again, a fix that nothing was run after or that the user undid, one failure told twice.
"""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from memsrv.errors import UsageError
from memsrv.records import Event

FOLDER = Path(__file__).with_name("labels")
TUNE, HELD_OUT, BOTH = "tune", "held-out", "both"
HALVES = (TUNE, HELD_OUT, BOTH)
#: A message is known by so many of its first characters.
_HEAD = 200


@dataclass(frozen=True, slots=True)
class Label:
    path: str  # of the log, below the logs' root
    key: str
    yes: bool | None  # None: unclear, not scored
    fix: frozenset[str] = frozenset()
    passed: frozenset[str] = frozenset()


def of_text(text: str) -> str:
    """A message's key: it survives a change of how a log is read, but for one of the message itself."""
    return hashlib.sha256(" ".join(text.split())[:_HEAD].encode()).hexdigest()[:12]


def of_event(event: Event) -> str:
    """A call and its result have one key: the call's id; an event that belongs to no call has its own."""
    return event.call or event.id


def half(key: str) -> str:
    """By the parity of the key's SHA-256, so that no label ever changes sides, whatever is added."""
    return HELD_OUT if hashlib.sha256(key.encode()).digest()[-1] % 2 else TUNE


def chosen(label: Label, part: str) -> bool:
    return part == BOTH or half(label.key) == part


def preferences(folder: Path = FOLDER) -> list[Label]:
    verdicts = {"yes": True, "no": False, "unclear": None}
    return [Label(row["path"], row["message"], verdicts[row["label"]]) for row in _rows(folder / "preferences.tsv")]


def fixes(folder: Path = FOLDER) -> list[Label]:
    found = []
    for row in _rows(folder / "fixes.tsv"):
        label = row["label"]
        fix = frozenset(label.split()) if label not in ("none", "unclear") else frozenset[str]()
        yes = None if label == "unclear" else bool(fix)
        found.append(Label(row["path"], row["failure"], yes, fix, frozenset(row["passed"].split())))
    return found


def _rows(file: Path) -> Iterator[dict[str, str]]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise UsageError(f"the labels {file} cannot be read: {error.strerror}; install memsrv again") from error
    return csv.DictReader(lines, delimiter="\t")
