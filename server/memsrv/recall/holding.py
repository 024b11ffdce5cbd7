"""Whether the files of a working tree still hold what was said of them: read there, written there, or named beside one.

Reads a few files of a bounded size, inside the tree only and through no link out of it, and none that an ignore file
leaves out. What it cannot tell it does not claim: a file that is not there, is binary or too long says nothing.
"""

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from memsrv.layout import one_line
from memsrv.records import Event, EventType, Outcome
from memsrv.redact.placeholders import MARK

_MOST_BYTES = 1 << 20
_MOST_FILES = 24  # in one search
_MOST_LINES = 60
_TELLING = 6  # characters of a line; `}` and `else:` stand anywhere

_FILE = r"`?(?P<file>(?<![\w:/@~$*{<.-])(?:[\w.-]+/)*[\w-][\w.-]*\.[A-Za-z]\w{0,7})(?![\w/*}>])`?"
_NAME = r"[A-Za-z]\w*_\w+|[a-z]+[A-Z]\w*|[A-Z][a-z]+[A-Z]\w*|\d+(?:\.\d+){1,3}(?::\d+)?|[\w-]+=\w[\w.-]*"
_SETTING = r"(?:port|version|timeout|limit|size|ttl|retries|max\w*|min\w*|default|value|budget|threshold|interval|seed)"
_VALUE = (
    rf"(?:`(?P<ticked>[^`\s]{{2,60}}|[^`\n]{{2,60}}[:=][^`\n]{{1,60}})`"
    rf"|(?P<name>\b(?:{_NAME})\b)(?:\(\))?|\b{_SETTING}(?: is| of|:| =)? (?P<number>v?\d[\w.]*\w|\d)\b)"
)
_STANDS = (
    r"(?:,? (?:is|are|lives?|stands?|sits?|defined|set|declared|configured|implemented|kept|stored|pinned|found|"
    r"function|class|method|setting|option|constant|variable|value))*"
)
_HAS = r"(?:has|sets|says|defines|contains|holds|exports|declares|pins|specifies|configures|keeps)"
_BESIDE = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_VALUE}{_STANDS} (?:in|inside|of|by) (?:the )?(?:file )?{_FILE}",
        rf"{_VALUE} \({_FILE}\)",
        rf"{_FILE} {_HAS} (?:[a-z]+ ){{0,4}}?{_VALUE}",
    )
)
#: What is wished, past, denied or moved need not be in the file, or must not.
_OTHERWISE = re.compile(
    r"(?i)\?|\b(?:not|never|no|without|instead|was|were|had|used to|old|former|previous\w*|missing|lacks?|should|would|"
    r"could|might|needs?|want|let's|please|todo|if|unless|why|error|fail\w*|undefined|typo|wrong|remov\w+|delet\w+|"
    r"renam\w+|drop\w*|replac\w+|chang\w+|mov\w+|add(?:ed|s|ing)?)\b|n't\b"
)
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n")
_NUMBERED = re.compile(r"\s{0,8}\d{1,6}(?:→|\t|\| ?|: )(.*)")


@dataclass(frozen=True, slots=True)
class Said:
    """What is told of a file: that it has at least one of `pieces`; `where` the log was when it said so."""

    path: str
    pieces: tuple[str, ...]
    shown: str  # for a reader
    where: str | None = None


def named(prose: str, where: str | None = None) -> Iterator[Said]:
    """Files with the exact value or identifier that `prose` says is in them."""
    for sentence in _SENTENCE.split(prose):
        if _OTHERWISE.search(sentence):
            continue
        for shape in _BESIDE:
            for found in shape.finditer(sentence):
                value = (found["ticked"] or found["name"] or found["number"]).removesuffix("()")
                if (
                    MARK not in sentence and value != found["file"] and "(" not in value
                ):  # calls are written in many ways
                    yield Said(found["file"], (value,), value, where)


def taken(event: Event, quote: str, of_memory: bool, beside: Sequence[Event]) -> Iterator[Said]:
    """What `event` read in a file, as far as `quote` shows it, or wrote to one; `beside` tell how its call ended.

    What a memory quotes is a part of what was written; a turn that is recalled stands for all of it.
    """
    if event.type is EventType.TOOL_RESULT and event.outcome is Outcome.SUCCESS and len(event.paths) == 1:
        lines = [found[1] for line in event.text.splitlines() if (found := _NUMBERED.fullmatch(line))]
        read = tuple(line for line in _telling(lines) if line in quote)
        if read:
            yield Said(event.paths[0], read, "what was read there", event.cwd)
    if any(one.call == event.call and one.outcome is Outcome.SUCCESS for one in beside if event.call):
        written: dict[str, list[str]] = {}
        for path, old, new in event.edits:
            before = set(_telling(old.splitlines()))
            cut = new.splitlines()[: -1 if len(new) >= 2_000 else None]  # a turn keeps the beginning of a long edit
            written.setdefault(path, []).extend(line for line in _telling(cut) if line not in before)
        for path, lines in written.items():
            if of_memory:
                lines = [line for line in lines if line in quote]
            if lines:
                yield Said(path, tuple(lines[:_MOST_LINES]), "what was written there", event.cwd)


def _telling(lines: Iterable[str]) -> list[str]:
    plain = (one_line(line) for line in lines)
    return [line for line in plain if len(line) >= _TELLING and MARK not in line and re.search(r"\w{3}", line)]


@dataclass(frozen=True)
class Files:
    """The files of the tree at `root`; those that `ignores` names are not looked into."""

    root: Path
    ignores: Callable[[str], bool] = lambda path: False
    _texts: dict[str, str | None] = field(default_factory=dict)

    def lost(self, said: Said) -> str | None:
        """The file as this tree calls it, where it is there and has none of what was said any more."""
        place = self._place(said)
        text = self._text(place) if place is not None else None
        if place is None or text is None or any(_has(text, piece) for piece in said.pieces):
            return None
        return os.path.relpath(place, os.path.realpath(self.root))

    def _place(self, said: Said) -> str | None:
        """The file itself, links followed, where it is inside the tree."""
        if "\0" in said.path:
            return None
        root = os.path.realpath(self.root)
        for folder in dict.fromkeys((root, said.where or root)):
            place = os.path.realpath(os.path.join(folder, said.path))
            inside = place.startswith(root + os.sep) and ".git" not in Path(place).relative_to(root).parts
            if inside and os.path.isfile(place):
                asked = os.path.normpath(os.path.join(folder, said.path))
                return None if self.ignores(asked) or self.ignores(place) else place
        return None

    def _text(self, place: str) -> str | None:
        if place not in self._texts:
            if len(self._texts) >= _MOST_FILES:
                return None
            self._texts[place] = _read(place)
        return self._texts[place]


def _read(place: str) -> str | None:
    """What the file says, each line as `one_line` has it; None where it is binary, too long or no plain file."""
    try:
        with open(os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode) or about.st_size > _MOST_BYTES:
                return None
            data = file.read(_MOST_BYTES + 1)
    except OSError:
        return None
    if len(data) > _MOST_BYTES or b"\0" in data:
        return None
    return "\n".join(map(one_line, data.decode("utf-8", "replace").splitlines()))


def _has(text: str, piece: str) -> bool:
    if " " in piece or len(piece) > 60:
        return piece in text
    return re.search(rf"(?<!\w){re.escape(piece)}(?!\w)", text) is not None
