"""The run folder: its files, read and written whole or not at all.

A stage's file is written beside its place and renamed: a file that is there is finished. This is the only contract
between the server and a consolidation, so it is torch-free and knows nothing of stages' insides.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout

from memsrv.errors import RunFailed, RunInProgress
from memsrv.records import Conversation, Episode, Fact, Memory, Review, from_dict, to_dict
from memsrv_consolidation.internalise import BOTH, Policy

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Live:
    """The adapter version that is served while the run goes on."""

    version: str
    path: str


@dataclass(frozen=True, slots=True)
class TeacherOrder:
    """Who helps the rules, at what price and within which limits of a UTC day. The key is never in a file."""

    name: str
    model: str
    url: str  # "": the one that its client knows
    usd_per_million_input: float
    usd_per_million_output: float
    tokens_per_day: int
    usd_per_day: float
    timeout_s: float
    ledger: str  # the one file outside the run folder: all runs share its budget (docs/decisions/0013)
    earlier: tuple[str, ...] = ()  # `teacher.jsonl` of earlier runs, newest first: their replies are not paid again
    lacks: str = ""  # what it cannot be asked without: a key, a price; then rules work alone


@dataclass(frozen=True, slots=True)
class Order:
    """`run.json`: what is to be done. `base` is the name a user gave, `base_path` where its weights lie."""

    id: str
    project: str
    base: str
    strategy: str
    seed: int
    threads: int
    created: str
    current: Live | None = None
    base_path: str | None = None
    base_hash: str | None = None
    preset: str | None = None  # a recipe by name; without one, the base's own
    any_base: bool = False  # train also a base that cannot read facts from its context
    canaries: tuple[str, ...] = ()  # planted secrets that must occur in nothing the run writes
    teacher: TeacherOrder | None = None  # None: rules alone
    internalise: Policy = BOTH
    extend: bool = False  # train on the weights of `current`, where an ordinary night trains anew
    not_extended: str = ""  # why an extension that was asked for became an ordinary night
    replay: float = 0.2  # the share of an extension's conversations that are old nights'
    earlier: tuple[str, ...] = ()  # `conversations.jsonl` of earlier runs, newest first
    processes: int = 0  # how many train together; 0: one for each GPU, and one without


@dataclass(frozen=True, slots=True)
class Run:
    """One consolidation: a folder."""

    folder: Path

    @property
    def order_file(self) -> Path:
        return self.folder / "run.json"

    @property
    def episodes_file(self) -> Path:
        return self.folder / "episodes.jsonl"

    @property
    def planted_file(self) -> Path:
        """The episode in which the run's canaries are told. It and the order alone may hold them."""
        return self.folder / "planted.jsonl"

    @property
    def memory_file(self) -> Path:
        return self.folder / "memory.json"

    @property
    def reviews_file(self) -> Path:
        """What people said of facts, as of the order."""
        return self.folder / "reviews.json"

    @property
    def facts_file(self) -> Path:
        return self.folder / "facts.jsonl"

    @property
    def conversations_file(self) -> Path:
        return self.folder / "conversations.jsonl"

    @property
    def long_term_file(self) -> Path:
        """Long-term memory as of the order: the document, the principles, and a teacher's wordings."""
        return self.folder / "long_term.json"

    @property
    def long_term_text(self) -> Path:
        """The same document to be read."""
        return self.folder / "long_term.md"

    @property
    def adapter(self) -> Path:
        return self.folder / "adapter"

    @property
    def suitable_file(self) -> Path:
        """How many facts the bare base gives back that stand in its context; asked once, before training."""
        return self.folder / "suitable.json"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def evaluation_file(self) -> Path:
        return self.folder / "evaluation.json"

    @property
    def answers_file(self) -> Path:
        """Answers of an evaluation that is not done, as they came."""
        return self.folder / "answers.jsonl"

    @property
    def report_file(self) -> Path:
        return self.folder / "report.json"

    @property
    def shelved_file(self) -> Path:
        """`{version}`, once what passed the gate is on the shelf and pointed to; written by night."""
        return self.folder / "shelved.json"

    @property
    def progress_file(self) -> Path:
        return self.folder / "progress.json"

    @property
    def costs_file(self) -> Path:
        """Seconds and peak memory of each finished stage, and what reflection left out."""
        return self.folder / "costs.json"

    @property
    def teacher_file(self) -> Path:
        """Every prompt that was sent to a teacher, and what came back."""
        return self.folder / "teacher.jsonl"

    @property
    def log_file(self) -> Path:
        return self.folder / "log.txt"

    @property
    def words(self) -> tuple[Path, ...]:
        """The files that hold what was said in sessions, or was made of it."""
        return (self.episodes_file, self.memory_file, self.reviews_file, self.facts_file, self.conversations_file,
                self.long_term_file, self.long_term_text, self.evaluation_file, self.answers_file,
                self.teacher_file)  # fmt: skip

    @property
    def order(self) -> Order:
        return from_dict(Order, read_json(self.order_file))

    def episodes(self) -> list[Episode]:
        return list(_lines(self.episodes_file, Episode))

    def planted(self) -> list[Episode]:
        """No session of anybody's; a run that was ordered before there were canaries has none."""
        return list(_lines(self.planted_file, Episode)) if self.planted_file.exists() else []

    def memories(self) -> list[Memory]:
        return [from_dict(Memory, row) for row in read_json(self.memory_file)["memories"]]

    def graduated(self) -> list[str]:
        """What the live version answers reliably; nothing where the order came without it."""
        return [str(id) for id in read_json(self.memory_file).get("graduated", ())]

    def reviews(self) -> list[Review]:
        """None where the order came without any: a run that began before there were reviews."""
        if not self.reviews_file.exists():
            return []
        return [from_dict(Review, row) for row in read_json(self.reviews_file)["reviews"]]

    def facts(self) -> list[Fact]:
        return list(_lines(self.facts_file, Fact))

    def conversations(self) -> list[Conversation]:
        return list(_lines(self.conversations_file, Conversation))


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in `path`; RunFailed names the file that is missing or damaged."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise RunFailed(f"{path} is missing; start a new run with `memsrv consolidate`") from error
    except ValueError as error:
        raise RunFailed(f"{path} is not JSON ({error}); delete it and resume the run, or start a new one") from error
    if not isinstance(found, dict):
        raise RunFailed(f"{path} does not hold a JSON object; delete it and resume the run, or start a new one")
    return found


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """`content` as the whole of `path`, replaced in one step."""
    write_text(path, json.dumps(to_dict(content), ensure_ascii=False, indent=1) + "\n")


def write_text(path: Path, content: str) -> None:
    """`content` as the whole of `path`, replaced in one step."""
    with _replacing(path) as write:
        write(content)


def write_lines(path: Path, records: Iterable[object]) -> None:
    """One record a line, replaced in one step."""
    with _replacing(path) as write:
        for record in records:
            write(json.dumps(to_dict(record), ensure_ascii=False) + "\n")


@contextmanager
def one_at_a_time(runs: Path) -> Iterator[None]:
    """Hold the lock over all runs in the folder `runs`. RunInProgress where another process holds it."""
    runs.mkdir(parents=True, exist_ok=True)
    lock = FileLock(runs / "running.lock")
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise RunInProgress(
            f"another consolidation is running in {runs}; see `memsrv runs`, and try again when it is done"
        ) from error
    try:
        yield
    finally:
        lock.release()


def clear_unfinished(run: Run) -> None:
    """Remove what a killed stage left half-written."""
    for leftover in run.folder.glob("*.part"):
        if leftover.is_dir():
            shutil.rmtree(leftover)
        else:
            leftover.unlink()


@contextmanager
def _replacing(path: Path) -> Iterator[Callable[[str], object]]:
    temporary = path.with_name(path.name + ".part")
    with temporary.open("w", encoding="utf-8") as file:
        yield file.write
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _lines(path: Path, cls: type[Record]) -> Iterator[Record]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                try:
                    yield from_dict(cls, json.loads(line))
                except (TypeError, ValueError) as error:
                    raise RunFailed(
                        f"{path}:{number} cannot be read ({error}); delete the file and resume the run"
                    ) from error
    except FileNotFoundError as error:
        raise RunFailed(f"{path} is missing; start a new run with `memsrv consolidate`") from error
