"""What of Gemini CLI's format is known, versions 0.1 to 0.61; all else is counted by name, so that drift is seen.

A table, no behaviour: a new name here means that somebody looked at it and decided how it is read.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from memsrv.sources.fields import name


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SPOKEN = frozenset({"user", "gemini", "model"})  # `model` as other writers of this format have it
TYPES = SPOKEN | {"info", "error", "warning"}

_HEADER = _words(
    """
    sessionId projectHash startTime lastUpdated messages summary directories kind memoryScratchpad
    activeExtensionName
    """
)
_MESSAGE = _words("id timestamp type content displayContent toolCalls thoughts tokens model")
_CALL = _words(
    """
    id name args result status timestamp resultDisplay agentId displayName description renderOutputAsMarkdown
    """
)
_PART = _words(
    """
    text thought thoughtSignature functionCall functionResponse inlineData fileData executableCode
    codeExecutionResult videoMetadata
    """
)
_STATUS = _words("success error cancelled validating scheduled executing awaiting_approval")


def header(record: Mapping[str, Any]) -> Iterator[str]:
    return (f"field:{name(field)}" for field in record if field not in _HEADER)


def message(record: Mapping[str, Any]) -> Iterator[str]:
    """The names in a message that nobody looked at yet: `type:x`, `field:x`, `call:x`, `status:x`, `part:x`."""
    kind = record.get("type")
    if not isinstance(kind, str) or kind not in TYPES:
        yield f"type:{name(kind)}"
        return
    yield from (f"field:{name(field)}" for field in record if field not in _MESSAGE)
    calls = record.get("toolCalls")
    for call in calls if isinstance(calls, list) else []:
        if not isinstance(call, Mapping):
            yield f"call:{type(call).__name__}"
            continue
        yield from (f"call:{name(field)}" for field in call if field not in _CALL)
        if not isinstance(call.get("status"), str) or call["status"] not in _STATUS:
            yield f"status:{name(call.get('status'))}"
    content = record.get("content")
    if content is not None and not isinstance(content, str | list | Mapping):
        yield f"content:{type(content).__name__}"
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, Mapping):
            yield from (f"part:{name(field)}" for field in part if field not in _PART)
