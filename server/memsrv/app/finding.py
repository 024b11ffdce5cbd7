"""Where logs are, as far as they may be read: the agents' own folders, those of the settings, and projects' folders."""

import time
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from pathlib import Path

from memsrv.app.rooms import Rooms
from memsrv.consent import Act
from memsrv.project import working_tree
from memsrv.shapes import OnDisk
from memsrv.sources import SOURCES
from memsrv.watch.backlog import Backlog
from memsrv.watch.changes import Change, Changes
from memsrv.watch.places import Log, Places

#: From which time on old logs are read, as `memsrv ingest` was told; "0" is all of them.
BACKFILL = "backfill.since"
#: So many folders that sessions were held in are looked into for logs, those of the newest sessions.
_FOLDERS = 200


class Finding(Rooms):
    def logs(self, agent: str | None = None) -> list[Log]:
        """Every log of this machine's agents that may be read, or of one of them."""
        may = [s.name for s in SOURCES if agent in (None, s.name) and self.consent.allows(Act.CAPTURE, agent=s.name)]
        own = {name: folders for name, folders in self.folders.items() if name in may}
        return Places(own, self.project_folders, agents=may).everything()

    def on_disk(self) -> dict[str, OnDisk]:
        """The logs of each agent that may be read: where they are, how many, and when the newest was written."""
        by_agent: dict[str, list[Change]] = {}
        for change in Changes().of_all(self.logs()):
            by_agent.setdefault(change.source.name, []).append(change)
        found = {}
        for agent, folders in self.folders.items():
            own = by_agent.get(agent, [])
            there = tuple(str(folder) for folder in folders if folder.exists())
            if (own or there) and self.consent.allows(Act.CAPTURE, agent=agent):
                newest = datetime.fromtimestamp(own[-1].modified, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if own else None
                paths, size = frozenset(str(one.path) for one in own), sum(one.size for one in own)
                found[agent] = OnDisk(there, paths, size, newest)
        return found

    def project_folders(self) -> Iterable[Path]:
        """The folders of this machine that sessions were held in, and whose projects may be read; the newest first."""
        found: dict[Path, None] = {}
        for project, cwd in self.store.folders(_FOLDERS):
            if self.consent.allows(Act.CAPTURE, project=project):
                folder = Path(cwd)
                found |= dict.fromkeys(one for one in (folder, working_tree(folder)) if one and _is_there(one))
        return found

    def known_logs(self) -> Collection[str]:
        """The paths of logs that were read before."""
        return self.store.known_paths()

    def backfill_since(self) -> float | None:
        """From which time on a person wants old logs read, in seconds since the epoch; None: nobody was asked."""
        noted = self.store.noted(BACKFILL)
        return None if noted is None else float(noted)

    def asked_since(self, since: datetime | None) -> None:
        """Note that a person wants the old logs read, from `since` on: the watch goes on with them."""
        self.store.note(BACKFILL, str(since.timestamp() if since else 0.0))

    def unread(self, agent: str | None = None, since: datetime | None = None) -> list[Change]:
        """The logs that were never read, the oldest first."""
        known = self.known_logs()
        floor = since.timestamp() if since else 0.0
        changes = Changes().of_all(self.logs(agent))
        return [one for one in changes if str(one.path) not in known and one.modified >= floor]

    def unasked(self) -> list[Log]:
        """The logs that are read without asking: those known, those asked for, and the newest others; oldest first."""
        logs = {log.path: log for log in self.logs()}
        allowance = self.settings.watch.backfill_mib << 20
        backlog = Backlog(allowance, time.time(), self.known_logs, self.backfill_since)
        return oldest_first(logs[change.path] for change in backlog.readable(Changes().of_all(logs.values())))


def oldest_first(logs: Iterable[Log], since: datetime | None = None) -> list[Log]:
    """Of two logs that share events the older one told them first. `since` leaves out what is older than that."""
    changes = Changes().of_all(logs := list(logs))
    listed = {log.path: log for log in logs}
    floor = since.timestamp() if since else 0.0
    return [listed[change.path] for change in changes if change.modified >= floor]


def _is_there(folder: Path) -> bool:
    try:
        return folder.is_dir()
    except (OSError, ValueError):
        return False
