"""The guard in front of every route: Host, Origin, token, content type and size, in that order.

Pure ASGI. A web page can reach a loopback port through a name it controls, so Host and Origin must match exactly; a
local process must know the token. Only `/health` is open. Both HTTP servers stand behind it; it knows neither.
"""

import hmac
import json
from collections.abc import Callable
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_LIMIT = 4 * 1024 * 1024
OPEN = ("/health",)


def loopback_hosts(port: int) -> frozenset[str]:
    """The exact Host headers under which a process bound to loopback may be addressed."""
    return frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]"))


def loopback_origins(port: int) -> frozenset[str]:
    """The origins of a page that such a process would serve itself; any other port is somebody else's page."""
    return frozenset(f"http://{host}" for host in loopback_hosts(port))


class Guard:
    def __init__(
        self,
        app: ASGIApp,
        *,
        token: str,
        hosts: frozenset[str],
        request_id: Callable[[], str],
        origins: frozenset[str] = frozenset(),
        limit: int = BODY_LIMIT,
    ) -> None:
        self._app = app
        self._token = token.encode()
        self._hosts = hosts
        self._origins = origins
        self._request_id = request_id
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # no websockets here; the server closes the connection
        identity = self._request_id()

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-request-id"] = identity
            await send(message)

        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _say(named, *refusal)
            return
        if scope["method"] not in ("POST", "PUT", "PATCH"):
            await self._app(scope, receive, named)
            return
        body = await self._body(receive)
        if body is None:
            await _say(named, 413, "request_too_large", f"the body is larger than {self._limit} bytes; send less")
            return
        await self._app(scope, _replayed(body, receive), named)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str, str] | None:
        if len(headers.getlist("host")) != 1 or headers["host"].lower() not in self._hosts:
            return (
                403,
                "forbidden_host",
                "this server answers to its own loopback address only; use the one it printed",
            )
        if any(origin not in self._origins for origin in headers.getlist("origin")):
            return 403, "forbidden_origin", "web pages may not use this server"
        if scope["path"] not in OPEN and not self._knows_token(headers):
            return 401, "invalid_api_key", "the token is missing or wrong; it lies in MEMSRV_HOME/token"
        if scope["method"] in ("POST", "PUT", "PATCH"):
            kind = headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind != "application/json":
                return 415, "unsupported_media_type", "send the body as application/json"
            length = headers.get("content-length", "")
            if length.isdigit() and int(length[:20]) > self._limit:
                return 413, "request_too_large", f"the body is larger than {self._limit} bytes; send less"
        return None

    def _knows_token(self, headers: Headers) -> bool:
        given = [headers.get("x-api-key", "")]
        scheme, _, value = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            given.append(value.strip())
        return any(hmac.compare_digest(one.encode(), self._token) for one in given)

    async def _body(self, receive: Receive) -> bytes | None:
        """The whole body, or None where it is too large: a length that was announced proves nothing."""
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return bytes(body)
            body += message.get("body", b"")
            if len(body) > self._limit:
                return None
            if not message.get("more_body", False):
                return bytes(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives `body` once, and after that what really comes (a disconnect)."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


async def _say(send: Send, status: int, code: str, sentence: str) -> None:
    kind = "authentication_error" if status == 401 else "invalid_request_error"
    error: dict[str, Any] = {"message": sentence, "type": kind, "param": None, "code": code}
    body = json.dumps({"error": error}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))  # RFC 9110 §11.6.1
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
