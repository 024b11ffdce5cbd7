"""What was in a log and is not in the store: counted, with its place and the reason, and shown until it is over."""

from collections.abc import Sequence

from memsrv.store.connection import Connection
from memsrv.store.database import Database
from memsrv.store.rows import Loss, LossKind

_COLUMNS = "path, offset, kind, session, reason, bytes"
#: Of a log's records, whatever else befell its file.
RECORDS = (LossKind.UNREADABLE, LossKind.TOO_LONG, LossKind.DAMAGED)


def add(db: Database, losses: Sequence[Loss]) -> None:
    db.conn.executemany(
        f"INSERT OR REPLACE INTO losses ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",
        [(loss.path, loss.offset, str(loss.kind), loss.session, loss.reason, loss.bytes) for loss in losses],
    )


def has_opened(db: Database, path: str, offset: int) -> None:
    """The log is there and is read as far as `offset`: what was said of it while it was not is over."""
    db.execute(
        "DELETE FROM losses WHERE path = ? "
        "AND (kind IN ('unopened', 'gone', 'damaged') OR (kind = 'unfinished' AND offset < ?))",
        [path, offset],
    )


def begin_again(db: Database, path: str, session: str | None = None) -> None:
    """What was unreadable in a log's former self (in one session of it) no longer counts."""
    db.execute(
        "DELETE FROM losses WHERE path = ? AND kind IN ('unreadable', 'too long', 'unfinished') "
        "AND (? IS NULL OR session = ?)",
        [path, session, session],
    )


def list_losses(connection: Connection, path: str | None, kinds: Sequence[LossKind]) -> list[Loss]:
    where = ", ".join("?" * len(kinds))
    rows = connection.read(
        f"SELECT {_COLUMNS} FROM losses WHERE kind IN ({where}) AND (? IS NULL OR path = ?) ORDER BY path, offset",
        [*map(str, kinds), path, path],
    )
    return [
        Loss(row["path"], row["offset"], row["reason"], LossKind(row["kind"]), row["bytes"], row["session"])
        for row in rows
    ]


def by_path(connection: Connection) -> dict[str, tuple[int, int]]:
    """How many records of each log could not be read, and how many losses of other kinds there were."""
    rows = connection.read(
        "SELECT path, sum(kind IN ('unreadable', 'too long', 'damaged')), "
        "sum(kind NOT IN ('unreadable', 'too long', 'damaged')) "
        "FROM losses GROUP BY path"
    )
    return {row[0]: (row[1], row[2]) for row in rows}
