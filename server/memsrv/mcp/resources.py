"""What can be read by address, `memory://…`: memories, sessions in brief, the state, the context; listed in pages.

A list is in one order, and a cursor says after what a page begins, not at which place: what is remembered between two
pages shifts nothing. Knows no store: the verbs come in as an argument.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import anyio.to_thread
from mcp.server import MCPServer
from mcp.server.context import CallNext, HandlerResult, ServerMiddleware, ServerRequestContext
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS

from memsrv import echo
from memsrv.errors import MemsrvError, NotFound
from memsrv.layout import one_line, printable
from memsrv.mcp import words
from memsrv.mcp.lengths import fitted, sentence
from memsrv.outline import outline
from memsrv.records import to_dict

PAGE = 50
_LISTS = {"tools/list": "tools", "prompts/list": "prompts", "resources/templates/list": "resourceTemplates"}


def add_resources(server: MCPServer, verbs: Any) -> None:
    """The addresses that are always there, and the forms of the others."""

    @server.resource("memory://status", title="Status", description="What is remembered, learned and served.")
    def status() -> str:
        return _read(lambda: words.standing(words.brief(to_dict(verbs.status()))))

    @server.resource("memory://context", title="Context", description="What holds now, in the five context blocks.")
    def context() -> str:
        return _read(lambda: to_dict(verbs.context())["text"])

    @server.resource("memory://long-term", title="Long-term memory", description="What has held since last night.")
    def long_term() -> str:
        return _read(lambda: to_dict(verbs.long_term())["text"])

    @server.resource("memory://record/{id}", title="A record", description="A memory or turn, with its evidence.")
    def record(id: str) -> str:
        return _read(lambda: outline(fitted(words.opened(to_dict(verbs.show(id))))))

    @server.resource("memory://session/{id}", title="A session", description="A session in brief.")
    def session(id: str) -> str:
        return _read(lambda: to_dict(verbs.compact(id))["text"])


def _read(words_of: Callable[[], str]) -> str:
    try:
        return echo.fence(printable(words_of()))
    except NotFound as error:
        raise ResourceNotFoundError(sentence(error)) from error
    except MemsrvError as error:
        raise ResourceError(sentence(error)) from error


def paging(verbs: Any, page: int = PAGE) -> ServerMiddleware[object]:
    """Adds this project's sessions and memories to the list of resources; gives any list `page` entries at a time."""

    async def paged(ctx: ServerRequestContext[object], call_next: CallNext) -> HandlerResult:
        name = "resources" if ctx.method == "resources/list" else _LISTS.get(ctx.method)
        if name is None:
            return await call_next(ctx)
        after = _place((ctx.params or {}).get("cursor"))
        listed = await call_next(ctx)
        if not isinstance(listed, Mapping):
            return listed
        entries = list(listed[name])
        if name == "resources":
            entries += await anyio.to_thread.run_sync(_entries, verbs)
        if after and after not in map(_mark, entries):
            raise MCPError(INVALID_PARAMS, "that cursor is not of this list, or what it stood for is gone; list anew")
        first = next((place for place, one in enumerate(entries, 1) if _mark(one) == after), 0)
        shown = entries[first : first + page]
        more = {"nextCursor": _cursor(shown[-1])} if first + page < len(entries) else {}
        return {**listed, name: shown, **more}

    return paged


def _entries(verbs: Any) -> list[dict[str, Any]]:
    """Sessions, then memories, the newest of each first. Where nothing may be given back, none."""
    try:
        sessions, memories = to_dict(verbs.sessions())["sessions"], to_dict(verbs.memories())["memories"]
    except MemsrvError:
        return []  # reading one says why
    return [*map(_session, _newest_first(sessions, "started")), *map(_memory, _newest_first(memories, "valid_from"))]


def _newest_first(records: Sequence[Mapping[str, Any]], time: str) -> list[Mapping[str, Any]]:
    return sorted(records, key=lambda one: (one[time] or "", one["id"]), reverse=True)


def _session(session: Mapping[str, Any]) -> dict[str, Any]:
    told = " ".join(filter(None, (session["agent"], (session["started"] or "")[:10])))
    return _entry("session", session["id"], session["title"] or f"Session {session['id']}", told)


def _memory(memory: Mapping[str, Any]) -> dict[str, Any]:
    told = " ".join(filter(None, (memory["kind"], (memory["valid_from"] or "")[:10])))
    return _entry("record", memory["id"], memory["text"], told)


def _entry(form: str, id: str, title: str, told: str) -> dict[str, Any]:
    title = printable(one_line(title))
    short = title if len(title) <= 120 else f"{title[:119]}…"
    address = f"memory://{form}/{quote(id, safe='')}"
    return {"uri": address, "name": id, "title": short, "description": told, "mimeType": "text/plain"}


def _mark(entry: Mapping[str, Any]) -> str:
    return str(entry.get("uri") or entry.get("uriTemplate") or entry["name"])


def _cursor(entry: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps({"after": _mark(entry)}).encode()).decode()


def _place(cursor: object) -> str | None:
    if cursor is None:
        return None
    try:
        return str(json.loads(base64.urlsafe_b64decode(str(cursor)))["after"])
    except (ValueError, TypeError, KeyError) as error:
        raise MCPError(INVALID_PARAMS, "that is no cursor of this server; list anew, without one") from error
