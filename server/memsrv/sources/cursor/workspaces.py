"""Which folder a window of the editor has open: `workspace.json` beside its database, or what the database remembers.

Knows no conversations, but which window each of them belongs to.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from memsrv.sources import UnreadableLineError, databases
from memsrv.sources.fields import mapping, string

_LISTS = ("composer.composerData", "composer.composerHeaders")
#: Since version 3 a window no longer lists its composers: the panes that show them are named after them.
_PANES = (
    "SELECT value FROM ItemTable WHERE key = 'workbench.panel.composerChatViewPane'"
    " OR (key >= 'workbench.panel.composerChatViewPane.' AND key < 'workbench.panel.composerChatViewPane/')"
)
_VIEW = "workbench.panel.aichat.view."


def folder(address: Any) -> str | None:
    """The path of a folder on this machine, from its address as the editor writes it; None where it is elsewhere."""
    if isinstance(address, Mapping):
        path = string(address.get("fsPath"))
        return path if path and address.get("scheme", "file") == "file" else folder(address.get("external"))
    if not isinstance(address, str) or not address:
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    host, path = unquote(parts.netloc).lower(), unquote(parts.path)
    if parts.scheme == "vscode-remote":
        return path or None if host.startswith("wsl+") else None
    if parts.scheme != "file":
        return None
    if host in ("wsl.localhost", "wsl$"):
        return "/" + path.lstrip("/").partition("/")[2]
    if re.match(r"/[A-Za-z]:", path):
        return path[1:].replace("/", "\\")
    return path if path and not host else None


def beside(database: Path) -> str | None:
    """The folder of the window whose database this is."""
    try:
        text = database.with_name("workspace.json").read_text(encoding="utf-8", errors="replace")
        return folder(mapping(json.loads(text)).get("folder"))
    except (OSError, ValueError, RecursionError):
        return None


def remembered(connection: databases.Database) -> str | None:
    """The one folder that the window's explorer showed: its entries begin with it."""
    roots: set[str] = set()
    for (value,) in connection.execute("SELECT value FROM ItemTable WHERE key = 'workbench.explorer.treeViewState'"):
        state = mapping(_json(value))
        for key in ("focus", "selection", "expanded"):
            entries = state.get(key)
            for entry in entries if isinstance(entries, list) else []:
                if isinstance(entry, str) and "::" in entry:
                    roots.add(entry.partition("::")[0])
    return folder(roots.pop()) if len(roots) == 1 else None


class Windows:
    """The folders of the composers that the windows' databases list. Each database is read once a change."""

    def __init__(self) -> None:
        self._read: dict[Path, tuple[tuple[int, ...], frozenset[str]]] = {}

    def folders(self, user: Path) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for database in sorted((user / "workspaceStorage").glob("*/state.vscdb")):
            place = beside(database)
            if place is not None:
                found |= dict.fromkeys(self._composers(database), place)
        return found

    def _composers(self, database: Path) -> frozenset[str]:
        try:
            now = databases.signature(database)
            known, composers = self._read.get(database, ((), frozenset()))
            if known != now:
                with databases.opened(database) as connection:
                    composers = frozenset(_listed(connection))
                self._read[database] = (now, composers)
        except (OSError, UnreadableLineError):
            return frozenset()  # another window's; its folder is looked for again at the next change
        return composers


def listed(connection: databases.Database) -> Iterator[Mapping[str, Any]]:
    """What the lists of composers say of each."""
    if "ItemTable" not in databases.tables(connection):
        return
    for (value,) in connection.execute("SELECT value FROM ItemTable WHERE key IN (?, ?)", _LISTS).fetchall():
        composers = mapping(_json(value)).get("allComposers")
        yield from (one for one in (composers if isinstance(composers, list) else []) if isinstance(one, Mapping))


def _listed(connection: databases.Database) -> Iterator[str]:
    for one in listed(connection):
        if id := string(one.get("composerId")):
            yield id
    if "ItemTable" not in databases.tables(connection):
        return
    for (value,) in connection.execute("SELECT value FROM ItemTable WHERE key = 'composer.composerData'").fetchall():
        data = mapping(_json(value))
        for key in ("selectedComposerIds", "lastFocusedComposerIds"):
            ids = data.get(key)
            yield from (id for id in (ids if isinstance(ids, list) else []) if isinstance(id, str))
    for (value,) in connection.execute(_PANES).fetchall():
        yield from (view.removeprefix(_VIEW) for view in mapping(_json(value)) if view.startswith(_VIEW))


def _json(value: Any) -> Any:
    try:
        return json.loads(value)
    except (TypeError, ValueError, RecursionError):
        return None
