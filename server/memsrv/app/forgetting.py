"""The verb of forgetting: shown first, done when its code is passed back."""

from collections.abc import Sequence
from datetime import UTC, datetime

from memsrv.app.rooms import Rooms
from memsrv.forget import Forgotten, finish, forget


class Forgetting(Rooms):
    def forget(
        self, ids: Sequence[str], *, erase: bool = False, confirm: str | None = None, words: Sequence[str] = ()
    ) -> Forgotten:
        """Retire memories, or erase them, and any `words`, from all that memsrv keeps. Without `confirm`: only show."""
        now = datetime.now(UTC)
        if confirm is not None:
            finish(self.home, self.store, now)
        forgotten = forget(self.home, self.store, ids, now=now, erase=erase, words=words, confirm=confirm)
        if forgotten.done:
            self._note_standing()
        return forgotten
