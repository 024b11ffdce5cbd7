"""The Anthropic API as a teacher, through Anthropic's own client. JSON is asked for as the input of a tool."""

import json
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from memsrv.errors import MissingExtra, TeacherSilent
from memsrv_consolidation.teachers import Prompt, Said, wire
from memsrv_consolidation.teachers.ledger import Usage

#: Given, so that no environment variable can send the key elsewhere.
URL = "https://api.anthropic.com"

_TOOL = "answer"


class _Block(BaseModel):
    type: str
    text: str = ""
    input: dict[str, Any] = {}


class _Counts(BaseModel):
    input_tokens: int = Field(ge=0)
    output_tokens: int = Field(ge=0)
    cache_creation_input_tokens: int | None = Field(None, ge=0)
    cache_read_input_tokens: int | None = Field(None, ge=0)


class _Answer(BaseModel):
    """What we need of a Message; a block of a kind that we do not know has no text."""

    type: Literal["message"]
    content: list[_Block]
    usage: _Counts


class AnthropicTeacher:
    name = "anthropic"
    passage_bytes = 12_000
    answer_tokens = 4_000

    def __init__(self, model: str, url: str, key: str | None, timeout_s: float) -> None:
        try:
            import anthropic
        except ModuleNotFoundError as error:
            raise MissingExtra(f"this teacher needs {error.name}; run `pip install 'memsrv[teacher]'`") from error
        self.model = model
        self._anthropic = anthropic
        self._client = anthropic.Anthropic(
            api_key=key or "none",
            base_url=url or URL,
            max_retries=0,
            timeout=timeout_s,
            http_client=wire.client(timeout_s),
        )

    def say(self, prompt: Prompt) -> Said:
        asked: dict[str, Any] = {
            "model": self.model,
            "max_tokens": prompt.max_tokens,
            "system": prompt.system,
            "messages": [{"role": message.role, "content": message.content} for message in prompt.messages],
        }
        if prompt.schema is not None:
            tool = {"name": _TOOL, "description": "Give the answer.", "input_schema": prompt.schema}
            asked |= {"tools": [tool], "tool_choice": {"type": "tool", "name": _TOOL}}
        try:
            reply = self._client.messages.with_raw_response.create(**asked)
        except self._anthropic.APIStatusError as error:
            raise wire.refusal(self.name, error.status_code, error.response.headers) from error
        except self._anthropic.AnthropicError as error:
            raise wire.broken(self.name, error) from error
        try:
            answer = _Answer.model_validate_json(reply.http_response.content)
        except ValidationError as error:
            raise TeacherSilent(f"{self.name} answered with something else than a message of its API") from error
        counted = answer.usage
        cached = (counted.cache_creation_input_tokens or 0) + (counted.cache_read_input_tokens or 0)
        return Said(_text(answer), Usage(counted.input_tokens + cached, counted.output_tokens))


def _text(answer: _Answer) -> str:
    for block in answer.content:
        if block.type == "tool_use":
            return json.dumps(block.input, ensure_ascii=False)
    return "".join(block.text for block in answer.content if block.type == "text")
