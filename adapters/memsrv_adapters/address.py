"""Where the running endpoint is, who may talk to it, and the lock that makes it the only one.

Files of `MEMSRV_HOME` shared by the process (`serve.py`) and those who ask it (`client.py`). The lock is the truth
about whether one runs: it goes with its process, however that ends. Knows no HTTP.
"""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from memsrv.errors import EndpointUnavailable
from memsrv.records import from_dict, to_dict
from memsrv.settings import Home
from memsrv_adapters.weights import read_json, write_json


@dataclass(frozen=True, slots=True)
class Address:
    """`endpoint.json`, written as soon as the port is bound; `/health` then says whether it can answer yet."""

    pid: int
    host: str
    port: int
    started: str

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


def lock(home: Home) -> FileLock:
    """The endpoint holds this for as long as it lives."""
    home.root.mkdir(parents=True, exist_ok=True)
    return FileLock(home.root / "endpoint.lock")


def read_address(home: Home) -> Address | None:
    data = read_json(home.endpoint)
    return from_dict(Address, data) if data else None


def write_address(home: Home, address: Address) -> None:
    write_json(home.endpoint, to_dict(address))


def log_file(home: Home) -> Path:
    return home.logs / "endpoint.log"


def failure_file(home: Home) -> Path:
    """Why the last start failed, in a sentence; absent otherwise. Whoever asks next is told, once."""
    return home.logs / "endpoint.failed"


def token(home: Home) -> str:
    """The secret that every route but `/health` asks for; made on first use, readable by its owner only."""
    if not home.token.exists():
        _make_token(home)
    if os.name == "posix" and home.token.stat().st_mode & 0o077:
        raise EndpointUnavailable(
            f"{home.token} can be read by others; run `memsrv endpoint --stop`, delete the file, and a new one is made"
        )
    return home.token.read_text("utf-8").strip()


def _make_token(home: Home) -> None:
    home.root.mkdir(parents=True, exist_ok=True)
    part = home.root / f".token-{secrets.token_hex(8)}"
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(32))
    try:
        os.link(part, home.token)  # whole, and only if there is none: two processes may be first at once
    except FileExistsError:
        pass
    finally:
        part.unlink()


def write_failure(home: Home, sentence: str) -> None:
    file = failure_file(home)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{sentence}\n", "utf-8")
