"""What an agent gives a tool, taken as it was meant: other names for an argument, one id where several may be.

The schemas say nothing of this: they are in every agent's context all day. What cannot be meant is refused in a
sentence that names what there is, and never left out in silence. Knows nothing of what the tools do.
"""

from collections.abc import Mapping
from typing import Any

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp.server.mcpserver.tools import Tool
from pydantic import ValidationError

from memsrv.mcp.lengths import sentence

#: Names the project that a client's calls over HTTP are about, unless they name one: one server serves many folders.
PROJECT_HEADER = "memsrv-project"

_ID = ("id", "memory_id", "memory_ids", "record_id")
_BUDGET = ("tokens", "token_budget", "max_tokens")
#: By tool and argument, the names that other memory servers have for the same thing; never one of another meaning.
ALIASES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "memory_search": {
        "query": ("q", "text", "question"),
        "limit": ("k", "top_k", "max_results", "n_results"),
        "kinds": ("kind", "type", "types"),
    },
    "memory_open": {"ids": _ID, "around": ("context", "context_turns")},
    "memory_save": {"text": ("content", "memory", "fact"), "kind": ("type",), "supersedes": ("replaces",)},
    "memory_forget": {"ids": _ID, "confirm": ("token", "confirm_token")},
    "session_compact": {"session": ("session_id", "id"), "budget": _BUDGET},
    "session_recover": {"session": ("session_id", "id"), "budget": _BUDGET},
    "memory_ask": {"question": ("query", "q", "prompt")},
}
_LISTS = ("ids", "kinds")


class Asked(Tool):
    """A tool whose failures are sentences that end in what to do next, the SDK's own included."""

    async def run(self, arguments: dict[str, Any], context: Context[Any, Any], convert_result: bool = False) -> Any:
        try:
            given = self._with_project(self._as_meant(arguments), context)
            return await super().run(given, context, convert_result)
        except UnexpectedToolError as error:
            words = f"{self.name} failed in a way that nobody foresaw; run `memsrv doctor`, or try something else"
            raise UnexpectedToolError(words) from error.__cause__
        except ToolError as error:
            cause = error.__cause__
            words = self._refused(cause) if isinstance(cause, ValidationError) else str(cause or error)
            raise ToolError(sentence(words)) from cause

    @property
    def _known(self) -> list[str]:
        return list(self.parameters["properties"])

    def _as_meant(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        given = dict(arguments)
        for name, others in ALIASES.get(self.name, {}).items():
            for other in others:
                if other in given and name not in given:
                    given[name] = given.pop(other)
        for name in _LISTS:
            if isinstance(given.get(name), str) and not given[name].lstrip().startswith("["):
                given[name] = [given[name]]
        if strange := [name for name in given if name not in self._known]:
            raise ToolError(
                f"{self.name} has no argument {' or '.join(f'`{name}`' for name in strange)}; "
                f"call it with {', '.join(f'`{name}`' for name in self._known)}"
            )
        return given

    def _with_project(self, given: dict[str, Any], context: Context[Any, Any]) -> dict[str, Any]:
        said = (context.headers or {}).get(PROJECT_HEADER)
        lacks = "project" in self._known and given.get("project") is None
        return {**given, "project": said} if said and lacks else given

    def _refused(self, error: ValidationError) -> str:
        return f"{self.name} was not called: {refused(error)}; correct that and call it again"


def refused(error: ValidationError) -> str:
    """What is wrong with which argument."""
    wrong = error.errors(include_url=False, include_input=False)
    return "; ".join(f"`{'.'.join(map(str, one['loc']))}`: {one['msg']}" for one in wrong)
