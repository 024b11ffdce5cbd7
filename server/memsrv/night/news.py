"""What is new of a project: facts that neither its live version nor its last finished run has seen; its unfinished run.

Derived at each look from memory, the shelf and the run folders; nothing is stored. Of sessions it reads what `remember`
made of them: to read every session again each twenty minutes would cost more than the night is worth.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import psutil

from memsrv.errors import NotFound
from memsrv.night.due import TRIES, News, Unfinished
from memsrv.night.shelving import awaits_shelf
from memsrv.records import Fact, Memory, Trust
from memsrv.settings import Settings
from memsrv.store import Store
from memsrv_adapters.version import AdapterVersion, Stage
from memsrv_consolidation.progress import Progress, read
from memsrv_consolidation.run import Run

Claim = tuple[str, str]


def news(
    project: str,
    facts: Sequence[Fact],
    *,
    runs: Sequence[Run],
    versions: Sequence[AdapterVersion],
    live: AdapterVersion | None,
    settings: Settings,
    tries: Callable[[str], int],
    heard: Callable[[Fact], Sequence[datetime]],
    lost: str | None = None,
) -> News:
    """What is new among `facts`, which may be trained on.

    `runs` are all of the project, newest first, and `versions` those of its shelf. `tries` says how often the night
    began a run in vain, and `heard` when a fact was said, as far as its logs tell; `lost` is the version that an erase
    took, as long as no other came.
    """
    left = _unfinished(runs[0], tries) if runs else None
    given_up = left.id if left and left.tries >= TRIES else None
    tainted = {version.manifest.run for version in versions if version.tainted}
    # A run whose version may not be served, or that was ordered otherwise than now, says nothing about the next.
    finished = (
        run
        for run in runs
        if run.order.id == given_up or (run.report_file.exists() and not (left and run.order.id == left.id))
    )
    last = next((run for run in finished if run.order.id not in tainted and _is_alike(run, settings)), None)
    known = _learned(live, settings) | (_tried(last) if last else set())
    since = _time(last.order.created) if last else None

    new = [fact for fact in facts if (fact.id, fact.text) not in known]
    graduated = {row.id for row in live.manifest.facts if row.stage is Stage.GRADUATED} if live else set()
    repeated = [
        fact.text
        for fact in facts
        if fact.trust is Trust.HUMAN
        and fact.id not in graduated
        and len({quote.session for quote in fact.evidence}) >= settings.night.repeated
        and (since is None or any(at > since for at in heard(fact)))
    ]
    return News(
        project=project,
        new=len(new),
        oldest=min((min(said) for fact in new if (said := heard(fact))), default=None),
        repeated=tuple(repeated),
        unfinished=None if given_up else left,
        lost=lost,
        seen=last.order.id if last else live.version if live else "the beginning",
    )


def heard_in(store: Store, now: datetime) -> Callable[[Fact], Sequence[datetime]]:
    """When a fact was said, by the times of its quotes; what lies in the future of `now` is left out."""

    def heard(fact: Fact) -> list[datetime]:
        found = []
        for quote in fact.evidence:
            try:
                event = store.event(quote.session, quote.turn)
            except NotFound:
                continue  # erased since
            at = _time(event.time)
            if at is not None and at <= now:
                found.append(at)
        return found

    return heard


def _learned(live: AdapterVersion | None, settings: Settings) -> set[Claim]:
    """What the live version knows; one that was trained otherwise than the settings now say knows nothing of use."""
    if live is None or (live.manifest.base, live.manifest.strategy) != (settings.base, settings.strategy):
        return set()
    return {(row.id, row.text) for row in live.manifest.facts}


def _is_alike(run: Run, settings: Settings) -> bool:
    return (run.order.base, run.order.strategy) == (settings.base, settings.strategy)


def _tried(run: Run) -> set[Claim]:
    """The claims that `run` saw; one that ended before it reflected saw what was remembered."""
    seen: Sequence[Fact | Memory] = run.facts() if run.facts_file.exists() else run.memories()
    return {(claim.id, claim.text) for claim in seen}


def _unfinished(run: Run, tries: Callable[[str], int]) -> Unfinished | None:
    if run.report_file.exists():
        return Unfinished(run.order.id, tries(run.order.id), None) if awaits_shelf(run) else None
    progress = read(run)
    at = _time(progress.updated if progress else run.order.created)
    counted = tries(run.order.id)
    return Unfinished(run.order.id, max(counted, 1) if _broken(progress) else counted, at)


def _broken(progress: Progress | None) -> bool:
    """Whether it failed, or its process vanished, rather than being told to end."""
    if progress is None:
        return False
    return progress.state == "failed" or (progress.state == "running" and not psutil.pid_exists(progress.pid))


def _time(stamp: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(stamp) if stamp else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found
