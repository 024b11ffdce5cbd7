"""What was erased, kept as hashes alone: enough to know the words again wherever they turn up, not to read them.

A stone is laid for each phrase of an erased memory. `Tombstones.scrub` finds its words in any text, whatever case,
punctuation or white space they wear, so one mechanism cleans what is stored, what is read again from an old log, and
what an old backup brings back. Pure: knows no database, file or clock.
"""

import hashlib
import hmac
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from memsrv.records import Memory

ERASED = "[erased]"

#: A quote of fewer words ("pnpm", "yes please") is erased in the sessions that it was quoted from, not everywhere.
FEW_WORDS = 3

_WORD = re.compile(r"\w+")
_BREAK = re.compile(r"\n+|(?<=[.!?])\s+")
_EXACT = re.compile(r"[\d./:@\\]")

_Run = Sequence[tuple[str, int, int]]  # words as they are compared, and where each stands


@dataclass(frozen=True, slots=True)
class Tombstone:
    """One phrase, or two that stand in one sentence. `shape` has of each how many words, and a byte of its first two.

    Those bytes make the search fast: of 65,536 places, all but one need no hash. They tell little of the words.
    """

    hash: str
    salt: str
    shape: tuple[tuple[int, ...], ...]


def everywhere() -> str:
    return ""


def in_session(id: str) -> str:
    return f"session:{id}"


def in_project(name: str) -> str:
    return f"project:{name}"


def bury(salt: str, *phrases: str, within: str = "") -> Tombstone | None:
    """The stone for `phrases`, which counts `within` one session or project, or everywhere; None where no word is."""
    words = [[word.casefold() for word in _WORD.findall(phrase)] for phrase in phrases]
    if not all(words):
        return None
    shape = tuple((len(part), *(_byte(salt, word) for word in part[:2])) for part in words)
    return Tombstone(_digest(salt, within, words), salt, shape)


def of_memory(memory: Memory, salt: str, sessions: Iterable[str], also: Iterable[str] = ()) -> list[Tombstone]:
    """The stones of a memory that is erased: its text and its quotes.

    Of a value that is exact (a port, an address, a path) also every sentence of the project that names it with its
    subject (and every one in the places `also`), and the value itself in the `sessions` that said it.
    """
    quotes = {quote.quote for quote in memory.evidence}
    long = {phrase for phrase in (memory.text, *quotes) if len(_WORD.findall(phrase)) >= FEW_WORDS}
    local = quotes - long
    stones = [bury(salt, phrase) for phrase in sorted(long)]
    if memory.value and _EXACT.search(memory.value) and len(memory.value) >= FEW_WORDS:
        local.add(memory.value)
        within = [in_project(memory.project), *also]
        stones += [bury(salt, memory.subject or "", memory.value, within=place) for place in within]
    stones += [bury(salt, phrase, within=in_session(id)) for id in sorted(sessions) for phrase in sorted(local)]
    return [stone for stone in stones if stone is not None]


@dataclass(frozen=True)
class Tombstones:
    """All stones of a home. Immutable; false where nothing was ever erased."""

    stones: tuple[Tombstone, ...] = ()
    _bytes: dict[tuple[str, str], int] = field(default_factory=dict, repr=False, compare=False)

    def __bool__(self) -> bool:
        return bool(self.stones)

    def plus(self, stones: Iterable[Tombstone]) -> "Tombstones":
        return Tombstones(tuple(dict.fromkeys((*self.stones, *stones))))

    def hit(self, text: str, within: Sequence[str] = ()) -> bool:
        """Whether `text` holds erased words. `within` names the sessions and the project that it belongs to."""
        return next(self._spans(text, (everywhere(), *within)), None) is not None

    def scrub(self, text: str, within: Sequence[str] = ()) -> str:
        """`text` with what was erased replaced by `[erased]`."""
        spans = sorted(self._spans(text, (everywhere(), *within)))
        pieces, end = [], 0
        for start, stop in spans:
            if start >= end:
                pieces += [text[end:start], ERASED]
            end = max(end, stop)
        return "".join((*pieces, text[end:])) if spans else text

    def scrub_tree(self, value: Any, within: Sequence[str] = ()) -> Any:
        """`value`, as JSON has them, with every string in it scrubbed; keys stay."""
        if isinstance(value, str):
            return self.scrub(value, within)
        if isinstance(value, Mapping):
            return {key: self.scrub_tree(inner, within) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self.scrub_tree(inner, within) for inner in value)
        return value

    @cached_property
    def _index(self) -> dict[str, dict[tuple[int, ...], list[tuple[Tombstone, int]]]]:
        """By salt, and by the bytes of the first words: the stones, and which of their phrases begins so."""
        found: dict[str, dict[tuple[int, ...], list[tuple[Tombstone, int]]]] = {}
        for stone in self.stones:
            for part, shape in enumerate(stone.shape):
                found.setdefault(stone.salt, {}).setdefault(shape[1:], []).append((stone, part))
        return found

    def _spans(self, text: str, within: Sequence[str]) -> Iterator[tuple[int, int]]:
        if not self.stones or not text:
            return
        words = [(match[0].casefold(), *match.span()) for match in _WORD.finditer(text)]
        in_two: dict[Tombstone, tuple[list[_Run], list[_Run]]] = {}
        for salt, wanted in self._index.items():
            codes = [self._code(salt, word) for word, _, _ in words]
            for place in range(len(words)):
                for begins in ((codes[place],), tuple(codes[place : place + 2])):
                    for stone, part in wanted.get(begins, ()):
                        run = words[place : place + stone.shape[part][0]]
                        if len(stone.shape) == 2:
                            in_two.setdefault(stone, ([], []))[part].append(run)
                        elif self._is(stone, within, [run]):
                            yield run[0][1], run[-1][2]
        for stone, (ours, others) in in_two.items():
            yield from self._sentences(stone, ours, others, text, within)

    def _sentences(
        self, stone: Tombstone, ours: Sequence[_Run], others: Sequence[_Run], text: str, within: Sequence[str]
    ) -> Iterator[tuple[int, int]]:
        """The sentences in which both phrases of `stone` stand, in whatever order."""
        if not ours or not others:
            return
        edges = [0, *(match.end() for match in _BREAK.finditer(text)), len(text)]
        for start, stop in itertools.pairwise(edges):
            inside = [[run for run in runs if start <= run[0][1] and run[-1][2] <= stop] for runs in (ours, others)]
            if any(self._is(stone, within, pair) for pair in itertools.product(*inside)):
                yield start, start + len(text[start:stop].rstrip())

    def _is(self, stone: Tombstone, within: Sequence[str], runs: Sequence[_Run]) -> bool:
        if [len(run) for run in runs] != [shape[0] for shape in stone.shape]:
            return False  # the text ends first
        words = [[word for word, _, _ in run] for run in runs]
        return any(_digest(stone.salt, place, words) == stone.hash for place in within)

    def _code(self, salt: str, word: str) -> int:
        known = self._bytes.get((salt, word))
        if known is None:
            known = self._bytes[salt, word] = _byte(salt, word)
        return known


def claim_hash(text: str) -> str:
    """An erased id or claim as it is kept: so that what was derived once is not derived again."""
    return hashlib.sha256(" ".join(text.casefold().split()).encode("utf-8", "replace")).hexdigest()


def _digest(salt: str, within: str, words: Sequence[Sequence[str]]) -> str:
    said = "\x1f".join((within, *(" ".join(part) for part in words)))
    return hmac.digest(bytes.fromhex(salt), said.encode("utf-8", "replace"), "sha256").hex()


def _byte(salt: str, word: str) -> int:
    return hmac.digest(bytes.fromhex(salt), word.encode("utf-8", "replace"), "sha256")[0]
