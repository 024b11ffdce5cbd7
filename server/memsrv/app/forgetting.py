"""The verb of forgetting: shown first, done when its code is passed back."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from memsrv.app.rooms import Rooms
from memsrv.consent import Act
from memsrv.errors import NotFound, NothingConsented
from memsrv.forget import Ended, Forgotten, finish, forget


class Forgetting(Rooms):
    def forget(
        self,
        ids: Sequence[str] = (),
        *,
        erase: bool = False,
        confirm: str | None = None,
        words: Sequence[str] = (),
        session: str | None = None,
    ) -> Forgotten:
        """Retire memories, or erase them, and any `words`, from all that memsrv keeps. Without `confirm`: only show.

        Of a `session` all that rests on it alone, and with `erase` the session itself.
        """
        now = datetime.now(UTC)
        if confirm is not None:
            finish(self.home, self.store, now)
        forgotten = forget(
            self.home, self.store, ids, now=now, erase=erase, words=words, session=session, confirm=confirm
        )
        if forgotten.done:
            self._note_standing()
        return replace(forgotten, memories=tuple(self._as_shown(ended) for ended in forgotten.memories))

    def _as_shown(self, ended: Ended) -> Ended:
        """What may not be given back can be forgotten all the same, unseen."""
        if self.consent.allows(Act.RECALL, project=ended.project) and not self.consent.refused(Act.RECALL, "sources"):
            return ended
        try:
            self.visible.memory(ended.id)
        except (NothingConsented, NotFound):
            return replace(ended, text="[not shown: it may not be given back]")
        return ended
