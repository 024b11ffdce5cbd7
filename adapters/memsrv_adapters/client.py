"""Asking the endpoint, and starting or ending it: what the torch-free rooms use of serving.

Nothing here waits for a model to load: while the endpoint starts, the reply is `Warming`, at once. Knows the files of
`memsrv.address` and the wire, and nothing of engines.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote

import httpx
import psutil

from memsrv import address, logs
from memsrv.environment import child_environment
from memsrv.errors import EndpointUnavailable, NoAdapterYet, NotFound
from memsrv.home import Home
from memsrv.layout import says_not_recorded
from memsrv.records import Message, to_dict
from memsrv.settings import Settings
from memsrv_adapters.recall import SUFFIX
from memsrv_adapters.shelf import Shelf
from memsrv_adapters.version import checked_project

ANSWER_TOKENS = 256

#: The endpoint with the store's memory. It lies above this room, which starts it and never imports it.
PROCESS = "memsrv.endpoint"


@dataclass(frozen=True, slots=True)
class Answer:
    """`model` is the exact name that answered; `adapter` `<project>@v3` or `base`; `known` false for "not recorded".

    `given`: the ids of what stood before the question.
    """

    answer: str
    model: str
    adapter: str
    known: bool
    given: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Warming:
    """The endpoint is starting: ask again in `retry_s` seconds."""

    retry_s: float = 2.0


@dataclass(frozen=True, slots=True)
class EndpointState:
    """`warming` covers everything from the process's first moment to its first answer."""

    state: Literal["stopped", "warming", "ready"]
    pid: int | None = None
    url: str | None = None
    started: str | None = None


def endpoint_state(home: Home) -> EndpointState:
    """Whether an endpoint runs, and whether it can answer. Starts nothing."""
    if not address.endpoint(home).runs():
        return EndpointState("stopped")
    at = address.endpoint(home).address()
    if at is None:
        return EndpointState("warming")  # it has the lock, and not yet a port
    try:
        with _http() as http:
            ready = http.get(f"{at.url}/health", timeout=2).status_code == 200
    except httpx.TransportError:
        ready = False  # between binding and listening, or ending: in both cases, ask again
    return EndpointState("ready" if ready else "warming", at.pid, at.url, at.started)


def start_endpoint(home: Home, settings: Settings, project: str | None = None) -> None:
    """Start the endpoint, detached from this process, unless one runs. Returns at once."""
    if address.endpoint(home).runs():
        return
    home.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
    command = [sys.executable, "-I", "-m", PROCESS, str(home.root)]
    command += ["--base", settings.base, "--port", str(settings.port), "--threads", str(settings.cpu_threads)]
    command += ["--idle-minutes", str(settings.idle_minutes)]
    command += ["--project", project] if project else []
    log_file = address.endpoint(home).log
    logs.rotate(log_file, settings.keep.log_mib)
    with open(log_file, "ab", opener=lambda path, flags: os.open(path, flags, 0o600)) as log:
        subprocess.Popen(
            command,
            cwd=home.root,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=child_environment(),
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # what detaches on Windows
        )


def stop_endpoint(home: Home, seconds: float = 15.0) -> bool:
    """End the endpoint and wait until it is gone; answers under way may finish. False where none ran."""
    if not address.endpoint(home).runs():
        return False
    at = address.endpoint(home).address()
    if at is None:
        raise EndpointUnavailable("the endpoint is only just starting; try again in a few seconds")
    limit = time.monotonic() + seconds
    try:
        process = psutil.Process(at.pid)
        process.terminate()
        while process.status() != psutil.STATUS_ZOMBIE:  # its parent may be another process, and slow to notice
            if time.monotonic() > limit:
                raise EndpointUnavailable(
                    f"the endpoint (process {at.pid}) did not end within {seconds:g} seconds; end it by hand"
                )
            time.sleep(0.02)
    except psutil.NoSuchProcess:
        pass  # gone, which is what was asked for
    return True


def wait_until_ready(home: Home, seconds: float, poll: float = 0.1) -> EndpointState:
    """Wait for an endpoint that was started. EndpointUnavailable says why it never came, as far as it said so."""
    limit = time.monotonic() + seconds
    seen = False
    while True:
        state = endpoint_state(home)
        if state.state == "ready":
            return state
        _tell_failure(home)
        if seen and state.state == "stopped":
            raise EndpointUnavailable(
                "the endpoint ended while it was starting (was there too little memory?); "
                f"see {address.endpoint(home).log}"
            )
        seen = seen or state.state == "warming"
        if time.monotonic() > limit:
            raise EndpointUnavailable(
                f"the endpoint was not ready within {seconds:g} seconds; see {address.endpoint(home).log}"
            )
        time.sleep(poll)


def ask(
    home: Home,
    question: str,
    *,
    settings: Settings,
    project: str | None = None,
    model: str | None = None,
    with_memory: bool = False,
    wait_seconds: float = 0.0,
    timeout: float = 120.0,
) -> Answer | Warming:
    """The answer of `model`, or of what is live for `project`; closed book, as it was probed, unless `with_memory`.

    Starts the endpoint where none runs. Replies `Warming` at once while it starts, unless told to wait for it.
    NoAdapterYet where nothing is promoted for the project; with memory its base answers then.
    """
    name = model or _live(home, project, or_base=with_memory)
    project = project or _project_of(name)
    name = f"{name.removesuffix(SUFFIX)}{SUFFIX}" if with_memory else name
    state = endpoint_state(home)
    if state.state == "stopped":
        _tell_failure(home)
        start_endpoint(home, settings, project)
        state = EndpointState("warming")
    if state.state == "warming" and wait_seconds > 0:
        state = wait_until_ready(home, wait_seconds)
    if state.state != "ready" or state.url is None:
        return Warming()
    return _asked(state.url, address.token(home), name, (Message("user", question),), timeout)


def _asked(url: str, token: str, name: str, messages: Sequence[Message], timeout: float) -> Answer | Warming:
    body = {"model": name, "messages": to_dict(messages), "max_tokens": ANSWER_TOKENS}
    try:
        with _http() as http:
            reply = http.post(
                f"{url}/v1/chat/completions", json=body, headers={"authorization": f"Bearer {token}"}, timeout=timeout
            )
    except httpx.TimeoutException as error:
        raise EndpointUnavailable(f"the endpoint gave no answer within {timeout:g} seconds; ask again") from error
    except httpx.ConnectError:
        return Warming()  # it went idle in this very moment; the next question starts it again
    except httpx.TransportError as error:
        raise EndpointUnavailable(f"the endpoint broke off ({error}); ask again") from error
    if reply.status_code == 503:
        return Warming()
    said: dict[str, Any] = reply.json()
    if reply.status_code != 200:
        sentence, code = said["error"]["message"], said["error"]["code"]
        raise (NotFound if code == "model_not_found" else EndpointUnavailable)(sentence)
    text: str = said["choices"][0]["message"]["content"]
    given = tuple(unquote(id) for id in reply.headers.get("x-memsrv-memory-ids", "").split(",") if id)
    return Answer(text, said["model"], reply.headers["x-memsrv-adapter"], not says_not_recorded(text), given)


def _live(home: Home, project: str | None, *, or_base: bool) -> str:
    if project is None:
        return "memsrv/base"
    if Shelf(home.adapters).pointers(checked_project(project)).current is None:
        if or_base:
            return f"memsrv/{project}:base"
        raise NoAdapterYet(
            f"no adapter has been promoted for {project}; run `memsrv consolidate`, or see `memsrv runs`"
        )
    return f"memsrv/{project}"


def _project_of(name: str) -> str | None:
    name = name.removesuffix(SUFFIX)
    project = name.removeprefix("memsrv/").partition("@")[0].partition(":")[0]
    return None if name == "memsrv/base" or not name.startswith("memsrv/") else checked_project(project)


def _tell_failure(home: Home) -> None:
    """Raise why the last start failed; the next question then tries again."""
    file = address.endpoint(home).failure
    try:
        sentence = file.read_text("utf-8").strip()
    except FileNotFoundError:
        return
    file.unlink(missing_ok=True)
    raise EndpointUnavailable(f"the endpoint could not start: {sentence}")


def _http() -> httpx.Client:
    return httpx.Client(trust_env=False)  # a proxy has no business between us and loopback
