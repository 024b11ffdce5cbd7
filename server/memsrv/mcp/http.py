"""MCP over streamable HTTP, as a process: loopback only, one instance of a home, both wires of the protocol.

Revision 2026-07-28 is stateless and 2025-11-25 has sessions; the SDK tells them apart by a header. Host, Origin, token,
content type and size are the guard's business, for every route but `/health`. Knows nothing of what the tools do.
"""

import secrets
import signal
from collections.abc import Callable

import uvicorn
from filelock import Timeout
from mcp.server import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from memsrv import __version__, address, mcp
from memsrv.address import Address
from memsrv.errors import PortInUse
from memsrv.guard import Guard, loopback_hosts, loopback_origins
from memsrv.home import Home
from memsrv.mcp.tools import Verbs

PATH = "/mcp"
GRACE_SECONDS = 5  # what calls under way get when the process is told to end
SESSIONS = 256  # of the wire that has them; one that nobody uses ends after half an hour (the SDK's default)


def application(verbs: Verbs, *, token: str, hosts: frozenset[str], origins: frozenset[str] = frozenset()) -> Starlette:
    """The routes `/mcp` and `/health` over `verbs`, behind the guard."""
    return guarded(mcp.build(verbs), token=token, hosts=hosts, origins=origins)


def guarded(
    server: MCPServer, *, token: str, hosts: frozenset[str], origins: frozenset[str] = frozenset()
) -> Starlette:
    app = server.streamable_http_app(
        streamable_http_path=PATH,
        max_sessions=SESSIONS,
        # The guard is stricter: the SDK lets any port of localhost pass as an Origin.
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    app.add_route("/health", _health, methods=["GET"])
    app.add_middleware(
        Guard, token=token, hosts=hosts, origins=origins, request_id=lambda: f"req_{secrets.token_hex(12)}"
    )
    return app


async def _health(request: Request) -> Response:
    return JSONResponse({"status": "ok", "version": __version__})


def serve(verbs: Verbs, home: Home, *, port: int, announce: Callable[[Address], None]) -> None:
    """Serve until a signal comes or the terminal goes; `announce` is told once connections are accepted.

    PortInUse where the port is taken, or where this home is served over HTTP already.
    """
    door = address.mcp(home)
    held = door.lock()
    try:
        held.acquire(timeout=2)  # who looks whether one runs holds it for a moment
    except Timeout as error:
        there = door.address()
        where = f" at {there.url}{PATH}, by process {there.pid}" if there else ""
        raise PortInUse(f"MCP over HTTP is served already{where}; use that one, or end it first") from error
    try:
        token = address.token(home)
        bound = address.bind(port, "give another `--port` or set `mcp_port` in config.toml; 0 takes a free one")
        port = bound.getsockname()[1]
        app = application(verbs, token=token, hosts=loopback_hosts(port), origins=loopback_origins(port))
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="on",
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        if hasattr(signal, "SIGHUP"):  # uvicorn sees to the other signals itself
            signal.signal(signal.SIGHUP, server.handle_exit)
        bound.listen()  # from here on connections wait for the server, however long it takes to start
        announce(door.say(port))
        server.run(sockets=[bound])
    finally:
        door.file.unlink(missing_ok=True)
        held.release()
