"""What each tool promises to give: the keys that an agent may rely on. More may be there."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class Output(BaseModel):
    model_config = ConfigDict(extra="allow")


class Hit(Output):
    id: str
    kind: str
    text: str
    score: float
    session: str | None
    turn: int | None
    project: str | None
    time: str | None


class Found(Output):
    results: list[Hit]
    engine: Any


class Opened(Output):
    records: list[Any]


class Saved(Output):
    id: str
    status: str


class Forgotten(Output):
    """`confirm` is there as long as nothing is `done`: the same call with it does what was told."""

    done: bool
    confirm: str | None = None


class Compacted(Output):
    session: str


class Recovered(Output):
    session: str
    compacted: bool


class Standing(Output):
    sources: list[Any]
    memories: dict[str, Any]
    runs: list[Any]
    adapters: dict[str, Any]
    endpoint: dict[str, Any]
    warnings: list[Any]


class Reply(Output):
    state: Literal["answered", "warming"]
    answer: str | None
    known: bool | None
    model: str | None
    adapter: str | None
    memories: list[Any]
    facts: list[str] = []
