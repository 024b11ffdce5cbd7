"""One look of the timer: every project that may be trained on is judged, at most one run begins or goes on.

What was decided, and what came of it, is in `night.json`. Reads no logs: whoever calls has done so.
"""

from dataclasses import replace
from datetime import datetime

from filelock import FileLock, Timeout

from memsrv.consent import Act, Consent
from memsrv.errors import Interrupted, MemsrvError, Paused
from memsrv.home import Home
from memsrv.night import Night
from memsrv.night.child import CameBack, Told, silent
from memsrv.night.conditions import Conditions
from memsrv.night.due import Decision, Deed, News, decide, in_turn
from memsrv.night.journal import Journal, begun, last_decision, noted, write
from memsrv.night.news import heard_in, news
from memsrv.night.sight import remembered
from memsrv.store import Store
from memsrv_adapters.version import shelf_name


def decisions(night: Night, store: Store, conditions: Conditions, only: str | None = None) -> list[Decision]:
    """What the night would do now for every project that may be trained on; where `only` is named, the others wait."""
    allowed = Consent(night.settings)
    judged = [
        _judged(night, store, project, conditions)
        if only in (None, project)
        else Decision(project, Deed.WAIT, f"only {only} was asked for")
        for project in store.projects()
        if allowed.allows(Act.TRAIN, project=project)
    ]
    return in_turn(judged)


def look(
    night: Night,
    store: Store,
    conditions: Conditions,
    came_back: CameBack,
    *,
    only: str | None = None,
    told: Told = silent,
) -> Journal:
    """Decide, and do it. A run that fails, or that we were told to end, is raised after it was noted.

    Where another look is at work (a run goes on) nothing is decided, and its journal is given.
    """
    night.home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    one_look = FileLock(night.home.root / "night.lock")
    try:
        one_look.acquire(blocking=False)
    except Timeout:
        return _before(night.home) or Journal(_stamp(conditions.now), ())
    try:
        return _act(replace(night, came_back=came_back, or_rules=True), store, conditions, only, told)
    finally:
        one_look.release()


def _act(night: Night, store: Store, conditions: Conditions, only: str | None, told: Told) -> Journal:
    home = night.home
    journal = write(home, begun(_before(home), decisions(night, store, conditions, only), conditions.now))
    chosen = journal.acted
    if chosen is None:
        return journal
    project, tries = chosen.project, chosen.tries
    try:
        run = chosen.run
        if chosen.decision == Deed.RUN or run is None:
            run, tries = night.prepare(store, project, now=conditions.now).folder.name, 0
        # Counted before it begins: a machine whose power fails cannot count it afterwards.
        journal = write(home, noted(journal, project, run=run, tries=tries + 1))
        report = night.resume(run, told=told)
    except Paused:
        return write(home, noted(journal, project, tries=tries, outcome="paused: you came back"))
    except Interrupted:
        write(home, noted(journal, project, tries=tries, outcome="interrupted"))
        raise
    except MemsrvError as error:
        write(home, noted(journal, project, outcome=f"failed: {error}"))
        raise
    return write(home, noted(journal, project, tries=0, outcome=report["verdict"]))


def _judged(night: Night, store: Store, project: str, conditions: Conditions) -> Decision:
    """One damaged project must not keep the others from learning: what is wrong with it becomes its reason."""
    try:
        decision = decide(news_of(night, store, project, conditions.now), conditions, night.settings)
    except MemsrvError as error:
        return Decision(project, Deed.WAIT, f"it cannot be judged: {error}")
    if decision.deed is not Deed.WAIT:
        try:
            night.check_extra()
        except MemsrvError as error:  # a timer that failed every twenty minutes would tell its owner no more
            return Decision(project, Deed.WAIT, f"{decision.reason}, but {error}")
    return decision


def news_of(night: Night, store: Store, project: str, now: datetime) -> News:
    """What is new of `project`, from memory, the shelf and the run folders."""
    name = shelf_name(project)
    journal = _before(night.home)
    return news(
        project,
        remembered(store, project, night.consent),
        runs=night.folders(project),
        versions=night.shelf.versions(name),
        live=night.shelf.current(name),
        settings=night.settings,
        tries=journal.tries if journal else lambda run: 0,
        heard=heard_in(store, now),
        lost=night.shelf.lost(name),
    )


def _before(home: Home) -> Journal | None:
    """The last look; a damaged one is no reason never to look again, and the next takes its place."""
    try:
        return last_decision(home)
    except (MemsrvError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _stamp(now: datetime) -> str:
    return now.isoformat(timespec="seconds")
