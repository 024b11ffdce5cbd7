"""How all stands: one verb, which looks into every room. What cannot be read becomes a warning, and no failure."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

import httpx

from memsrv import __version__, address, shapes, status
from memsrv.address import readable_by_others
from memsrv.app.finding import Finding
from memsrv.app.learning import Learning
from memsrv.app.rooms import EVERY
from memsrv.app.versions import Versions
from memsrv.consent import Act
from memsrv.disk import usage
from memsrv.errors import MemsrvError, StoreError
from memsrv.ingest import unplaced
from memsrv.night import timer
from memsrv.night.journal import last_decision
from memsrv.project import UNKNOWN
from memsrv.records import to_dict
from memsrv.shapes import OnDisk
from memsrv.sources import SOURCES
from memsrv.status import (
    AdapterStanding,
    Concern,
    ConsentStanding,
    DiskStanding,
    EndpointStanding,
    MemoryStanding,
    NightClock,
    NightDecision,
    SpendStanding,
    Standing,
    Watcher,
)
from memsrv.status.figures import DATABASE, VERSIONS, WATCH
from memsrv.store import Counts, Loss, SourceFile, figures
from memsrv.watch import standing as watching
from memsrv_adapters import client
from memsrv_adapters.version import shelf_name
from memsrv_consolidation.teachers import ledger

Part = TypeVar("Part")

#: What a damaged file in a room may raise when it is read.
_UNREADABLE = (MemsrvError, OSError, ValueError, TypeError, KeyError, AttributeError)


class Status(Finding, Learning, Versions):
    def status(self, *, project: str | None = None) -> Standing:
        """How all stands; its one line is left for `memsrv statusline`."""
        rooms = _Rooms()
        if rooms.read("the settings", lambda: self.settings, None) is None:
            as_they_were = type(self)(self.home, self._settings, self.cwd)
            try:
                return as_they_were._gathered(rooms, project)
            finally:
                as_they_were.close()
        return self._gathered(rooms, project)

    def _gathered(self, rooms: "_Rooms", project: str | None) -> Standing:
        name = rooms.read("the sessions", lambda: self._project_to_show(project), self.project())
        read = Standing(version=__version__, home=str(self.home.root), project=name)
        for add in (self._memory, self._weights, self._servers, self._clock, self._limits):
            read = add(read, rooms)
        read = replace(read, not_read=tuple(rooms.not_read))
        told = replace(read, warnings=(*rooms.troubles, *status.concerns(read)))
        rooms.read("the status line", lambda: self._write_line(told.memories.current, told.adapters, told), None)
        return told

    def _memory(self, read: Standing, rooms: "_Rooms") -> Standing:
        counts: Counts | None = rooms.read(DATABASE, lambda: self.visible.counts(), None)
        if counts is None:
            return read
        none: list[SourceFile] = []
        files = rooms.read("the list of logs", lambda: self.visible.files(), none)
        events = rooms.read("the events", lambda: self.visible.events_by_agent(), dict[str, int]())
        held = rooms.read("the memories", lambda: self.visible.memory_counts(), None)
        # What may not be given back is not even named, but to who asks from its own folder.
        shown = {*rooms.read("the projects", lambda: self.visible.projects(), list[str]()), self.project()}
        known = rooms.read("the projects", lambda: self.store.projects(), list[str]())
        projects = [project for project in known if project in shown]
        return replace(
            read,
            sessions=counts.sessions,
            events=counts.events,
            sources=tuple(shapes.of_source(file) for file in files),
            agents=shapes.of_agents(files, events, *self._of_agents(rooms)),
            memories=MemoryStanding(held.live, held.ended, held.by_kind, held.by_trust, held.waiting)
            if held
            else read.memories,
            consents=tuple(self._consents(project) for project in projects),
        )

    def _of_agents(
        self, rooms: "_Rooms"
    ) -> tuple[Mapping[str, int], Sequence[Loss], Mapping[str, OnDisk], Mapping[str, int]]:
        """How many sessions each agent has, what was lost, which logs are on this machine, and how many sessions wait
        as nobody knows whether they may be read."""
        sessions = rooms.read(
            "the sessions", lambda: Counter(one.agent for one in self.visible.sessions(twice=True)), Counter[str]()
        )
        losses = rooms.read("the losses", lambda: self.visible.losses(), list[Loss]())
        there = rooms.read("the agents' folders", self.on_disk, dict[str, OnDisk]())
        told = self.consent.refused(Act.CAPTURE, "projects") and not self.consent.said(Act.CAPTURE, "projects", UNKNOWN)
        none = dict[str, int]()
        wait = rooms.read("the sessions that wait", lambda: unplaced(self.store), none) if told else none
        return sessions, losses, there, wait

    def _consents(self, project: str) -> ConsentStanding:
        consent = self.consent  # of a project whose every source says no, nothing is left
        agents = {one.agent for one in self.store.sessions(project, twice=True)} or {source.name for source in SOURCES}
        may = {act: any(consent.allows(act, project=project, agent=agent) for agent in agents) for act in Act}
        return ConsentStanding(project, may[Act.CAPTURE], may[Act.RECALL], may[Act.TRAIN])

    def _weights(self, read: Standing, rooms: "_Rooms") -> Standing:
        return replace(
            read,
            runs=rooms.read("the runs", lambda: self.runs().runs[:20], ()),
            adapters=rooms.read(VERSIONS, lambda: self.adapters(project=read.project), AdapterStanding(read.project)),
        )

    def _servers(self, read: Standing, rooms: "_Rooms") -> Standing:
        off = EndpointStanding(running=False)
        if rooms.read("the token", lambda: self.home.token.exists() and readable_by_others(self.home.token), False):
            rooms.troubles.append(
                Concern(
                    f"{self.home.token} can be read by others",
                    "end `memsrv endpoint` and `memsrv serve --http`, and delete the file: a new one is made",
                )
            )
        return replace(
            read,
            watch=rooms.read(WATCH, self._watcher, Watcher(watching=False)),
            endpoint=rooms.read("the endpoint", lambda: shapes.of_endpoint(client.endpoint_state(self.home)), off),
            mcp=rooms.read("MCP over HTTP", self._mcp, off),
        )

    def _watcher(self) -> Watcher:
        now = watching(self.home)
        trouble = now.last_error
        return Watcher(
            watching=now.watching,
            pid=now.pid,
            version=now.version,
            since=now.since,
            mode=now.mode,
            scanned=now.scanned,
            last_error=f"{trouble.where}: {trouble.what}" if trouble else None,
            outdated=now.outdated,
            left_logs=now.left_logs,
            left_bytes=now.left_bytes,
        )

    def _mcp(self) -> EndpointStanding:
        door = address.mcp(self.home)
        at = door.address() if door.runs() else None
        if at is None:
            return EndpointStanding(running=door.runs())
        try:
            told = httpx.get(f"{at.url}/health", timeout=0.5, trust_env=False).json()
        except httpx.TransportError:
            told = {}
        return EndpointStanding(True, "status" in told, f"{at.url}/mcp", at.pid, at.started, told.get("version"))

    def _clock(self, read: Standing, rooms: "_Rooms") -> Standing:
        def clock() -> NightClock:
            last = last_decision(self.home)
            may = self.consent.allows
            entries = [one for one in last.projects if may(Act.RECALL, project=one.project)] if last else []
            decisions = tuple(NightDecision(one.project, one.decision, one.reason, one.outcome) for one in entries)
            return NightClock(_installed(), self.settings.night.hours, last.time if last else None, decisions)

        return replace(read, night=rooms.read("what the night decided", clock, NightClock()))

    def _limits(self, read: Standing, rooms: "_Rooms") -> Standing:
        limits = self.settings.teacher
        spent = rooms.read("the ledger", lambda: ledger.today(self.home.spend, datetime.now(UTC)), ledger.Spend())
        used = rooms.read("the disk", lambda: usage(self.home), None)
        return replace(
            read,
            spend=SpendStanding(
                tokens=spent.tokens,
                usd=spent.usd,
                calls=spent.calls,
                open=spent.open,
                teacher=limits.name,
                tokens_per_day=limits.tokens_per_day,
                usd_per_day=limits.usd_per_day,
                overcharged=spent.overcharged,
            ),
            disk=DiskStanding(
                to_dict(used) if used else {},
                used.total if used else 0,
                self.settings.keep.disk_mib,
                rooms.read("the archive", lambda: self.store.archive_size().bytes, 0),
            ),
            sqlite=figures.SQLITE,
            notes=tuple(filter(None, (figures.caution(),))),
        )

    def _project_to_show(self, named: str | None) -> str:
        """The one named, else this folder's; a folder that memsrv knows nothing of shows the project last worked on."""
        here = self.project(None if named == EVERY else named)
        if named or here in self.visible.projects():
            return here
        return self.visible.last_project() or here

    def _note_standing(self) -> None:
        """Only what the line says is read, as this follows every change; the change stands even if this fails."""

        def note() -> None:
            name = shelf_name(self._project_to_show(None))
            self._write_line(self.visible.memory_counts().live, self.adapters(project=name), None)

        _Rooms().read("the status line", note, None)

    def _write_line(self, memories: int, adapters: AdapterStanding, told: Standing | None) -> None:
        runs = self.runs().runs if told is None else told.runs
        status.write_line(self.home.statusline, status.line(memories, adapters.live, runs))


class _Rooms:
    """Looks into rooms; where one cannot be read, notes what and what to do, and goes on."""

    def __init__(self) -> None:
        self.troubles: list[Concern] = []
        self.not_read: dict[str, None] = {}

    def read(self, what: str, look: Callable[[], Part], otherwise: Part) -> Part:
        try:
            return look()
        except _UNREADABLE as error:
            what = DATABASE if isinstance(error, StoreError) else what  # whatever was looked for in it
            self.not_read[what] = None
            said, _, remedy = str(error).rpartition("; ") if isinstance(error, MemsrvError) else ("", "", "")
            concern = Concern(
                f"{what} could not be read: {said or repr(error)}", remedy or "look at the file, or move it away"
            )
            if concern not in self.troubles:
                self.troubles.append(concern)
            return otherwise


def _installed() -> bool | None:
    """Whether the timer's files are there; asking the system about them would take longer than all the rest."""
    try:
        paths = timer.timer_of().paths()
    except MemsrvError:
        return None
    return all(path.exists() for path in paths)
