"""What can answer: an Engine holds one base model, and adapter versions side by side on it.

The endpoint speaks to this Protocol only. Aliases never reach an engine: it is given the exact version, or none for the
bare base. An engine loads a version beside those that are answering; nothing is ever loaded over another.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from memsrv.errors import UsageError
from memsrv.records import Message
from memsrv_adapters.base import Base
from memsrv_adapters.version import AdapterVersion


class PromptTooLong(UsageError):
    """The conversation leaves no room for an answer in the model's context."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to choose words. The default is greedy: a memory should say the same thing twice."""

    max_tokens: int | None = None  # None, and anything beyond the context: as many as there is room for
    temperature: float = 0.0  # 0 is greedy
    top_p: float = 1.0
    stop: tuple[str, ...] = ()
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the answer: whole characters, and nothing that a stop string may still take back."""

    text: str


@dataclass(frozen=True, slots=True)
class Finish:
    """How the answer ended. The last thing that a stream gives."""

    reason: Literal["stop", "length"]
    prompt_tokens: int
    completion_tokens: int


class Stream(Protocol):
    """An answer as it comes; `close` ends it early and frees what it held."""

    def __iter__(self) -> Iterator[Piece | Finish]: ...
    def __next__(self) -> Piece | Finish: ...
    def close(self) -> None: ...


class Engine(Protocol):
    @property
    def base(self) -> Base: ...

    @property
    def context(self) -> int:
        """How many tokens a prompt and its answer may have together."""
        ...

    def tokens(self, messages: Sequence[Message]) -> int:
        """How many a conversation takes as a prompt."""
        ...

    def count(self, text: str) -> int:
        """How many `text` takes within a message."""
        ...

    def load(self, version: AdapterVersion) -> None:
        """Make `version` answerable; a version that is loaded already stays as it is."""

    def unload(self, label: str) -> None:
        """Give up a version that no answer uses any more."""

    def loaded(self) -> tuple[str, ...]:
        """The labels (`project@v3`) that can answer."""

    def stream(self, messages: Sequence[Message], label: str | None, sampling: Sampling) -> Stream:
        """The answer of version `label`, or of the bare base. PromptTooLong is raised at once, not while streaming."""


#: Builds the engine of a base; takes seconds to minutes.
EngineOf = Callable[[Base], Engine]
