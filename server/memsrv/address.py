"""Where memsrv's HTTP servers are, who may talk to them, and the lock that makes each the only one of its home.

There are two, the endpoint and MCP over HTTP; both bind to loopback, and one token opens both. The lock is the truth
about whether one runs: it goes with its process, however that ends. Knows no HTTP.
"""

import os
import secrets
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from memsrv.errors import EndpointUnavailable, PortInUse
from memsrv.home import Home
from memsrv.lease import Lease
from memsrv.records import from_dict, to_dict

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Address:
    """Written as soon as the port is bound; `/health` then says whether the server can answer yet."""

    pid: int
    host: str
    port: int
    started: str

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Door:
    """One HTTP server of a home, by the files it has there."""

    home: Home
    name: str

    @property
    def file(self) -> Path:
        """Where the server says its address; absent when none runs, or left over from one that was killed."""
        return self.home.root / f"{self.name}.json"

    @property
    def log(self) -> Path:
        return self.home.logs / f"{self.name}.log"

    @property
    def failure(self) -> Path:
        """Why the last start failed, in a sentence; absent otherwise. Whoever asks next is told, once."""
        return self.home.logs / f"{self.name}.failed"

    def lock(self) -> FileLock:
        """The server holds this for as long as it lives."""
        self.home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        return FileLock(self.home.root / f"{self.name}.lock")

    def runs(self) -> bool:
        return self._lease.held()

    def address(self) -> Address | None:
        """Where the server said that it is; None where no file is, or none that can be read."""
        try:
            return from_dict(Address, self._lease.said())
        except (ValueError, TypeError):
            return None

    def say(self, port: int) -> Address:
        """Write that this process now listens on `port`."""
        address = Address(os.getpid(), HOST, port, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
        self._lease.say(to_dict(address))
        return address

    def fail(self, sentence: str) -> None:
        self.failure.parent.mkdir(parents=True, exist_ok=True)
        self.failure.write_text(f"{sentence}\n", "utf-8")

    @property
    def _lease(self) -> Lease:
        return Lease(self.home.root, self.name)


def endpoint(home: Home) -> Door:
    """The OpenAI-compatible endpoint."""
    return Door(home, "endpoint")


def mcp(home: Home) -> Door:
    """`memsrv serve --http`."""
    return Door(home, "mcp")


def token(home: Home) -> str:
    """The secret that every route but `/health` asks for; made on first use, readable by its owner only."""
    if not home.token.exists():
        _make_token(home)
    if readable_by_others(home.token):
        raise EndpointUnavailable(
            f"{home.token} can be read by others; end `memsrv endpoint` and `memsrv serve --http`, delete the file, "
            "and a new one is made"
        )
    return home.token.read_text("utf-8").strip()


def readable_by_others(file: Path) -> bool:
    """Whether anybody but the owner may read `file`; on Windows the user's own folder sees to that."""
    return os.name == "posix" and bool(file.stat().st_mode & 0o077)


def _make_token(home: Home) -> None:
    home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = home.root / f".token-{secrets.token_hex(8)}"
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(32))
    try:
        os.link(part, home.token)  # whole, and only if there is none: two processes may be first at once
    except FileExistsError:
        pass
    finally:
        part.unlink()


def bind(port: int, remedy: str) -> socket.socket:
    """A socket on `port` of loopback, 0 for a free one. PortInUse ends with `remedy`."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name == "posix":  # on Windows this would let a second process take the same port
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
    except OSError as error:
        bound.close()
        raise PortInUse(f"port {port} of {HOST} cannot be bound ({error.strerror}); {remedy}") from error
    return bound
