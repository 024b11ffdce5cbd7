"""Any server that speaks OpenAI's chat completions, as a teacher, through OpenAI's own client.

JSON is asked for in words: not every server knows `response_format`.
"""

from typing import Any

from pydantic import BaseModel, Field, ValidationError

from memsrv.errors import MissingExtra, TeacherSilent
from memsrv_consolidation.teachers import Prompt, Said, wire
from memsrv_consolidation.teachers.ledger import Usage

#: Given, so that no environment variable can send the key elsewhere.
URL = "https://api.openai.com/v1"


class _Words(BaseModel):
    content: str | None = None


class _Choice(BaseModel):
    message: _Words


class _Counts(BaseModel):
    prompt_tokens: int = Field(ge=0)
    completion_tokens: int = Field(ge=0)


class _Answer(BaseModel):
    """What we need of a chat completion."""

    choices: list[_Choice] = Field(min_length=1)
    usage: _Counts | None = None


class OpenAITeacher:
    name = "openai"
    passage_bytes = 12_000
    answer_tokens = 4_000

    def __init__(self, model: str, url: str, key: str | None, timeout_s: float) -> None:
        try:
            import openai
        except ModuleNotFoundError as error:
            raise MissingExtra(f"this teacher needs {error.name}; run `pip install 'memsrv[teacher]'`") from error
        self.model = model
        self._openai = openai
        # OpenAI's newer models refuse `max_tokens`; most other servers know nothing else.
        self._limit = "max_tokens" if url else "max_completion_tokens"
        self._client = openai.OpenAI(
            api_key=key or "none",
            base_url=url or URL,
            max_retries=0,
            timeout=timeout_s,
            http_client=wire.client(timeout_s),
        )

    def say(self, prompt: Prompt) -> Said:
        asked: dict[str, Any] = {"model": self.model, "messages": messages(prompt), self._limit: prompt.max_tokens}
        try:
            reply = self._client.chat.completions.with_raw_response.create(**asked)
        except self._openai.APIStatusError as error:
            raise wire.refusal(self.name, error.status_code, error.response.headers) from error
        except self._openai.OpenAIError as error:
            raise wire.broken(self.name, error) from error
        return read(self.name, reply.http_response.content)


def messages(prompt: Prompt) -> list[dict[str, str]]:
    said = [{"role": message.role, "content": message.content} for message in prompt.messages]
    return [{"role": "system", "content": prompt.system}, *said]


def read(who: str, body: bytes) -> Said:
    """A chat completion; TeacherSilent where it is none."""
    try:
        answer = _Answer.model_validate_json(body)
    except ValidationError as error:
        raise TeacherSilent(f"{who} answered with something else than a chat completion") from error
    counted = answer.usage
    usage = Usage(counted.prompt_tokens, counted.completion_tokens) if counted else None
    return Said(answer.choices[0].message.content or "", usage)
