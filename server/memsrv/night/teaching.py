"""Which teacher a run gets: what must be there before anything is written, and the key, which is written nowhere.

Knows settings and addresses; asks no teacher.
"""

import importlib.util
import ipaddress
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from memsrv import address
from memsrv.environment import api_key, key_name
from memsrv.errors import MissingExtra, UsageError
from memsrv.home import Home
from memsrv.settings import Settings
from memsrv_adapters import client
from memsrv_consolidation.run import TeacherOrder

#: The names that `--teacher` takes; `rules` is no teacher.
NAMES = ("rules", "anthropic", "openai", "local")

#: How long the endpoint may take to load the base that is to teach.
WARMING_PATIENCE_S = 180.0


@dataclass(frozen=True, slots=True)
class Engaged:
    """A teacher as a run may have it. `key` goes to the child's stdin and nowhere else."""

    order: TeacherOrder
    key: str | None = field(default=None, repr=False)


def engaged(
    home: Home, settings: Settings, name: str | None, earlier: Sequence[Path] = (), *, may_lack: bool = False
) -> Engaged | None:
    """The teacher called `name`, else the one that the settings name; None for rules. UsageError for what is missing.

    `earlier` are the `teacher.jsonl` of this project's runs before, newest first. Where it `may_lack` something, the
    order says what.
    """
    name = name or settings.teacher.name
    if name not in NAMES:
        raise UsageError(f"there is no teacher `{name}`; there are {', '.join(NAMES)}")
    if name == "rules":
        return None
    said, lacks = settings.teacher, ""
    if name == "local":
        # Its address is known when it runs: `reachable` puts it in.
        model, url, key = "memsrv/base", "", None
    else:
        model, url, key = said.model, said.url.rstrip("/"), api_key(name)
        try:
            _check(name, model, url, key, settings)
        except (MissingExtra, UsageError) as error:
            if not may_lack:
                raise
            lacks, key, url = str(error), None, ""  # the address may be what is wrong: one with a password
    prices = said.usd_per_million_input or 0.0, said.usd_per_million_output or 0.0
    return Engaged(
        TeacherOrder(
            name=name,
            model=model,
            url=url,
            usd_per_million_input=0.0 if name == "local" else prices[0],
            usd_per_million_output=0.0 if name == "local" else prices[1],
            tokens_per_day=said.tokens_per_day,
            usd_per_day=said.usd_per_day,
            timeout_s=said.timeout_s,
            ledger=str(home.spend),
            earlier=tuple(str(path) for path in earlier if path.is_file()),
            lacks=lacks,
        ),
        key,
    )


def on_this_machine(url: str) -> bool:
    """Whether `url` leads to loopback; an address that must be looked up first does not."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def reachable(home: Home, settings: Settings, teacher: Engaged) -> Iterator[Engaged]:
    """`teacher` where it can be asked: the local one at our endpoint, which is started, and ended if it did not run."""
    if teacher.order.name != "local":
        yield teacher
        return
    ran = client.endpoint_state(home).state != "stopped"
    client.start_endpoint(home, settings)
    try:
        state = client.wait_until_ready(home, WARMING_PATIENCE_S)
        yield Engaged(replace(teacher.order, url=state.url or ""), address.token(home))
    finally:
        if not ran:  # the training needs its memory
            client.stop_endpoint(home)


def _check(name: str, model: str, url: str, key: str | None, settings: Settings) -> None:
    """MissingExtra or UsageError where something is missing that the teacher needs."""
    if importlib.util.find_spec(name) is None:
        raise MissingExtra(f"the teacher {name} needs its client; run `pip install 'memsrv[teacher]'`")
    if not model:
        raise UsageError(f"which model of {name}? set it with `memsrv config set teacher.model NAME`")
    if url:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(
                f"`teacher.url` is {url}, which is no address of a server; give http(s)://host[:port]/path"
            )
        if parts.username or parts.password:
            raise UsageError(f"`teacher.url` holds a password; take it out and give the key as {key_name(name)}")
    if url and on_this_machine(url):
        return
    if not key:
        raise UsageError(f"{name} needs a key, and {key_name(name)} is not set; export it, or take `--teacher rules`")
    if url and urlsplit(url).scheme != "https":
        raise UsageError(f"the key would travel to {url} unencrypted; give an https:// address as `teacher.url`")
    said = settings.teacher
    if said.usd_per_million_input is None or said.usd_per_million_output is None:
        raise UsageError(
            f"what does {model} cost? without prices no budget can be held; set `teacher.usd_per_million_input` and "
            "`teacher.usd_per_million_output` with `memsrv config set`"
        )
