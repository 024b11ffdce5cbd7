"""OpenAI's chat completions as bytes: a request read, an answer, its chunks and an error written.

Pure functions between the wire and `Message`, `Sampling`, `Piece`, `Finish`. Unknown fields are ignored, as OpenAI's
own clients add new ones every month; a known field that would change the answer, and cannot be honoured, is refused.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from memsrv.errors import UsageError
from memsrv.records import Message
from memsrv_adapters.engines import Finish, Sampling

_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}


class BadRequest(UsageError):
    """The body asks for something that is not there: `param` is the field, `code` OpenAI's word for it."""

    def __init__(self, message: str, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.param = param
        self.code = code


@dataclass(frozen=True, slots=True)
class ChatRequest:
    model: str
    messages: tuple[Message, ...]
    sampling: Sampling
    stream: bool = False
    include_usage: bool = False


class _Part(BaseModel):
    type: str
    text: str | None = None


class _Message(BaseModel):
    role: str
    content: str | list[_Part] | None = None
    tool_calls: list[Any] | None = None


class _StreamOptions(BaseModel):
    include_usage: bool | None = None


class _Kind(BaseModel):
    type: str = "text"


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore")

    model: str
    messages: list[_Message] = Field(min_length=1)
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    stop: str | list[str] | None = None
    seed: int | None = Field(None, ge=-(2**63), lt=2**63)
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    n: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logit_bias: dict[str, float] | None = None
    response_format: _Kind | None = None
    tools: list[Any] | None = None
    functions: list[Any] | None = None
    tool_choice: Any = None
    modalities: list[str] | None = None
    audio: Any = None


def read(body: bytes) -> ChatRequest:
    """The request in `body`. BadRequest names the field that is wrong, or that cannot be honoured."""
    try:
        said = _Body.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        # Pydantic adds the name of a union's branch to the place; a client's field has none.
        where = ".".join(str(part) for part in first["loc"] if not str(part).startswith(("list[", "str")))
        raise BadRequest(f"{where or 'the body'}: {first['msg']}", where or None) from error
    _refuse_what_cannot_be_honoured(said)
    stop = (said.stop,) if isinstance(said.stop, str) else tuple(said.stop or ())
    if len(stop) > 4 or not all(stop):
        raise BadRequest("stop: give up to four strings, none of them empty", "stop")
    return ChatRequest(
        model=said.model,
        messages=tuple(_message(message, f"messages.{at}") for at, message in enumerate(said.messages)),
        sampling=Sampling(
            max_tokens=said.max_completion_tokens or said.max_tokens,
            temperature=said.temperature or 0.0,
            top_p=1.0 if said.top_p is None else said.top_p,
            stop=stop,
            seed=said.seed,
        ),
        stream=bool(said.stream),
        include_usage=bool(said.stream_options and said.stream_options.include_usage),
    )


def _refuse_what_cannot_be_honoured(said: _Body) -> None:
    asked: Mapping[str, bool] = {
        "n": said.n is not None and said.n != 1,
        "logprobs": bool(said.logprobs),
        "top_logprobs": bool(said.top_logprobs),
        "presence_penalty": bool(said.presence_penalty),
        "frequency_penalty": bool(said.frequency_penalty),
        "logit_bias": bool(said.logit_bias),
        "response_format": said.response_format is not None and said.response_format.type != "text",
        "tools": bool(said.tools) and said.tool_choice != "none",
        "functions": bool(said.functions),
        "modalities": said.modalities is not None and said.modalities != ["text"],
        "audio": said.audio is not None,
    }
    for name, wanted in asked.items():
        if wanted:
            raise _unsupported(name)


def _message(said: _Message, where: str) -> Message:
    role = _ROLES.get(said.role)
    if role is None:
        raise _unsupported(f"{where}.role")
    if said.tool_calls:
        raise _unsupported(f"{where}.tool_calls")
    if isinstance(said.content, str):
        return Message(role, said.content)
    parts = said.content or []
    if any(part.type != "text" for part in parts):
        raise _unsupported(f"{where}.content")
    return Message(role, "".join(part.text or "" for part in parts))


def _unsupported(name: str) -> BadRequest:
    return BadRequest(f"`{name}` cannot be honoured here; leave it out", name, "unsupported_parameter")


@dataclass(frozen=True, slots=True)
class Reply:
    """What every byte of one answer carries."""

    id: str
    model: str
    created: int
    fingerprint: str

    def completion(self, text: str, finish: Finish) -> dict[str, Any]:
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish.reason}
        return self._envelope("chat.completion", [choice]) | {"usage": _usage(finish)}

    def opening(self, include_usage: bool) -> bytes:
        return self._chunk({"role": "assistant", "content": ""}, None, include_usage)

    def delta(self, text: str, include_usage: bool) -> bytes:
        return self._chunk({"content": text}, None, include_usage)

    def closing(self, finish: Finish, include_usage: bool) -> bytes:
        """The finish, the usage where it was asked for, and the end."""
        usage = self._envelope("chat.completion.chunk", []) | {"usage": _usage(finish)}
        last = event(usage) if include_usage else b""
        return self._chunk({}, finish.reason, include_usage) + last + b"data: [DONE]\n\n"

    def _chunk(self, delta: dict[str, Any], reason: Literal["stop", "length"] | None, include_usage: bool) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        chunk = self._envelope("chat.completion.chunk", [choice])
        return event(chunk | {"usage": None} if include_usage else chunk)

    def _envelope(self, kind: str, choices: list[Any]) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": self.fingerprint,
            "choices": choices,
        }


def _usage(finish: Finish) -> dict[str, Any]:
    return {
        "prompt_tokens": finish.prompt_tokens,
        "completion_tokens": finish.completion_tokens,
        "total_tokens": finish.prompt_tokens + finish.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": 0},
    }


def model_card(id: str, root: str, base: str, created: int) -> dict[str, Any]:
    parent = None if root == "memsrv/base" else base
    return {"id": id, "object": "model", "created": created, "owned_by": "memsrv", "root": root, "parent": parent}


def event(data: Mapping[str, Any]) -> bytes:
    """One server-sent event."""
    return b"data: " + json.dumps(data, ensure_ascii=False).encode() + b"\n\n"


def error_body(message: str, kind: str, code: str | None, param: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}
