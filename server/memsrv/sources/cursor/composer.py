"""One composer to events: its bubbles in the order that it lists them, what was summarised of them, how it ended.

Bubbles that it no longer lists were undone by a restored checkpoint: they are told, off the main path. Given rows;
knows no database.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from memsrv.records import Event, EventType, Trust
from memsrv.sources import LogFacts, Lost
from memsrv.sources.cursor import bubbles, contents, tools, workspaces
from memsrv.sources.cursor.bubbles import Blocks
from memsrv.sources.fields import instant, mapping, plain, string
from memsrv.sources.marks import digest

#: Row, bubble, value.
Row = tuple[int, str, Any]
Fetch = Callable[[Sequence[str]], Iterable[Row]]

_FEW = 200
_ENDED = frozenset({"completed", "aborted", "error", "none", None})


class Reading:
    """A composer while it is read."""

    def __init__(
        self,
        session: str,
        composer: Mapping[str, Any],
        header: Mapping[str, Any],
        folder: str | None,
        files: contents.Lookup,
    ) -> None:
        self.session = session
        self._files = files
        self.events: list[Event] = []
        self.unknown: Counter[str] = Counter()
        self.lost: list[Lost] = []
        self.at_work = False
        self._composer = composer
        self._last: str | None = None
        self._model = tools.model(mapping(composer.get("modelConfig")).get("modelName"))
        parent = _parent(composer) or _parent(header)
        self._sidechain = parent is not None
        self.facts = LogFacts(
            cwd=folder,
            branch=_branch(composer) or _branch(header),
            title=title(composer.get("name")) or title(header.get("name")),
            started=instant(composer.get("createdAt")),
            ended=instant(composer.get("lastUpdatedAt")),
            parent=parent,
        )

    @property
    def order(self) -> list[str]:
        """The bubbles on the main path."""
        listed = (string(one.get("bubbleId")) for one in _mappings(self._composer.get("fullConversationHeadersOnly")))
        return list(dict.fromkeys(bubble for bubble in listed if bubble))

    def read(self, names: Sequence[str], fetch: Fetch) -> None:
        """All events. `names`: the bubbles that are kept under the composer; `fetch` gives the rows of some of them."""
        summary = _Summary(self._composer)
        inline = Blocks(mapping(self._composer.get("codeBlockData")))
        for place, bubble in enumerate(_mappings(self._composer.get("conversation"))):
            name = string(bubble.get("bubbleId")) or digest(place, bubbles.text(bubble))
            self._take(name, bubble, inline)
            self._summarised(summary.after(name))
        order = self.order
        kept, listed = set(names), set(order)
        for name, bubble in self._records([name for name in order if name in kept], fetch):
            self._take(name, bubble)
            self._summarised(summary.after(name))
        self.unknown["bubble:missing"] += len(listed - kept)
        self._summarised(summary.rest())
        if self._composer.get("status") == "aborted" and self._last:
            self._add(f"{self._last}:aborted", EventType.INTERRUPT, Trust.HUMAN)
        others = sorted(kept - listed)
        self.at_work = self.at_work or string(self._composer.get("status")) not in _ENDED
        if others and not (self.at_work and order):  # one that is being written is listed in a moment
            self._beside(others, fetch, on_main_path=not order)
        self._tell_times()
        self.unknown = +self.unknown

    def _beside(self, names: Sequence[str], fetch: Fetch, *, on_main_path: bool) -> None:
        found: list[tuple[str, Event]] = []
        for name, bubble in self._records(names, fetch):
            blank = replace(self._blank(name), parent=None)
            events = bubbles.events(bubble, blank, self.unknown, files=self._files)
            time = str(bubble.get("createdAt") or "")
            found += [(time, replace(event, on_main_path=on_main_path)) for event in events]
        self.events += [event for _, event in sorted(found, key=lambda one: one[0])]

    def _records(self, names: Sequence[str], fetch: Fetch) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for start in range(0, len(names), _FEW):
            some = names[start : start + _FEW]
            rows = {name: (row, value) for row, name, value in fetch(some)}
            for name in some:
                row, value = rows.get(name, (0, None))
                if value is None:  # Cursor clears old ones
                    self.unknown["bubble:missing"] += 1
                elif (bubble := record(value, row, self.lost)) is not None:
                    yield name, bubble

    def _take(self, name: str, bubble: Mapping[str, Any], blocks: Blocks = bubbles.NO_BLOCKS) -> None:
        found = bubbles.events(bubble, self._blank(name), self.unknown, blocks, self._files)
        self.events += found
        self._last = found[-1].id if found else self._last
        self.at_work = self.at_work or bubbles.is_at_work(bubble)
        if self.facts.cwd is None:
            self.facts = replace(self.facts, cwd=_only_folder(bubble.get("workspaceUris")))

    def _summarised(self, words: str | None) -> None:
        if words:
            at = self._last or self.session
            if not self.events or self.events[-1].type is not EventType.COMPACTION:
                self._add(f"{at}:compacted", EventType.COMPACTION, Trust.COMMAND)
            self._add(f"{at}:summary", EventType.SUMMARY, Trust.TOOL, words)

    def _add(self, id: str, kind: EventType, trust: Trust, text: str = "") -> None:
        blank = self._blank("")
        self.events.append(replace(blank, id=id, type=kind, trust=trust, text=text, model=None))
        self._last = id

    def _blank(self, name: str) -> Event:
        return Event(
            id=f"{self.session}:{name}",
            session=self.session,
            type=EventType.NOTE,
            trust=Trust.TOOL,
            cwd=self.facts.cwd,
            branch=self.facts.branch,
            parent=self._last,
            sidechain=self._sidechain,
            model=self._model,
        )

    def _tell_times(self) -> None:
        times = [event.time for event in self.events if event.time]
        started, ended = self.facts.started, self.facts.ended
        if times:
            self.facts = replace(
                self.facts,
                started=min(started or times[0], *times) if len(times) > 1 else started or times[0],
                ended=max([ended or "", *times]),
            )


def record(value: Any, row: int, lost: list[Lost]) -> dict[str, Any] | None:
    """The JSON object of one value; None where it is none, which is added to what is lost."""
    try:
        found = json.loads(value)
    except json.JSONDecodeError as error:
        lost.append(Lost(row, f"not JSON: {error.msg}, column {error.colno}"))
        return None
    except (TypeError, ValueError, RecursionError) as error:
        lost.append(Lost(row, "nested too deeply" if isinstance(error, RecursionError) else "not JSON"))
        return None
    if not isinstance(found, dict):
        lost.append(Lost(row, f"a JSON {type(found).__name__}, not an object"))
        return None
    return found


class _Summary:
    """What the editor wrote of the conversation's beginning, when that no longer fitted."""

    def __init__(self, composer: Mapping[str, Any]) -> None:
        latest = mapping(composer.get("latestConversationSummary"))
        inner = mapping(latest.get("summary"))
        self._words = plain(string(latest.get("summary")) or string(inner.get("summary")) or "")
        self._after = string(inner.get("truncationLastBubbleIdInclusive")) or string(latest.get("lastBubbleId"))

    def after(self, bubble: str) -> str | None:
        return self.rest() if bubble == self._after else None

    def rest(self) -> str | None:
        words, self._words = self._words, ""
        return words or None


def title(value: Any) -> str | None:
    return " ".join(value.split())[:200] or None if isinstance(value, str) else None


def _parent(fields: Mapping[str, Any]) -> str | None:
    return string(mapping(fields.get("subagentInfo")).get("parentComposerId"))


def _branch(fields: Mapping[str, Any]) -> str | None:
    if found := string(fields.get("createdOnBranch")):
        return found
    for repository in _mappings(fields.get("trackedGitRepos")):
        names = [string(one.get("branchName")) for one in _mappings(repository.get("branches"))]
        if names and names[-1]:
            return names[-1]
    return None


def _only_folder(addresses: Any) -> str | None:
    found = {workspaces.folder(one) for one in addresses} if isinstance(addresses, list) else set()
    return found.pop() if len(found) == 1 else None


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
