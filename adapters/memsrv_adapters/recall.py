"""What the endpoint asks of whoever has the store, and gets: the memory that stands before a question. Data only."""

from collections.abc import Callable
from dataclasses import dataclass

from memsrv_adapters.version import AdapterVersion

#: What a model's name ends in where memory is to stand before the question.
SUFFIX = "+memory"


@dataclass(frozen=True, slots=True)
class Question:
    """For what memory is wanted: `project` by its shelf's name, and the version that answers (None: the bare base)."""

    project: str
    version: AdapterVersion | None
    text: str
    room: int  # tokens, as `count` counts them
    count: Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Memories:
    """What stands before a conversation: the blocks, and the ids of the records in them, in their order."""

    text: str
    ids: tuple[str, ...] = ()


#: None where nothing fits. NotFound and NothingConsented are for the client.
Recall = Callable[[Question], Memories | None]
