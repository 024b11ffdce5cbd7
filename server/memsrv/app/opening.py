"""The verb that opens one record: a memory, turn or session of the store, or a principle that a night distilled."""

from collections.abc import Iterator

from memsrv.app.laying import Laying
from memsrv.errors import NotFound
from memsrv.principles import Principle
from memsrv.recall import Shown
from memsrv_consolidation import reviews


class Opening(Laying):
    def show(self, id: str, *, around: int = 2) -> Shown:
        """NotFound where there is no such record, or none that may be given back."""
        if not id.startswith("pri_"):
            return super().show(id, around=around)
        found = next((one for one in self._principles() if one.id == id), None)
        if found is None:
            raise NotFound(
                f"there is no principle `{id}` that two sessions bear out; `memsrv memories --long-term --json` names "
                "those there are"
            )
        first = found.evidence[0]
        turns = self.visible.turns_around(first.session, first.turn, around)
        return Shown(id, "principle", found.text, found, found.evidence, (), tuple(turns))

    def _principles(self) -> Iterator[Principle]:
        """Of every run, the newest first, in the words that a person gave them."""
        for run in self._night.folders():
            if run.long_term_file.exists():
                yield from reviews.of_principles(self._of_run(run)[0], self.store.reviews(run.order.project))
