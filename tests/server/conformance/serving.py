"""memsrv's own HTTP application for a client that cannot be given a token: one is put beside each of its requests.

Everything else goes through the guard as it came: names, origins, content types, sizes.
"""

import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import uvicorn

from memsrv.guard import loopback_hosts, loopback_origins
from memsrv.mcp.http import PATH

TOKEN = "a-token-for-tests"
Application = Callable[[MutableMapping[str, Any], Any, Any], Awaitable[None]]


@contextmanager
def served(make: Callable[..., Any]) -> Iterator[str]:
    """The address of what `make(token=, hosts=, origins=)` gives, for as long as it is served."""
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    bound.listen()
    port = bound.getsockname()[1]
    app = make(token=TOKEN, hosts=loopback_hosts(port), origins=loopback_origins(port))
    server = uvicorn.Server(
        uvicorn.Config(_with_token(app), log_config=None, lifespan="on", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}{PATH}"
    finally:
        server.should_exit = True
        thread.join(60)


def _with_token(app: Application) -> Application:
    async def known(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            scope = {**scope, "headers": [*scope["headers"], (b"authorization", f"Bearer {TOKEN}".encode())]}
        await app(scope, receive, send)

    return known
