"""The verb of the context layout: what would stand before an agent, block by block, and what was left out of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from memsrv import echo, layout
from memsrv.app.nights import Nights
from memsrv.app.rooms import EVERY
from memsrv.errors import UsageError
from memsrv.layout import Block, Item, LeftOut
from memsrv.night import morning
from memsrv.recall import recall_lines
from memsrv.records import Memory
from memsrv_adapters.version import shelf_name

#: Results of the search that the recall block chooses from.
_FOUND = 25


@dataclass(frozen=True, slots=True)
class Context:
    """The five blocks in their order. `text` is what an agent is given: fenced, as all that memsrv hands out."""

    project: str
    query: str | None
    budget: int
    tokens: int
    blocks: tuple[Block, ...]
    left_out: tuple[LeftOut, ...]
    text: str


class Laying(Nights):
    def context(self, query: str | None = None, *, project: str | None = None, budget: int = 2000) -> Context:
        """The context for `query` within `budget` tokens; without one nothing is recalled."""
        if project == EVERY:
            raise UsageError("a context is of one project; name it, or leave it out for this folder's")
        name = self._scope(project) or self.project()
        frame = layout.tokens(echo.fence(""))
        if budget < (least := layout.least() + frame):
            raise UsageError(f"a budget of {budget} tokens does not hold the empty blocks; give at least {least}")
        kept, graduated = self._standing(name)
        asked = query.strip() if query else ""
        blocks = {
            "short_term": kept,
            "recall": self._recalled(asked, name) if asked else (),
            "working": [Item(asked)] if asked else (),
        }
        laid = layout.lay_out(blocks, budget - frame)
        text = echo.fence(layout.printable(laid.text))
        return Context(
            name, asked or None, budget, laid.tokens + frame, laid.blocks, (*graduated, *laid.left_out), text
        )

    def _standing(self, project: str) -> tuple[list[Item], list[LeftOut]]:
        """What holds now, the newest first, and what the live adapter answers from its weights."""
        live = self.shelf.current(shelf_name(project))
        edited = morning.edits(self.store.reviews(project))
        found = morning.short_term(self.visible.memories(project), live, edited)
        why = f"{live.label if live else 'the adapter'} answers it from its weights"
        return (
            [Item(edited.get(memory.id, memory.text), memory.id) for memory in _newest_first(found.kept)],
            [LeftOut("short_term", memory.id, memory.text, why) for memory in _newest_first(found.graduated)],
        )

    def _recalled(self, query: str, project: str) -> list[Item]:
        """What a search finds, dated and with whose words it is: a quote, not a statement of ours."""
        found = self.search(query, project=project, limit=_FOUND)
        return [Item(line, hit.id) for hit, line in zip(found.results, recall_lines(found), strict=True)]


def _newest_first(memories: Sequence[Memory]) -> list[Memory]:
    return sorted(memories, key=lambda memory: (memory.valid_from or "", memory.id), reverse=True)
