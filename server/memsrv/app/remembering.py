"""The verbs of memory: read logs, search, show, list, save, and give a session in brief."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from memsrv import provenance, uses
from memsrv.app.encoding import Encoding
from memsrv.app.finding import oldest_first
from memsrv.app.rooms import EVERY
from memsrv.asof import AsOf
from memsrv.compact import Compact, compact
from memsrv.consent import Act
from memsrv.errors import MemsrvError, NoLogs, NotFound, NothingConsented, UsageError
from memsrv.ignorefile import IgnoreFiles
from memsrv.ingest import IngestReport, ingest
from memsrv.plurals import counted
from memsrv.recall import Here, Recalled, recall, show
from memsrv.recall import Shown as Opened
from memsrv.records import Kind, Trust
from memsrv.recover import BUDGET as RECOVERED
from memsrv.recover import Recovered, recover
from memsrv.remember import Saved, remember, save
from memsrv.shapes import AgentBacklog, Backlog, Memories, Sessions
from memsrv.sources import Source
from memsrv.store import Store
from memsrv.titles import titled
from memsrv.watch.changes import Change

Progress = Callable[..., None]

#: Of old logs so much is read to tell how long all of them take.
_SAMPLE_BYTES = 4 << 20


class Remembering(Encoding):
    def how_to_begin(self) -> str | None:
        """What to do first, while nothing has been read; None once something has."""
        if self.store.counts().events:
            return None
        return "Nothing has been read yet; run `memsrv ingest` (or `memsrv ingest PATH`) to read the agents' logs."

    def ingest(
        self, paths: Sequence[Path] = (), *, agent: str | None = None, since: datetime | None = None,
        progress: Progress | None = None,
    ) -> IngestReport:  # fmt: skip
        """Read logs, the agents' own where no path is given, and remember what they hold.

        `since` leaves older logs out, by the time of their files; the watch leaves them, too.
        """
        report = (
            self.read_logs(paths, agent=agent, progress=progress) if paths else self._read_own(agent, progress, since)
        )
        if paths and report.declined and not report.files:
            forbidding = ", ".join(report.declined_by)
            raise NothingConsented(
                f"{counted(report.declined, 'log')} at {', '.join(map(str, paths))} may not be read: "
                f"{forbidding} says so; `memsrv config set KEY true` allows it, or change the ignore file"
            )
        # Not only what changed now: an ingest that was killed before this line left sessions behind.
        return replace(report, memories=self.remember_sessions(self.waiting_sessions()))

    def read_unasked(self) -> None:
        """Read what may be read without asking a person, and remember it. NoLogs where no agent has worked here."""
        known = {log.path: log.source for log in self.unasked()}
        self.read_logs(list(known), known=known)
        self.remember_sessions(self.waiting_sessions())

    def _read_own(self, agent: str | None, progress: Progress | None, since: datetime | None) -> IngestReport:
        """The agents' own logs; the folders of those that may not be read are named, so that they are told."""
        folders = {name: own for name, own in self.folders.items() if agent in (None, name)}
        if agent in folders:
            self.consent.require(Act.CAPTURE, agent=agent)
        allows = self.consent.allows
        closed = [one for name, own in folders.items() if not allows(Act.CAPTURE, agent=name) for one in own]
        known = {log.path: log.source for log in oldest_first(self.logs(agent), since)}
        paths = [*known, *filter(Path.is_dir, closed)]
        if folders and not paths:
            there = [str(one) for own in folders.values() for one in own if one.exists()]
            where = ", ".join(there) or "any of the places that memsrv knows (`memsrv doctor` lists them)"
            raise NoLogs(f"No session log was found in {where}; name a log file or the folder that holds them")
        if agent is None:
            self.asked_since(since)  # before: one that is stopped goes on where it was, and so does the watch
        return self.read_logs(paths, agent=agent, progress=progress, known=known)

    def backlog(self, *, agent: str | None = None, since: datetime | None = None) -> Backlog | None:
        """What an ingest would read that is so much that a person is asked first; None where it need not be asked."""
        if self.backfill_since() is not None:
            return None
        changes = self.unread(agent, since)
        total = sum(change.size for change in changes)
        if total <= self.settings.watch.backfill_mib << 20:
            return None
        by_agent: dict[str, list[Change]] = {}
        for change in changes:
            by_agent.setdefault(change.source.name, []).append(change)
        agents = [
            AgentBacklog(name, len(own), sum(one.size for one in own), _day(own[0]), _day(own[-1]))
            for name, own in by_agent.items()
        ]
        sampled, seconds = self._sample(changes)
        return Backlog(
            agents=tuple(sorted(agents, key=lambda one: -one.bytes)),
            logs=len(changes),
            bytes=total,
            since=since.strftime("%Y-%m-%d") if since else None,
            sampled=sampled,
            seconds=round(seconds * total / sampled, 1) if sampled else None,
        )

    def _sample(self, changes: Sequence[Change]) -> tuple[int, float]:
        """How many bytes of the newest logs were read into a store of their own, which is gone again, and how long that
        took."""
        chosen: dict[Path, Source] = {}
        size = 0
        for change in reversed(changes):
            if size + change.size <= _SAMPLE_BYTES:
                chosen[change.path] = change.source
                size += change.size
        if not chosen:
            return 0, 0.0
        began = time.monotonic()
        with (
            TemporaryDirectory(dir=self.home.root, prefix=".sample-") as folder,
            Store.open(Path(folder) / "memsrv.db") as store,
        ):
            ingest(store, self.redactor, list(chosen), capture=self.capture, known=chosen)
            remember(store)
        return size, time.monotonic() - began

    def read_logs(
        self, paths: Sequence[Path], *, agent: str | None = None, progress: Progress | None = None,
        known: Mapping[Path, Source] | None = None,
    ) -> IngestReport:  # fmt: skip
        """Read logs, and leave what they hold to be remembered later; their turns are found at once.

        `known` says whose some of the `paths` are.
        """
        return ingest(
            self.store, self.redactor, paths, capture=self.capture, agent=agent, progress=progress, known=known,
            declined=self._declined,
        )  # fmt: skip

    def waiting_sessions(self) -> dict[str, int]:
        """The sessions of which memories have still to be made, with how many turns they have now."""
        return self.store.unremembered()

    def remember_sessions(self, waiting: Mapping[str, int]) -> int:
        """Make memories of `waiting` sessions, which `waiting_sessions` gave; how many are new."""
        found = remember(self.store, waiting)
        provenance.judge_again(self.store, waiting, _now())
        uses.count(self.store, waiting)
        self.store.mark_remembered(waiting)
        self._note_standing()
        return found.added

    def search(
        self, query: str, *, project: str | None = None, kinds: Sequence[Kind] = (), limit: int = 8,
        as_of: datetime | None = None,
    ) -> Recalled:  # fmt: skip
        """`as_of`: what would have been found at that moment."""
        today = (as_of or datetime.now(UTC)).date()
        scope = self._scope(project)
        try:
            meaning, trouble = self.meaning, ""
        except MemsrvError as error:  # words alone still answer
            meaning, trouble = None, f"; {error}"
        ignored = IgnoreFiles(self.home.root)
        here = Here.of(self.cwd, self.project(), lambda path: ignored.ignores(path, str(self.cwd)))
        found = recall(
            self._visible(as_of),
            query,
            project=scope,
            kinds=kinds or None,
            limit=limit,
            today=today,
            meaning=meaning,
            here=here,
        )
        return replace(found, engine=found.engine + trouble)

    def show(self, id: str, *, around: int = 2) -> Opened:
        try:
            return show(self.visible, id, around=around)
        except NotFound as error:
            raise NotFound(
                f"there is no memory, turn or session `{id}`; `memsrv search` names those there are"
            ) from error

    def memories(
        self, *, project: str | None = None, kinds: Sequence[Kind] = (), superseded: bool = False,
        as_of: datetime | None = None,
    ) -> Memories:  # fmt: skip
        """`as_of`: what held at that moment, as far as anything tells."""
        store, scope = self._visible(as_of), self._scope(project)
        return Memories(tuple(store.memories(scope, kinds or None, include_retired=superseded)))

    def _visible(self, as_of: datetime | None) -> Store:
        if as_of is None:
            return self.visible
        return AsOf(self.store, self.consent, as_of.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z")

    def sessions(self, *, project: str | None = None) -> Sessions:
        """The sessions of `project` that are no subagent's."""
        store = self.visible
        return Sessions(tuple(titled(store, [one for one in store.sessions(self._scope(project)) if not one.parent])))

    def save(
        self,
        text: str,
        *,
        kind: Kind,
        project: str | None = None,
        supersedes: str | None = None,
        trust: Trust = Trust.ASSISTANT,
    ) -> Saved:
        if project == EVERY:
            raise UsageError("a memory belongs to one project; name it, or leave it out for this folder's")
        name, _ = self.redactor.without_strings.redact(self.project(project))
        self.consent.require(Act.CAPTURE, project=name)
        if project is None and (file := self.capture.ignored.whole(str(self.cwd))):
            raise NothingConsented(f"nothing of {self.cwd} is kept: {file} says so; change it, or name another project")
        if supersedes is not None and (old := self.visible.memory(supersedes)).project != name:
            raise UsageError(f"`{supersedes}` is a memory of {old.project}, not of {name}; name that project")
        saved = save(
            self.store, self.redactor, text, kind=kind, project=name, now=_now(), supersedes=supersedes, trust=trust
        )
        self._note_standing()
        return saved if self.consent.allows(Act.RECALL, project=name) else replace(saved, alike=())

    def compact(
        self, session: str | None = None, *, mode: str = "handoff", budget: int = 1500, project: str | None = None
    ) -> Compact:
        scope = self.project(project) if session else self._scope(project)
        return compact(self.visible, session, project=scope, mode=mode, budget=budget)

    def recover(self, session: str | None = None, *, budget: int = RECOVERED, project: str | None = None) -> Recovered:
        """What the host's last compaction lost, of the newest session unless one is named."""
        scope = self.project(project) if session else self._scope(project)
        return recover(self.visible, session, project=scope, budget=budget)


def _now() -> str:
    """To the microsecond: of two that contradict each other in one second the later is the newer."""
    return datetime.now(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def _day(change: Change) -> str:
    return datetime.fromtimestamp(change.modified, UTC).strftime("%Y-%m-%d")
