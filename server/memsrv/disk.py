"""How much disk a home takes, by part. Knows what lies where, and nothing of what may go."""

from dataclasses import dataclass
from pathlib import Path

from memsrv.home import Home

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Usage:
    """Bytes on disk of each part of a home. A file that two names lead to counts twice."""

    database: int
    runs: int
    adapters: int
    models: int
    logs: int
    backups: int
    other: int

    @property
    def total(self) -> int:
        return self.database + self.runs + self.adapters + self.models + self.logs + self.backups + self.other


#: What to do about it.
REMEDY = "run `memsrv gc` to remove what is no longer needed, or raise the limit with `memsrv config set keep.disk_mib`"


def usage(home: Home) -> Usage:
    """What `home` takes now; zeros where there is nothing yet. Files that vanish meanwhile count as nothing."""
    parts = {name: size_of(getattr(home, name)) for name in ("runs", "adapters", "models", "logs", "backups")}
    database = sum(size_of(home.root / f"{home.database.name}{end}") for end in ("", "-wal", "-shm"))
    return Usage(database=database, other=max(0, size_of(home.root) - database - sum(parts.values())), **parts)


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files below a folder; links count as themselves."""
    try:
        if not path.is_dir() or path.is_symlink():
            return path.lstat().st_size
        return sum(size_of(inner) for inner in path.iterdir())
    except OSError:
        return 0
