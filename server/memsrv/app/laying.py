"""The verbs of what stands before an agent: the context, block by block, and the long-term memory in it.

Long-term memory is as of the last night, so that its bytes stay as they are all day: the newest run's, or the beginning
of this day in UTC, whichever is later. What ended since leaves it at once; what is new stands in short-term memory.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from memsrv import echo, layout, long_term
from memsrv.app.nights import Nights
from memsrv.app.rooms import EVERY
from memsrv.asof import AsOf
from memsrv.consent import Act
from memsrv.errors import NotFound, UsageError
from memsrv.layout import Block, Item, LeftOut
from memsrv.long_term import Document, Section, Untold
from memsrv.night import morning
from memsrv.night.morning import ShortTerm
from memsrv.principles import Principle, seen
from memsrv.recall import Recalled, recall_lines
from memsrv.records import Memory, from_dict
from memsrv_adapters.recall import Memories, Question
from memsrv_adapters.version import AdapterVersion, shelf_name
from memsrv_consolidation import reviews
from memsrv_consolidation.run import Run, read_json

#: Results of the search that the recall block chooses from.
_FOUND = 25
#: Characters of a question to the endpoint that are searched for: a pasted file is no question.
_ASKED = 2000


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


@dataclass(frozen=True, slots=True)
class LongTerm:
    """Long-term memory as of `as_of`: the four sections in their order. `text` is the document as it is handed out."""

    project: str
    as_of: str
    budget: int
    tokens: int
    sections: tuple[Section, ...]
    left_out: tuple[Untold, ...]
    text: str


class Laying(Nights):
    def long_term(self, *, project: str | None = None, budget: int = long_term.BUDGET) -> LongTerm:
        """What has held since the last night, as one document within `budget` tokens."""
        name = self._one(project)
        as_of, told = self._document(name, budget, self.shelf.current(shelf_name(name)))
        text = echo.fence(layout.printable(f"# What holds of {name}, as of {as_of}\n\n{told.markdown}"))
        return LongTerm(name, as_of, told.budget, told.tokens, told.sections, told.left_out, text)

    def context(self, query: str | None = None, *, project: str | None = None, budget: int = 2000) -> Context:
        """The context for `query` within `budget` tokens; without one nothing is recalled."""
        name = self._one(project)
        frame = layout.tokens(echo.fence(""))
        live = self.shelf.current(shelf_name(name))
        if budget < (least := layout.least() + frame):
            raise UsageError(f"a budget of {budget} tokens does not hold the empty blocks; give at least {least}")
        standing = self._standing(name, live)
        why = f"{live.label if live else 'the adapter'} answers it from its weights"
        graduated = [LeftOut("short_term", one.id, one.text, why) for one in _newest_first(standing.graduated)]
        _, told = self._document(name, layout.room("long_term", budget - frame), live)
        asked = query.strip() if query else ""
        blocks = {
            "long_term": told.items,
            "short_term": _items(standing.kept, told),
            "recall": _quoted(self._found(asked, name)) if asked else (),
            "working": [Item(asked)] if asked else (),
        }
        laid = layout.lay_out(blocks, budget - frame)
        text = echo.fence(layout.printable(laid.text))
        return Context(
            name, asked or None, budget, laid.tokens + frame, laid.blocks, (*graduated, *laid.left_out), text
        )

    def before(self, question: Question) -> Memories | None:
        """What stands before a question to the endpoint, by the tokens of the base that answers it.

        What graduated into the version that answers does not stand there unasked; a search for the question may find it
        (measured: docs/decisions/0026). What was superseded is not quoted: a small model cannot weigh dates. The budget
        halves until it fits, so that the prefix seldom changes while a conversation grows.
        """
        name = self._called(question.project)
        self.consent.require(Act.RECALL, project=name)
        budget, count = self.settings.memory_tokens, question.count
        while budget > question.room:
            budget //= 2
        if budget < layout.least(count=count):
            return None
        standing = self._standing(name, question.version)
        room = layout.room("long_term", budget, count=count)
        _, told = self._document(name, room, question.version, named=False, count=count)
        blocks = {"long_term": told.items, "short_term": _items(standing.kept, told)}
        if asked := echo.outside(question.text).strip()[:_ASKED]:
            found = self._found(asked, name)
            current = tuple(hit for hit in found.results if hit.superseded_by is None)
            blocks["recall"] = _quoted(replace(found, results=current))
        laid = layout.lay_out(blocks, budget, count=count)
        ids = tuple(item.id for block in laid.blocks for item in block.items if item.id is not None)
        return Memories(layout.printable(laid.text), ids)

    def _called(self, shelf: str) -> str:
        """The project whose adapters lie on `shelf`, or what it was merged into."""
        if self.home.database.exists():
            placing = self.store.placing()
            names = (*self.store.projects(), *placing.merged)
            if found := next((name for name in names if shelf_name(name) == shelf), None):
                return placing.named(found)
        raise NotFound(f"nothing is remembered of {shelf}; `memsrv projects list` names what is")

    def _one(self, project: str | None) -> str:
        if project == EVERY:
            raise UsageError("a context is of one project; name it, or leave it out for this folder's")
        return self._scope(project) or self.project()

    def _document(
        self, project: str, budget: int, live: AdapterVersion | None, *, named: bool = True,
        count: Callable[[str], int] = layout.tokens,
    ) -> tuple[str, Document]:  # fmt: skip
        """Long-term memory of `project`, and as of when. Made anew from the ledger; of a run come principles alone, and
        wordings. What `live` answers from its weights is `named`, or not there at all."""
        run = next((run for run in self._night.folders(project) if run.long_term_file.exists()), None)
        as_of = last_night(datetime.now(UTC), run)
        said = self.store.reviews(project)
        edited = morning.edits(said)
        now = {memory.id: memory for memory in self.visible.memories(project)}
        then = AsOf(self.store, self.consent, as_of).memories(project)
        words = [replace(memory, text=edited.get(memory.id, memory.text)) for memory in then]
        works, wordings = self._of_run(run)
        principles = reviews.of_principles(works, said)
        answered = set(morning.graduated(morning.short_term(list(now.values()), live, edited), live))
        told = long_term.document(
            words if named else [memory for memory in words if memory.id not in answered],
            budget=budget,
            answered=answered,
            helped=self._helped(as_of),
            principles=principles if named else [one for one in principles if one.id not in answered],
            wordings=wordings,
            count=count,
        )
        return as_of, told.without({memory.id for memory in then} - now.keys())

    def _of_run(self, run: Run | None) -> tuple[list[Principle], dict[str, tuple[str, str]]]:
        """The principles of `run` that two sessions which may be given back bear out, and its wordings."""
        if run is None:
            return [], {}
        made = read_json(run.long_term_file)
        visible = {session.id: session.parent or session.id for session in self.visible.sessions(run.order.project)}
        works = seen([from_dict(Principle, row) for row in made["principles"]], visible)
        return list(works), {id: (rules, words) for id, (rules, words) in made["wordings"].items()}

    def _helped(self, as_of: str) -> dict[str, int]:
        """By memory: in how many more tasks that succeeded than failed it had been given by then."""
        counters = self.store.counters(as_of)
        return {id: counted.success - counted.failure for id, counted in counters.items()}

    def _standing(self, project: str, live: AdapterVersion | None) -> ShortTerm:
        """What holds now, in the words that a person gave it, and what `live` answers from its weights."""
        edited = morning.edits(self.store.reviews(project))
        found = morning.short_term(self.visible.memories(project), live, edited)
        kept = tuple(replace(memory, text=edited.get(memory.id, memory.text)) for memory in found.kept)
        return replace(found, kept=kept)

    def _found(self, query: str, project: str) -> Recalled:
        return self.search(query, project=project, limit=_FOUND)


def last_night(now: datetime, run: Run | None) -> str:
    """The end of the second in which the newest run was ordered, if that was today; else the beginning of this day."""
    today = f"{now:%Y-%m-%d}T00:00:00Z"
    return max(today, run.order.created.replace("Z", ".999999Z")) if run is not None else today


def _items(kept: Sequence[Memory], told: Document) -> list[Item]:
    """What holds now, the newest first, as far as the document does not tell it."""
    return [Item(memory.text, memory.id) for memory in _newest_first(kept) if memory.id not in told.ids]


def _quoted(found: Recalled) -> list[Item]:
    """What a search found, dated and with whose words it is: a quote, not a statement of ours."""
    return [Item(line, hit.id) for hit, line in zip(found.results, recall_lines(found), strict=True)]


def _newest_first(memories: Sequence[Memory]) -> list[Memory]:
    return sorted(memories, key=lambda memory: (memory.valid_from or "", memory.id), reverse=True)
