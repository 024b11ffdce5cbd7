"""The verb of the doctor: looks at everything that may keep memsrv from working, and repairs nothing."""

import os
from collections.abc import Iterator
from pathlib import Path

from memsrv import doctor
from memsrv.app.projects import Projecting
from memsrv.app.standing import Status
from memsrv.consent import Act
from memsrv.doctor import Check, Examined
from memsrv.errors import MemsrvError, StoreDamaged


class Examining(Status, Projecting):
    def doctor(self, *, trouble: str | None = None) -> Examined:
        """Every check, each with what to do. `trouble`: what is wrong with the settings, where they were not read."""
        return doctor.examined(self._checks(trouble))

    def _checks(self, trouble: str | None) -> Iterator[Check]:
        yield from doctor.of_machine()
        if trouble:
            yield Check("settings", doctor.WRONG, trouble, "until then the defaults hold for this look")
        else:
            yield Check("settings", doctor.WELL, f"{self.home.config} is read")
        has_read = self.home.database.exists()
        unsound = self._unsound() if has_read else None
        yield from doctor.of_home(self.home, unsound)
        if unsound:
            return  # figures of a damaged database mislead
        standing = self.status()
        yield from doctor.of_folders(standing.agents, self._closed_folders())
        yield from doctor.of_watch(standing)
        yield from doctor.of_limits()
        yield from doctor.of_rest(standing)
        yield from doctor.of_concerns((*standing.warnings, *self.projects().advice))

    def _unsound(self) -> Check | None:
        """What is wrong with the database, if anything is: a full disk is no damage."""
        try:
            damage = self.store.unsound()
        except StoreDamaged as error:
            damage = str(error).partition("; ")[0]
        except MemsrvError as error:
            what, _, remedy = str(error).rpartition("; ")
            return Check("database", doctor.WRONG, what, remedy)
        return doctor.damaged(self.home, damage) if damage else None

    def _closed_folders(self) -> list[Path]:
        """The agents' folders that are there and that this user may not look into."""
        allows = self.consent.allows
        folders = [one for name, own in self.folders.items() if allows(Act.CAPTURE, agent=name) for one in own]
        return [one for one in folders if _is_there(one) and not os.access(one, os.R_OK | os.X_OK)]


def _is_there(folder: Path) -> bool:
    try:
        return folder.is_dir()
    except OSError:
        return False
