"""The verbs of housekeeping: what may go, backups, and adapter versions that travel."""

from datetime import UTC, datetime
from pathlib import Path

from memsrv import backup, keeping
from memsrv.app.rooms import Rooms
from memsrv.backup import Backup, Restored
from memsrv.forget import finish
from memsrv.keeping import Cleared


class Housekeeping(Rooms):
    def gc(self, *, keep: int | None = None, dry_run: bool = False) -> Cleared:
        """Remove what the settings `keep.*` do not ask for; `keep` stands for all of their numbers."""
        now = datetime.now(UTC)
        numbers = {} if keep is None else {"runs": keep, "versions": keep, "backups": keep}
        if not dry_run:
            finish(self.home, self.store, now)  # an erase that was cut short reaches further than any limit
        return keeping.clear(self.home, self.settings.keep.model_copy(update=numbers), now, dry_run=dry_run)

    def backup(self, to: Path | None = None) -> Backup:
        """Write a backup of this home, by default into its own folder of backups."""
        return backup.make(self.home, self.store, to and to.absolute(), datetime.now(UTC))

    def restore(self, file: Path, *, check: bool = False) -> Restored:
        """Put a backup in the place of what is here, which is moved aside; `check`: only verify it."""
        self.close()
        return backup.restore(self.home, file.absolute(), datetime.now(UTC), check=check)
