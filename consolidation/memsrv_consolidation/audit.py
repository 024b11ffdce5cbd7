"""The canary audit: every byte of what was written is read again, for planted secrets and for any that a rule knows.

Files, folders and archives within them; text as it stands and as it decodes, binaries by the text in them. Says which
file holds what family of secret, never the secret. Knows nothing of stages; no torch.
"""

import gzip
import tarfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import re2  # type: ignore[import-untyped]

from memsrv.redact import Redactor
from memsrv.redact.readings import spaced
from memsrv.redact.words import Words
from memsrv_consolidation.run import Run

#: What a planted secret is called in the audit's findings.
CANARY = "canary"

#: Bytes that are read at a time, and those of the end that are read again with what follows.
_CHUNK, _OVERLAP = 8 << 20, 64 << 10
#: Text in a binary: shorter runs of it are chance.
_RUNS = re2.compile(rb"[\t\n\r\x20-\x7e]{12,}")
#: A line of a planted secret, from this length on, is looked for by itself.
_LINE = 16


@dataclass(frozen=True, slots=True)
class Found:
    """So many secrets of one family in one file; `file` names a member of an archive behind `!`."""

    file: str
    family: str
    count: int


@dataclass(frozen=True, slots=True)
class Audit:
    """What was read, and what should not have been there."""

    files: int
    bytes: int
    found: tuple[Found, ...] = ()

    @property
    def clean(self) -> bool:
        return not self.found

    def __add__(self, other: "Audit") -> "Audit":
        return Audit(self.files + other.files, self.bytes + other.bytes, self.found + other.found)

    def __str__(self) -> str:
        if self.clean:
            return f"nothing in {self.files} files ({self.bytes} bytes)"
        return ", ".join(f"{found.count} × {found.family} in {found.file}" for found in self.found)


def audit(paths: Iterable[Path], canaries: Sequence[str], redactor: Redactor) -> Audit:
    """Read all of `paths`, folders with what is below them, for `canaries` and for what `redactor` would take out."""
    words = Words([line for canary in canaries for line in (canary, *_lines(canary))], fold=False)
    total = Audit(0, 0)
    for name, content in _contents(paths):
        size, counts = 0, Counter[str]()
        for chunk, fresh in _chunks(content):
            size += fresh
            counts.update(_families(chunk, words, redactor))
        total += Audit(1, size, tuple(Found(name, family, count) for family, count in sorted(counts.items())))
    return total


def audit_run(run: Run, canaries: Sequence[str], redactor: Redactor) -> Audit:
    """Everything in the folder of `run` but the two files that hold its canaries on purpose.

    The user's own strings may occur where no words of a session stand: in the paths and names of `report.json`, say.
    """
    files = sorted(set(_below(run.folder)) - {run.order_file, run.planted_file})
    words = [file for file in files if file in run.words]
    rest = [file for file in files if file not in run.words]
    return audit(words, canaries, redactor) + audit(rest, canaries, redactor.without_strings)


def _lines(canary: str) -> list[str]:
    lines = [line.strip() for line in canary.splitlines()]
    return [line for line in lines if len(line) >= _LINE and "-----" not in line] if len(lines) > 1 else []


def _families(chunk: bytes, words: Words, redactor: Redactor) -> Iterator[str]:
    """The families of the secrets in `chunk`: each secret once, a canary as one."""
    planted = [(match.start, match.end) for match in words.matches(spaced(chunk))]
    yield from (CANARY for _ in planted)
    text = b"\n".join(_RUNS.findall(chunk)) if b"\0" in chunk else chunk
    if text is chunk:
        for match in redactor.find(text):
            if not any(match.start < end and start < match.end for start, end in planted):
                yield match.rule
    else:
        yield from (match.rule for match in redactor.find(text) if not any(words.matches(match.secret)))


def _contents(paths: Iterable[Path]) -> Iterator[tuple[str, IO[bytes]]]:
    """Every file of `paths` with its name, and every member of one that is an archive."""
    for path in paths:
        for file in _below(path):
            name = str(file.relative_to(path.parent)) if path.is_dir() else file.name
            with file.open("rb") as content:
                yield name, content
            yield from _members(name, file)


def _members(name: str, file: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """What is packed in `file`; nothing, where it is no archive."""
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as packed:
            for member in packed.infolist():
                with packed.open(member) as content:
                    yield f"{name}!{member.filename}", content
    elif tarfile.is_tarfile(file):
        with tarfile.open(file) as archive:
            for entry in archive:
                extracted = archive.extractfile(entry)
                if extracted is not None:
                    yield f"{name}!{entry.name}", extracted
    elif file.suffix == ".gz":
        with gzip.open(file) as unpacked:
            yield f"{name}!{file.stem}", unpacked  # type: ignore[misc]  # it reads bytes


def _below(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(file for file in path.rglob("*") if file.is_file())
    elif path.exists():
        yield path


def _chunks(content: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    """`content` in pieces that overlap, each with how many of its bytes are new."""
    kept = b""
    while fresh := content.read(_CHUNK):
        yield kept + fresh, len(fresh)
        kept = fresh[-_OVERLAP:]
