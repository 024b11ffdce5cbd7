"""Where things rest: every path below `MEMSRV_HOME` that several modules know. Knows nothing of what is in them."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Home:
    """Where things rest. Nothing is created until something is written."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "memsrv.db"

    @property
    def config(self) -> Path:
        return self.root / "config.toml"

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def adapters(self) -> Path:
        return self.root / "adapters"

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def token(self) -> Path:
        return self.root / "token"

    @property
    def redaction_key(self) -> Path:
        """The 0600 key that makes placeholders of equal secrets equal."""
        return self.root / "redaction.key"

    @property
    def spend(self) -> Path:
        """The ledger of every call to a teacher: one JSON line before it, one after."""
        return self.root / "spend.jsonl"

    @property
    def backups(self) -> Path:
        return self.root / "backups"

    @property
    def watch(self) -> Path:
        """Who watches the logs: `{pid, version, started}`, written by the holder of `watch.lock`."""
        return self.root / "watch.json"

    @property
    def night(self) -> Path:
        """What `memsrv night run` last decided, and why: `{time, project, decision, reason}` by project."""
        return self.root / "night.json"

    @property
    def endpoint(self) -> Path:
        """Where the running endpoint says its address: `{pid, host, port, started}`; absent when none runs."""
        return self.root / "endpoint.json"

    @property
    def statusline(self) -> Path:
        return self.root / "statusline.txt"
