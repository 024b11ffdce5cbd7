"""The verbs of revision: what contradicts itself, a person's word on it, and an audit of all that is remembered."""

from datetime import UTC, datetime

from memsrv import audit
from memsrv.app.rooms import Rooms
from memsrv.audit import Audit
from memsrv.conflicts import Conflicts, Resolved, conflicts, resolve


class Revising(Rooms):
    def conflicts(self, *, project: str | None = None) -> Conflicts:
        """What says the same twice, what contradicts, and what ended a person's words without one."""
        return Conflicts(tuple(conflicts(self.visible, self._scope(project))))

    def resolve(self, id: str, *, keep: str, dry_run: bool = False) -> Resolved:
        """`id` gives way to `keep`; of two that say the same the evidence is joined."""
        for one in (id, keep):
            self.visible.memory(one)  # what may not be given back is not judged unseen
        when = datetime.now(UTC).isoformat(timespec="microseconds")[:-6] + "Z"
        resolved = resolve(self.store, id, keep, when, dry_run=dry_run)
        if resolved.done:
            self._note_standing()
        return resolved

    def audit(self, *, project: str | None = None) -> Audit:
        """Everything that a person may want to mend, and how often people had to say a thing again."""
        return audit.audit(self.visible, self.redactor, self._scope(project), datetime.now(UTC))
