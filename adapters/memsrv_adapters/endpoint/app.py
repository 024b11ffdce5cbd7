"""The endpoint's routes, over a roster: who may ask is the guard's business, who answers the roster's.

A dialect (OpenAI now) is one wire module and its routes: leases and streams are the same for all of them.
There is no admin route: what is live is decided by the shelf's pointers alone.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from anyio import CancelScope
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from memsrv.errors import AdapterMismatch, MemsrvError, NoAdapterYet, NotFound, NothingConsented, UsageError
from memsrv.guard import Guard
from memsrv_adapters.endpoint import memory, openai_chat
from memsrv_adapters.endpoint.memory import Laid
from memsrv_adapters.endpoint.openai_chat import BadRequest, ChatRequest, Reply, error_body
from memsrv_adapters.endpoint.roster import Lease, Listing, Roster
from memsrv_adapters.engines import Finish, Piece, PromptTooLong, Stream
from memsrv_adapters.recall import SUFFIX, Recall

AT_ONCE = 64  # questions that may be under way; the next one is told to come back
PING_SECONDS = 10.0  # a comment while the prompt is read, so that no proxy takes the silence for death


@dataclass(slots=True)
class Pulse:
    """How the endpoint is doing: whether it can answer yet, and when it last did. Shared with the process around it."""

    ready: bool = False
    under_way: int = 0
    last: float = 0.0


def build(
    roster: Roster,
    *,
    token: str,
    hosts: frozenset[str],
    origins: frozenset[str] = frozenset(),
    pulse: Pulse,
    clock: Callable[[], float],
    now: Callable[[], int],
    new_id: Callable[[], str],
    ping_seconds: float = PING_SECONDS,
    recall: Recall | None = None,
) -> Starlette:
    """The application. `clock` is monotonic seconds, `now` unix seconds, `new_id` gives unguessable words.

    Without `recall` no name asks for memory.
    """
    floor = _Floor(roster, pulse, clock, now, new_id, ping_seconds, recall)
    return Starlette(
        routes=[
            Route("/health", floor.health, methods=["GET"]),
            Route("/v1/models", floor.models, methods=["GET"]),
            Route("/v1/models/{id:path}", floor.model, methods=["GET"]),
            Route("/v1/chat/completions", floor.chat, methods=["POST"]),
        ],
        middleware=[Middleware(Guard, token=token, hosts=hosts, origins=origins, request_id=lambda: f"req_{new_id()}")],
        exception_handlers={MemsrvError: _refused, HTTPException: _no_route, Exception: _broken},
    )


@dataclass(frozen=True, slots=True)
class _Floor:
    roster: Roster
    pulse: Pulse
    clock: Callable[[], float]
    now: Callable[[], int]
    new_id: Callable[[], str]
    ping_seconds: float
    recall: Recall | None

    async def health(self, request: Request) -> Response:
        if self.pulse.ready:
            return JSONResponse({"status": "ok"})
        return JSONResponse({"status": "warming"}, 503, headers={"retry-after": "2"})

    async def models(self, request: Request) -> Response:
        listings = await run_in_threadpool(self.roster.listings)
        if self.recall is not None:
            listings += [one for one in map(_remembering, listings) if one is not None]
        return JSONResponse({"object": "list", "data": [self._card(one) for one in listings]})

    async def model(self, request: Request) -> Response:
        wanted = request.path_params["id"]
        name, remembers = memory.parted(wanted)
        for one in await run_in_threadpool(self.roster.listings):
            if one.id == name and (not remembers or (self.recall is not None and one.project)):
                return JSONResponse(self._card(replace(one, id=wanted)))
        raise NotFound(f"there is no model {wanted[:120]!r}; GET /v1/models lists those there are")

    async def chat(self, request: Request) -> Response:
        asked = openai_chat.read(await request.body())
        if not self.pulse.ready or self.pulse.under_way >= AT_ONCE:
            return self._later()
        async with AsyncExitStack() as stack:
            name, remembers = memory.parted(asked.model)
            lease = await stack.enter_async_context(self._lease(name))
            laid = await run_in_threadpool(self._laid, lease, asked) if remembers else None
            messages = laid.messages if laid else asked.messages
            stream = await run_in_threadpool(lease.engine.stream, messages, lease.label, asked.sampling)
            stack.push_async_callback(run_in_threadpool, stream.close)
            reply = Reply(f"chatcmpl-{self.new_id()}", lease.model, self.now(), f"fp_{lease.engine.base.hash[:12]}")
            headers = {"x-memsrv-adapter": lease.label or "base", **(laid.headers if laid else {})}
            if asked.stream:
                chunks = _chunks(stream, reply, asked.include_usage, self.ping_seconds)
                return _EventStream(chunks, headers, stack.pop_all())
            whole = await _whole(stream, request)
            if whole is None:
                return Response(status_code=499)  # nobody is there to read it
            return JSONResponse(reply.completion(*whole), headers=headers)

    def _laid(self, lease: Lease, asked: ChatRequest) -> Laid:
        if self.recall is None:
            raise NotFound(f"this endpoint was started without memory; ask {lease.model}")
        return memory.lay(self.recall, lease, asked.messages, asked.sampling)

    @asynccontextmanager
    async def _lease(self, name: str) -> AsyncIterator[Lease]:
        """A lease, taken and given back off the event loop; it counts as being under way."""
        self.pulse.under_way += 1
        try:
            with ExitStack() as stack:
                lease = await run_in_threadpool(stack.enter_context, self.roster.lease(name))
                yield lease
        finally:
            self.pulse.under_way -= 1
            self.pulse.last = self.clock()

    def _later(self) -> Response:
        code = "rate_limit_exceeded" if self.pulse.ready else "warming"
        sentence = (
            f"{AT_ONCE} questions are under way; ask again" if self.pulse.ready else "the model is loading; ask again"
        )
        status = 429 if self.pulse.ready else 503
        return JSONResponse(error_body(sentence, "overloaded", code), status, headers={"retry-after": "2"})

    def _card(self, one: Listing) -> dict[str, Any]:
        created = int(datetime.fromisoformat(one.created).timestamp()) if one.created else 0
        return openai_chat.model_card(one.id, one.root, one.base, created)


def _remembering(one: Listing) -> Listing | None:
    """A project's own name once more, as it asks for memory; other names can, too, and would double the list."""
    return replace(one, id=f"{one.id}{SUFFIX}") if one.id == f"memsrv/{one.project}" else None


class _EventStream(StreamingResponse):
    """Chunks as they come. What `held` keeps is given back however it ends: whole, broken, or nobody reading."""

    media_type = "text/event-stream"

    def __init__(self, chunks: AsyncGenerator[bytes, None], headers: dict[str, str], held: AsyncExitStack) -> None:
        super().__init__(chunks, headers={"cache-control": "no-cache", "x-accel-buffering": "no", **headers})
        self._chunks = chunks
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._held, contextlib.aclosing(self._chunks):
            await super().__call__(scope, receive, send)


async def _whole(stream: Stream, request: Request) -> tuple[str, Finish] | None:
    """The whole answer; None as soon as nobody waits for it any more."""
    text: list[str] = []
    while not await request.is_disconnected():
        item = await run_in_threadpool(next, stream)
        if isinstance(item, Finish):
            return "".join(text), item
        text.append(item.text)
    return None


async def _chunks(
    stream: Stream, reply: Reply, include_usage: bool, ping_seconds: float
) -> AsyncGenerator[bytes, None]:
    """The answer as server-sent events, and a comment whenever it is quiet for long."""
    yield reply.opening(include_usage)
    while True:
        coming = asyncio.ensure_future(run_in_threadpool(next, stream))
        try:
            while not coming.done():
                await asyncio.wait({coming}, timeout=ping_seconds)
                if not coming.done():
                    yield b": ping\n\n"
        finally:
            # The thread may be in the middle of a pass: it must be out of the stream before that is closed.
            with CancelScope(shield=True):
                await asyncio.wait({coming})
        try:
            item: Piece | Finish = coming.result()
        except MemsrvError as error:
            yield openai_chat.event(error_body(str(error), "server_error", "engine_failed"))
            return
        except Exception:
            # The status line is long gone: the client learns it here, and the server logs the traceback.
            yield openai_chat.event(error_body("the model failed; see endpoint.log", "server_error", "engine_failed"))
            raise
        if isinstance(item, Finish):
            yield reply.closing(item, include_usage)
            return
        yield reply.delta(item.text, include_usage)


async def _refused(request: Request, error: Exception) -> Response:
    """The one edge where an error of ours becomes words for a client."""
    param, code, status, kind = None, None, 400, "invalid_request_error"
    if isinstance(error, BadRequest):
        param, code = error.param, error.code
    elif isinstance(error, PromptTooLong):
        param, code = "messages", "context_length_exceeded"
    elif isinstance(error, NothingConsented):
        param, code, status, kind = "model", "not_allowed", 403, "permission_error"
    elif isinstance(error, NotFound | NoAdapterYet):
        param, code, status = "model", "model_not_found", 404
    elif isinstance(error, AdapterMismatch):
        code, status, kind = "adapter_mismatch", 500, "server_error"
    elif not isinstance(error, UsageError):
        code, status, kind = "unavailable", 500, "server_error"
    # Asking again cannot mend any of these, though clients retry on 5xx.
    return JSONResponse(error_body(str(error), kind, code, param), status, headers={"x-should-retry": "false"})


async def _no_route(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    sentence = f"{request.method} {request.url.path} is not served here; see docs/contracts.md"
    return JSONResponse(error_body(sentence, "invalid_request_error", "not_found"), status)


async def _broken(request: Request, error: Exception) -> Response:
    """A bug: Starlette raises it again after this, so its traceback is in the log."""
    return JSONResponse(error_body("the endpoint failed; see endpoint.log", "server_error", "internal_error"), 500)
