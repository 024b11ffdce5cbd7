"""Tool definitions without what no reader needs: they are in the agent's context all day.

What pydantic writes and goes: titles, which repeat the names; references to what is used once; `null` beside the type
of an argument that may be left out; and in results empty schemas, defaults and what is required. What is accepted does
not change: the models check it.
"""

from collections.abc import Mapping
from typing import Any

from mcp.server.mcpserver.tools import Tool

_NULL = {"type": "null"}


def slim(tool: Tool) -> Tool:
    tool.parameters = _slimmed(_inlined(tool.parameters), result=False)
    tool.fn_metadata.output_schema = _slimmed(_inlined(tool.fn_metadata.output_schema or {}), result=True)
    return tool


def _inlined(schema: Mapping[str, Any]) -> Any:
    """Every reference replaced by what it stands for; none of our shapes holds itself."""
    named = schema.get("$defs", {})

    def resolved(part: Any) -> Any:
        if isinstance(part, list):
            return [resolved(item) for item in part]
        if not isinstance(part, Mapping):
            return part
        if "$ref" in part:
            return resolved(named[part["$ref"].removeprefix("#/$defs/")])
        return {key: resolved(value) for key, value in part.items() if key != "$defs"}

    return resolved(schema)


def _slimmed(schema: Any, *, result: bool) -> Any:
    if isinstance(schema, list):
        return [_slimmed(item, result=result) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    kept: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "properties":
            kept[key] = {name: _slimmed(field, result=result) for name, field in value.items()}
        elif key == "anyOf" and _NULL in value:
            kept |= _optional([_slimmed(item, result=result) for item in value if item != _NULL], result=result)
        elif not _is_idle(key, value, result=result):
            kept[key] = _slimmed(value, result=result)
    return kept


def _optional(choices: list[dict[str, Any]], *, result: bool) -> dict[str, Any]:
    """A result's null must be announced, as clients check results; an argument is simply left out."""
    if len(choices) > 1:
        return {"anyOf": [*choices, _NULL] if result else choices}
    only = choices[0]
    return {**only, "type": [only["type"], "null"]} if result else only


def _is_idle(key: str, value: Any, *, result: bool) -> bool:
    return (
        key == "title"
        or (key, value) == ("additionalProperties", True)
        or (key == "default" and (result or value is None))
        or (key == "items" and value == {})
        or (key in ("description", "required") and result)
    )
