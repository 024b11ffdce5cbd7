"""Teachers: models that help the rules to reflect and to synthesise. One Protocol, one file each; no teacher is rules.

A teacher is asked through the `gateway` alone, which redacts, pays and writes down. Knows nothing of facts.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from memsrv.errors import UsageError
from memsrv.records import Message, to_dict
from memsrv_consolidation.run import TeacherOrder
from memsrv_consolidation.teachers.ledger import Usage

#: Tokens that a server may put around each message, and around a schema that it turns into a tool; both are more than
#: any documented template takes (the Anthropic documentation tells 313 to 530 for a tool that must be used).
AROUND_A_MESSAGE = 16
AROUND_A_SCHEMA = 600


@dataclass(frozen=True, slots=True)
class Prompt:
    """One question to a teacher. `schema` is the JSON schema that the answer must satisfy."""

    system: str
    messages: tuple[Message, ...]
    max_tokens: int
    schema: Mapping[str, Any] | None = None

    @property
    def worst(self) -> Usage:
        """The most tokens that it can cost: no tokenizer makes more than one token of a byte."""
        texts = [self.system, *(message.content for message in self.messages)]
        if self.schema is not None:
            texts.append(json.dumps(self.schema))
        around = AROUND_A_MESSAGE * (len(self.messages) + 1) + (AROUND_A_SCHEMA if self.schema is not None else 0)
        return Usage(sum(len(text.encode("utf-8", "replace")) for text in texts) + around, self.max_tokens)

    def digest(self, teacher: str, model: str) -> str:
        """What is equal for equal questions to the same model."""
        said = json.dumps([teacher, model, to_dict(self)], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Said:
    """An answer; `usage` is None where the server did not tell."""

    text: str
    usage: Usage | None


class Teacher(Protocol):
    """`passage_bytes`: how long a text it reads at once; `answer_tokens`: the longest answer that it is asked for."""

    name: str
    model: str
    passage_bytes: int
    answer_tokens: int

    def say(self, prompt: Prompt) -> Said:
        """One request, never repeated. TeacherRefused: it did no work. TeacherSilent: nobody knows."""
        ...


def teacher(order: TeacherOrder, key: str | None) -> Teacher:
    """The teacher that was ordered. `key` is its secret; a server on loopback may need none."""
    if order.name == "anthropic":
        from memsrv_consolidation.teachers.anthropic import AnthropicTeacher

        return AnthropicTeacher(order.model, order.url, key, order.timeout_s)
    if order.name == "openai":
        from memsrv_consolidation.teachers.openai import OpenAITeacher

        return OpenAITeacher(order.model, order.url, key, order.timeout_s)
    if order.name == "local":
        from memsrv_consolidation.teachers.local import LocalTeacher

        return LocalTeacher(order.model, order.url, key, order.timeout_s)
    raise UsageError(f"there is no teacher `{order.name}`; there are anthropic, openai, local and rules")
