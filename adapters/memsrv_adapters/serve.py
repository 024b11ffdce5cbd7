"""The endpoint as a process: `python -I -m memsrv.endpoint HOME_ROOT`. One instance, loopback only, gone when idle.

It takes the lock, binds, says its address, and only then loads the model: until that is done `/health` answers 503 and
questions are told to come back. Follows the shelf's pointers; has no state of its own that would outlive it. Memory is
not of this room: `python -I -m memsrv_adapters` is the same without it.
"""

import argparse
import asyncio
import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

import uvicorn
from filelock import Timeout

from memsrv import address, logs
from memsrv.consent import Act, Consent
from memsrv.errors import AdapterMismatch, MemsrvError, NoAdapterYet, NotFound, NothingConsented
from memsrv.guard import loopback_hosts
from memsrv.home import Home
from memsrv.settings import load
from memsrv_adapters.base import TINY, Base, resolve
from memsrv_adapters.endpoint.app import Pulse, build
from memsrv_adapters.endpoint.roster import Roster
from memsrv_adapters.engines import EngineOf
from memsrv_adapters.engines.local import LocalEngine
from memsrv_adapters.recall import Recall
from memsrv_adapters.shelf import Shelf
from memsrv_adapters.version import shelf_name

GRACE_SECONDS = 10  # what answers under way get when the process is told to end

log = logging.getLogger("memsrv.endpoint")


def main(argv: Sequence[str], recall_of: Callable[[Home], Recall] | None = None) -> int:
    """`recall_of` a home gives what stands before a question that asks for memory."""
    options = _options().parse_args(argv)
    home = Home(options.home.absolute())
    os.umask(0o077)  # what memsrv writes is its user's alone, from the first byte on
    logs.start(home, "endpoint", load(home))
    door = address.endpoint(home)
    held = door.lock()
    try:
        held.acquire(timeout=2)  # a client that looks whether one runs holds it for a moment
    except Timeout:
        log.info("endpoint.runs_already")
        return 0
    try:
        door.file.unlink(missing_ok=True)  # of one that was killed
        door.failure.unlink(missing_ok=True)
        serve(
            home,
            base=options.base,
            project=options.project,
            port=options.port,
            idle_seconds=options.idle_minutes * 60,
            engine_of=lambda base: LocalEngine(base, threads=options.threads),
            recall=recall_of(home) if recall_of is not None else None,
        )
    except MemsrvError as error:
        door.fail(str(error))
        log.error("endpoint.failed: %s", error)
        return error.exit_code
    except Exception as error:
        door.fail(f"the endpoint failed ({error!r}); see {door.log}")
        raise
    finally:
        door.file.unlink(missing_ok=True)
        held.release()
    return 0


def serve(
    home: Home, *, base: str, project: str | None, port: int, idle_seconds: float, engine_of: EngineOf,
    recall: Recall | None = None,
) -> None:  # fmt: skip
    """Serve until idle, or told to end. Raises what kept it from serving; the caller holds the lock."""
    token = address.token(home)
    bound = address.bind(port, "set `port = 0` in config.toml for a free one")
    port = bound.getsockname()[1]

    def found(name: str) -> Base:
        return resolve(name, home.models)

    def closed() -> set[str]:
        """By the settings of this moment: a no holds at once."""
        return set(map(shelf_name, Consent(load(home)).refused(Act.RECALL, "projects")))

    roster = Roster(Shelf(home.adapters), default_base=base, resolve=found, engine_of=engine_of, closed=closed)
    pulse = Pulse()
    app = build(
        roster,
        token=token,
        hosts=loopback_hosts(port),
        pulse=pulse,
        clock=time.monotonic,
        now=lambda: int(time.time()),
        new_id=lambda: secrets.token_hex(12),
        recall=recall,
    )
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )
    failures: list[Exception] = []

    def warm() -> None:
        try:
            _warm(roster, project)
        except Exception as error:  # noqa: BLE001  # carried to the main thread, which raises it
            failures.append(error)
            server.should_exit = True
        else:
            pulse.last = time.monotonic()
            pulse.ready = True
            log.info("endpoint.ready")

    def stop(number: int, frame: FrameType | None) -> None:
        server.should_exit = True

    # uvicorn raises the signal that ended it once more when it is done; here the end is orderly, and exits with 0.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    address.endpoint(home).say(port)
    log.info("endpoint.bound port=%d", port)
    threading.Thread(target=warm, name="warming", daemon=True).start()
    asyncio.run(_until_idle(server, bound, pulse, idle_seconds))
    if failures:
        raise failures[0]
    log.info("endpoint.ended")


def _warm(roster: Roster, project: str | None) -> None:
    """Load what the first question needs. Where nothing is promoted, that is the bare base."""
    try:
        roster.warm(f"memsrv/{project}" if project else None)
    except (NoAdapterYet, NotFound, NothingConsented):
        roster.warm(None)
    except AdapterMismatch as error:
        log.warning("endpoint.version_refused: %s", error)  # who asks for it is told; other names can be asked


async def _until_idle(server: uvicorn.Server, bound: socket.socket, pulse: Pulse, idle_seconds: float) -> None:
    serving = asyncio.ensure_future(server.serve(sockets=[bound]))
    while True:
        resting = pulse.ready and not pulse.under_way
        left = idle_seconds - (time.monotonic() - pulse.last) if resting else min(idle_seconds, 1.0)
        if left <= 0:
            log.info("endpoint.idle")
            server.should_exit = True
            break
        done, _ = await asyncio.wait({serving}, timeout=left)
        if done:
            break
    await serving


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="memsrv_adapters", description="Serve base and adapters on loopback.")
    parser.add_argument("home", type=Path, help="MEMSRV_HOME")
    parser.add_argument("--base", default=TINY)
    parser.add_argument("--project", help="whose current version is loaded first")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--idle-minutes", type=float, default=20.0)
    parser.add_argument("--threads", type=int, default=1)
    return parser
