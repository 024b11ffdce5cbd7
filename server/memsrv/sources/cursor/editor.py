"""The editor's databases, `state.vscdb`: the one of the whole editor, and those of its windows, which 2024 used.

Files only; what they hold is `composers.py` and `earlier.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from memsrv.sources import Snapshot, SnapshotSource, UnreadableLineError, databases
from memsrv.sources.cursor import composers, earlier, workspaces
from memsrv.sources.fields import string
from memsrv.sources.machine import Machine

_FOLDERS = ("globalStorage", "workspaceStorage")
_NAME = "state.vscdb"


def user_folder(machine: Machine) -> Path:
    return machine.configuration("Cursor") / "User"


class CursorEditor(SnapshotSource):
    name = "cursor"

    def __init__(self) -> None:
        self._windows = workspaces.Windows()
        self._empty: dict[tuple[Path, str], str] = {}  # composers without a word, and the mark that they had

    def folders(self, machine: Machine) -> Sequence[Path]:
        return tuple(user_folder(machine) / name for name in _FOLDERS)

    def discover(self, root: Path) -> Sequence[Path]:
        if "Cursor" not in root.absolute().parts:
            return ()
        found: list[Path] = []
        for user in (root, root / "User"):
            found += (user / "globalStorage").glob(_NAME)
            found += (user / "workspaceStorage").glob(f"*/{_NAME}")
        if root.name in _FOLDERS:
            found += root.glob(_NAME if root.name == "globalStorage" else f"*/{_NAME}")
        return sorted(path for path in found if path.is_file())

    def owns(self, path: Path, head: bytes) -> bool:
        if path.suffix != ".vscdb" or not head.startswith(databases.MAGIC):
            return False
        if b"cursorDiskKV" in head:
            return True
        try:
            with databases.opened(path) as connection:
                present = databases.tables(connection)
                if "cursorDiskKV" in present:
                    return True
                query = "SELECT 1 FROM ItemTable WHERE key IN (?, ?, ?)"
                return "ItemTable" in present and connection.execute(query, earlier.KEYS).fetchone() is not None
        except (OSError, UnreadableLineError):  # VS Code's look alike, and are another program's
            return "Cursor" in path.absolute().parts

    def log_of(self, path: Path) -> Path:
        return databases.log_of(path)

    def signature(self, log: Path) -> tuple[int, ...]:
        return databases.signature(log)

    def snapshots(self, path: Path, marks: Mapping[str, str]) -> Iterator[Snapshot]:
        with databases.opened(path) as connection:
            present = databases.tables(connection)
            if not present & {"cursorDiskKV", "ItemTable"}:
                raise UnreadableLineError("it has no table of Cursor's")
            if "cursorDiskKV" in present:
                yield from composers.Composers(connection, path, self._windows, self._empty).snapshots(marks)
            if "ItemTable" in present:
                folder = workspaces.beside(path) or workspaces.remembered(connection)
                yield from earlier.snapshots(connection, path, folder, _by_now_elsewhere(path, connection), marks)


def _by_now_elsewhere(path: Path, connection: databases.Database) -> frozenset[str]:
    """The composers of a window that the whole editor's database holds: Cursor moved them there."""
    of_all = path.parents[2] / "globalStorage" / _NAME if len(path.parents) > 2 else path
    if path.parent.name == "globalStorage" or not of_all.is_file():
        return frozenset()
    ids = [string(one.get("composerId")) for one in workspaces.listed(connection)]
    with databases.opened(of_all) as other:
        return frozenset(id for id in ids if id and composers.holds(other, id))
