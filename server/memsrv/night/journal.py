"""`night.json`: what `memsrv night run` last decided for each project, why, and what came of it.

It also counts how often a run was begun in vain, which nothing else can know of a machine whose power failed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from memsrv.home import Home
from memsrv.night.due import Decision, Deed
from memsrv.records import from_dict, to_dict
from memsrv_consolidation.run import read_json, write_json


@dataclass(frozen=True, slots=True)
class Entry:
    """One project. `outcome` is what came of a run: a verdict, `paused`, `interrupted` or `failed`."""

    project: str
    decision: str  # run, resume, wait
    reason: str
    forced: bool = False
    run: str | None = None
    tries: int = 0  # how often `run` was begun by the night without a report or an orderly end
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class Journal:
    """The last look of the timer. `time` is local, with its offset from UTC."""

    time: str
    projects: tuple[Entry, ...]

    @property
    def acted(self) -> Entry | None:
        """The project for which a run was begun or resumed, if any."""
        return next((entry for entry in self.projects if entry.decision != Deed.WAIT), None)

    def tries(self, run: str) -> int:
        return next((entry.tries for entry in self.projects if entry.run == run), 0)


def last_decision(home: Home) -> Journal | None:
    """What the night last decided; None before its first look."""
    return from_dict(Journal, read_json(home.night)) if home.night.exists() else None


def begun(before: Journal | None, decisions: Iterable[Decision], now: datetime) -> Journal:
    """The journal of a look that only decided. What is known of a run stays known until another one takes its place."""
    known = {entry.project: entry for entry in before.projects} if before else {}
    entries = []
    for made in decisions:
        last = known.get(made.project, Entry(made.project, "", ""))
        entry = Entry(made.project, str(made.deed), made.reason, made.forced, made.run or last.run)
        entries.append(replace(entry, tries=last.tries if entry.run == last.run else 0))
    return Journal(now.isoformat(timespec="seconds"), tuple(entries))


def noted(journal: Journal, project: str, **changes: object) -> Journal:
    """`journal`, with what became of `project`."""
    entries = tuple(
        replace(entry, **changes) if entry.project == project else entry  # type: ignore[arg-type]
        for entry in journal.projects
    )
    return replace(journal, projects=entries)


def write(home: Home, journal: Journal) -> Journal:
    home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_json(home.night, to_dict(journal))
    return journal
